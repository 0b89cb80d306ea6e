import { readFile } from 'node:fs/promises'
import { HypError } from '../errors.ts'
import type { Price } from '../query/prices/price.ts'
import { readPriceFile } from '../query/prices/price-file.ts'
import type { Home } from '../stores/home.ts'

/**
 * The prices that the user wrote, if there is such a file.
 * @throws HypError CONFIG_INVALID for a file that cannot be read, or with every mistake in it
 */
export async function loadPrices({ prices: path }: Pick<Home, 'prices'>): Promise<readonly Price[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    // Where the home is no directory, that is told by whoever needs it.
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return []
    throw new HypError('CONFIG_INVALID', `The prices ${path} cannot be read: ${(cause as Error).message}.`, {
      hint: 'It has to be a file that you can read, or not to be there.',
      details: { file: path },
      cause,
    })
  }
  return readPriceFile(text, path)
}
