import { closeSync, fsyncSync, openSync } from 'node:fs'
import { link, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** The least that a durable commit of a metadata file takes, by plain `node:fs/promises`: it becomes version 2. */
export async function publish(directory: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(directory, 'new.tmp')
  const file = await open(temporary, 'wx', 0o600)
  await file.write(bytes)
  await file.sync()
  await file.close()
  await link(temporary, join(directory, 'v2.metadata.json'))
  await unlink(temporary)
  const names = await open(directory, 'r')
  await names.sync()
  await names.close()
}

export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}
