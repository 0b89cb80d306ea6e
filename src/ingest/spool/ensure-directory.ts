import { directoryOf, type FileIO } from '../../iceberg/file-io/file-io.ts'

/**
 * Makes a directory two below the home, and its name durable, whoever made it:
 * a process that died may have got no further than the making.
 */
export async function ensureDirectory(io: FileIO, directory: string): Promise<void> {
  await io.makeDirectory(directory)
  const parent = directoryOf(directory)
  await io.syncDirectory(parent)
  await io.syncDirectory(directoryOf(parent))
}
