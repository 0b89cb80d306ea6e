import { randomUUID } from 'node:crypto'
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Table } from '../iceberg/catalog/catalog.ts'
import { isNotFound } from '../iceberg/file-io/file-io.ts'
import { currentSnapshot } from '../iceberg/metadata.ts'
import { isAlive } from './alive.ts'
import type { Home } from './home.ts'
import { writeRunFile } from './run-file.ts'

/*
 * Who reads which snapshot just now, in any thread or process: a file for each reader in `run/`. What is leased is not
 * expired. Whoever reads takes the lease before it loads a table, and says afterwards which snapshots it found; whoever
 * expires loads the table before it looks at the leases. So either a reader's lease is seen, or what the reader found is
 * what the table says that is expired, whose newest snapshot always stays.
 */

/** A reader's hold on snapshots. */
export interface Lease {
  /** From here on only these are held, as they were loaded. Never throws. */
  narrow(tables: readonly Pick<Table, 'metadata'>[]): Promise<void>
  /** Never throws. */
  release(): Promise<void>
}

/** Which snapshots of a table are read. */
export type Leased = 'all' | ReadonlySet<bigint>

const fileName = /^lease-(\d+)-[\da-f-]+\.json(.*\.tmp)?$/

/** A lease says so often that its holder goes on. */
const renewMs = 10 * 60_000

/** A lease that was silent for so long is of nobody: ids of processes are given out again. */
const silentMs = 24 * 60 * 60_000

/**
 * Takes a lease on everything, to be narrowed when it is known what is read. Where nothing can be written, in a home that
 * somebody else lets us read, it holds nothing.
 */
export async function takeLease(home: Home): Promise<Lease> {
  const path = join(home.run, `lease-${process.pid}-${randomUUID()}.json`)
  if (!(await say(path, 'all'))) return { narrow: async () => undefined, release: async () => undefined }
  const now = (): Date => new Date()
  const renewal = setInterval(() => void utimes(path, now(), now()).catch(() => undefined), renewMs)
  renewal.unref()
  return {
    narrow: async tables => {
      const held: Record<string, string[]> = {}
      for (const { metadata } of tables) {
        const current = currentSnapshot(metadata)
        const known = (held[metadata['table-uuid']] ??= [])
        if (current !== undefined) known.push(String(current['snapshot-id']))
      }
      await say(path, held)
    },
    release: async () => {
      clearInterval(renewal)
      await rm(path, { force: true }).catch(() => undefined)
    },
  }
}

/**
 * The snapshots of a table that somebody reads now; call it after the table was loaded. Leases of the dead are removed.
 * @throws an error of the disk where it cannot be told: then nothing may be expired
 */
export async function leasedSnapshots(home: Home, tableUuid: string, nowMs: number = Date.now()): Promise<Leased> {
  const held = new Set<bigint>()
  let isAll = false
  for (const name of await namesIn(home.run)) {
    const [, pid, unfinished] = fileName.exec(name) ?? []
    if (pid === undefined) continue
    const path = join(home.run, name)
    if (await isOfNobody(path, Number(pid), nowMs)) {
      // Who may not remove it leaves it to who may.
      await rm(path, { force: true }).catch(() => undefined)
      continue
    }
    if (unfinished !== undefined) continue
    const snapshots = await readLease(path, tableUuid)
    if (snapshots === 'all') isAll = true
    else for (const id of snapshots) held.add(id)
  }
  return isAll ? 'all' : held
}

/** None in a copy of a home in which nobody worked yet. */
async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (isNotFound(error)) return []
    throw error
  }
}

/** The snapshots of a table that were loaded with it, and that somebody reads. */
export async function pinnedIn(
  { metadata }: Pick<Table, 'metadata'>,
  leased: (tableUuid: string) => Promise<Leased>,
): Promise<ReadonlySet<bigint>> {
  const held = await leased(metadata['table-uuid'])
  return held === 'all' ? new Set(metadata.snapshots.map(snapshot => BigInt(snapshot['snapshot-id']))) : held
}

async function isOfNobody(path: string, pid: number, nowMs: number): Promise<boolean> {
  if (!isAlive(pid)) return true
  const said = await stat(path).catch(() => undefined)
  return said === undefined || nowMs - said.mtimeMs > silentMs
}

async function readLease(path: string, tableUuid: string): Promise<Leased> {
  try {
    const said = JSON.parse(await readFile(path, 'utf8')) as unknown
    if (typeof said !== 'object' || said === null) return 'all'
    const ids = (said as Readonly<Record<string, unknown>>)[tableUuid]
    return new Set(Array.isArray(ids) ? ids.map(id => BigInt(id as string)) : [])
  } catch (error) {
    // It was given back meanwhile. One that says nothing may hold anything.
    return isNotFound(error) ? new Set() : 'all'
  }
}

async function say(path: string, held: 'all' | Readonly<Record<string, readonly string[]>>): Promise<boolean> {
  return writeRunFile(path, `${JSON.stringify(held)}\n`).then(
    () => true,
    () => false,
  )
}
