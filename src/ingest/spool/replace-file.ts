import type { FileIO } from '../../iceberg/file-io/file-io.ts'

/** What a file is called while it is written. */
export const partSuffix = '.part'

/** Writes a file that is whole whenever it is there. Its bytes are durable on return, its name when the directory is synced. */
export async function replaceFile(
  io: FileIO,
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const part = path + partSuffix
  await io.remove(part)
  const file = await io.create(part)
  try {
    for await (const bytes of pieces) await file.write(bytes)
    await file.finish()
    await io.rename(part, path)
  } catch (error) {
    await file.abandon()
    await io.remove(part).catch(() => undefined)
    throw error
  }
}

/** Removes what processes that died began to write to a directory. Never throws: the next one tries again. */
export async function removeParts(io: FileIO, directory: string): Promise<void> {
  const files = await io.list(directory).catch(() => [])
  for (const file of files)
    if (file.endsWith(partSuffix)) await io.remove(`${directory}/${file}`).catch(() => undefined)
}
