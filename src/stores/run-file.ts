import { randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'

/*
 * Files in `run/` say what can be found out again: they change in one step, so that nobody reads half of one, and are not
 * made durable.
 */

/** Puts a text in the place of a file that only its owner may read. @throws errors of the disk; then the file is as it was */
export async function writeRunFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await writeFile(temporary, text, { mode: 0o600 })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw error
  }
}

/** The same of what is worth nothing but time: where it fails, the file is as it was. Never throws. */
export async function noteInRun(path: string, text: string): Promise<void> {
  await writeRunFile(path, text).catch(() => undefined)
}
