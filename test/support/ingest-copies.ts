import { directories, diskProblems, filesBelow } from './ingest-check.ts'
import { forget, type Ledger } from './ingest-ledger.ts'
import type { PowerDisk } from './power-file-io.ts'

/** The files of a spool, but for what was rejected. */
export type SpoolFiles = readonly (readonly [name: string, bytes: Uint8Array])[]

export function spoolFiles(disk: PowerDisk): SpoolFiles {
  return filesBelow(disk, directories.spool)
    .map(([path, bytes]) => [path.slice(directories.spool.length + 1), bytes] as const)
    .filter(([name]) => !name.includes('/'))
}

/** Makes the files of a spool these, durably. */
export async function putSpool(disk: PowerDisk, directory: string, files: SpoolFiles): Promise<void> {
  const { io } = disk
  await io.makeDirectory(directory)
  for (const name of await io.list(directory)) if (name.includes('.')) await io.remove(`${directory}/${name}`)
  for (const [name, bytes] of files) {
    const file = await io.create(`${directory}/${name}`)
    await file.write(bytes)
    await file.finish()
  }
  await io.syncDirectory(directory)
}

/** A copy of the spool, and what the next attempt was then. */
export interface SpoolCopy {
  readonly files: SpoolFiles
  readonly serial: number
}

/** Puts a copy in the place of the spool, whose process is no more: what came since, and is not in the table, is gone. */
export async function putBack(disk: PowerDisk, ledger: Ledger, { files, serial }: SpoolCopy): Promise<void> {
  // Notes which rows are in the table; what is wrong is found again later.
  await diskProblems(disk, ledger, new Map())
  for (const attempt of ledger.attempts) {
    if (attempt.serial < serial) continue
    const tries = ledger.attempts.filter(({ request }) => request === attempt.request).length
    if (attempt.judged.kept.some(({ tag }) => (ledger.seen.get(tag) ?? 0) < tries)) attempt.overwritten = true
  }
  forget(ledger, known => known.serial > serial)
  await putSpool(disk, directories.spool, files)
}
