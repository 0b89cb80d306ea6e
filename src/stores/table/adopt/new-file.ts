import { HypError } from '../../../errors.ts'
import { directoryOf, writeFile } from '../../../iceberg/file-io/file-io.ts'
import { localFileIO } from '../../../iceberg/file-io/local.ts'

/** Writes a file that is not there, whole or not at all. @throws HypError USAGE where there is one after all */
export async function writeNewFile(path: string, text: string, unique: string): Promise<void> {
  const directory = directoryOf(path)
  const temporary = `${directory}/.${unique}.tmp`
  await localFileIO.makeDirectory(directory)
  await writeFile(localFileIO, temporary, new TextEncoder().encode(text))
  try {
    if (!(await localFileIO.link(temporary, path)))
      throw new HypError('USAGE', `Somebody wrote ${path} at this moment; it was left as it is.`, {
        hint: 'Run `hyp plan`, which holds the table against it.',
      })
  } finally {
    await localFileIO.remove(temporary)
  }
  await localFileIO.syncDirectory(directory)
}
