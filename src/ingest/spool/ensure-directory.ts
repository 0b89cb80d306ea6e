import { directoryOf, type FileIO } from '../../iceberg/file-io/file-io.ts'

/**
 * Makes a directory below the home, and its name durable, whoever made it: a
 * process that died may have got no further than the making.
 * @param depth how far below the home it is
 */
export async function ensureDirectory(io: FileIO, directory: string, depth = 2): Promise<void> {
  await io.makeDirectory(directory)
  let parent = directoryOf(directory)
  for (let level = 0; level < depth && parent !== ''; level++) {
    await io.syncDirectory(parent)
    parent = directoryOf(parent)
  }
}
