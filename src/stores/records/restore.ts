import { HypError } from '../../errors.ts'
import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import { backUp } from './backup.ts'
import { newestFirst } from './gc.ts'
import type { RecordStore } from './store.ts'
import { unreadable, versionIn } from './upgrade.ts'

/** What a restore did. */
export interface Restored {
  readonly path: string
  /** The file whose bytes the record has now. */
  readonly from: string
  /** The version of these. */
  readonly version: number
  /** The copy of what was there before; null where nothing was. */
  readonly backup: string | null
}

export interface RestoreOptions {
  readonly io: FileIO
  readonly uniqueName: () => string
  /** A backup; the newest one that can be read where left out. */
  readonly from?: string | undefined
}

/**
 * Puts a backup in the place of a record, byte for byte, after a backup of what is there, whatever that is. The caller
 * holds the lock.
 * @throws HypError NOT_FOUND where there is no backup that can be read, RECORD_UNREADABLE and RECORD_NEWER of the one
 *   that was named
 */
export async function restoreRecord<Value>(
  store: RecordStore<Value>,
  id: string,
  { io, uniqueName, from }: RestoreOptions,
): Promise<Restored> {
  const path = store.pathOf(id)
  const source = from === undefined ? await newestReadable(store, id, io) : await readable(store, id, from, io)
  const present = await io.look(path)
  if (present !== undefined && present.kind !== 'file') throw unreadable(store.kind, { id, path }, 'is not a file')
  let backup: string | null = null
  if (present !== undefined) {
    const bytes = await io.read(path)
    backup = await backUp(io, path, versionIn(bytes) ?? 0, bytes, uniqueName())
  }
  await store.put(id, source.bytes)
  return { path, from: source.from, version: source.version, backup }
}

interface Source {
  readonly from: string
  readonly bytes: Uint8Array
  readonly version: number
}

async function newestReadable<Value>(store: RecordStore<Value>, id: string, io: FileIO): Promise<Source> {
  const { backups } = await store.list()
  const own = backups.filter(backup => backup.id === id)
  for (const { backup } of await newestFirst(io, own)) {
    const source = await readable(store, id, backup.path, io).catch((error: unknown) => {
      if (error instanceof HypError) return undefined
      throw error
    })
    if (source !== undefined) return source
  }
  throw new HypError('NOT_FOUND', `There is no backup of ${store.kind.name}/${id} that can be read.`, {
    hint: own.length === 0 ? 'See `hyp records`.' : `There is ${own.map(backup => backup.path).join(', ')}.`,
    details: { kind: store.kind.name, id, backups: own.map(backup => backup.path) },
  })
}

async function readable<Value>(store: RecordStore<Value>, id: string, from: string, io: FileIO): Promise<Source> {
  const entry = await io.look(from)
  if (entry === undefined)
    throw new HypError('NOT_FOUND', `There is no file ${from}.`, { hint: 'See `hyp records` for the backups.' })
  if (entry.kind !== 'file') throw unreadable(store.kind, { id, path: from }, `is a ${entry.kind}, not a file`)
  const bytes = await io.read(from)
  return { from, bytes, version: store.read(id, from, bytes).version }
}
