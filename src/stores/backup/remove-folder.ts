import { rm } from 'node:fs/promises'
import type { FileIO } from '../../iceberg/file-io/file-io.ts'

/** Removes a folder with all that is in it; one that is not there is no error. */
export async function removeFolder(io: FileIO, folder: string): Promise<void> {
  for (const { path } of await io.listFiles(folder)) await io.remove(path)
  await rm(folder, { recursive: true, force: true })
}
