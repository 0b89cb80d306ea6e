import { readFile } from 'node:fs/promises'
import { HypError } from '../errors.ts'
import type { Home } from './home.ts'

/** What a person decided for a home, in `config.json`. */
export interface Config {
  /** Rows of the built-in table that are older are deleted; null keeps all. */
  readonly retention: { readonly days: number } | null
}

const usual: Config = { retention: null }

/** A century: what is meant to be longer is meant to be kept. */
const mostDays = 36_500

/**
 * Reads what was decided; a home without the file has decided nothing.
 * @throws HypError CONFIG_INVALID for a file that cannot be read, and with the first mistake in it
 */
export async function readConfig({ config: path }: Pick<Home, 'config'>): Promise<Config> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return usual
    throw wrong(path, `cannot be read: ${(cause as Error).message}`, 'It has to be a file that you can read.', cause)
  }
  return parseConfig(text, path)
}

function parseConfig(text: string, path: string): Config {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw wrong(path, `is no JSON: ${(cause as Error).message}`, 'Mend it, or remove it.', cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(path, 'is no JSON object', 'Write it as {"retention": "180d"}, or remove it.')
  const unknown = Object.keys(value).find(key => key !== 'retention')
  if (unknown !== undefined)
    throw wrong(path, `has ${JSON.stringify(unknown)}, which means nothing`, 'It may have `retention` alone.')
  return { retention: 'retention' in value ? retentionOf(value.retention, path) : null }
}

function retentionOf(value: unknown, path: string): Config['retention'] {
  const days = typeof value === 'string' ? Number(/^([1-9]\d{0,5})d$/.exec(value)?.[1] ?? Number.NaN) : Number.NaN
  if (days <= mostDays) return { days }
  throw wrong(
    path,
    `has ${JSON.stringify(value)} as retention, which is no number of days`,
    `Write days, such as "180d", at most "${mostDays}d"; without \`retention\` nothing is deleted.`,
  )
}

function wrong(path: string, reason: string, hint: string, cause?: unknown): HypError {
  return new HypError('CONFIG_INVALID', `The configuration ${path} ${reason}.`, {
    hint,
    details: { file: path },
    ...(cause === undefined ? {} : { cause }),
  })
}
