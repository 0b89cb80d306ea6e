import { HypError, toHypError } from '../../errors.ts'
import { directoryOf, type FileIO, isNotFound, writeFile } from '../../iceberg/file-io/file-io.ts'
import { printJson } from '../../iceberg/json.ts'
import { type Backup, backUp, backupOf } from './backup.ts'
import { printRecord, type RecordKind } from './kind.ts'
import { isRecordId } from './record-id.ts'
import { readRecord, type Upgraded, unreadable } from './upgrade.ts'

/** Where records lie, and what is needed to write them. */
export interface RecordPlaceOptions {
  readonly io: FileIO
  /** `records` of the home. */
  readonly directory: string
  /** A name that nothing has, for a file that is being written. */
  readonly uniqueName: () => string
}

/** A record as it was read from its file. */
export interface StoredRecord<Value> extends Upgraded<Value> {
  readonly id: string
  readonly path: string
  readonly bytes: Uint8Array
}

/** A record that was brought to the present version. */
export interface Migrated<Value> extends StoredRecord<Value> {
  /** The version it had. */
  readonly from: number
  /** Path of the copy of what it was. */
  readonly backup: string
}

/** A file among the records that is none that can be used. */
export interface RecordProblem {
  readonly kind: string
  /** Null where the file's name is not that of a record. */
  readonly id: string | null
  readonly path: string
  readonly error: HypError
}

export interface RecordList<Value> {
  /** By id. */
  readonly items: readonly StoredRecord<Value>[]
  readonly problems: readonly RecordProblem[]
  readonly backups: readonly Backup[]
  /** Paths of files that were being written when a process ended. */
  readonly leftovers: readonly string[]
}

/** The records of one kind. Reading writes nothing, whatever version is found; writing is for who holds the lock. */
export interface RecordStore<Value> {
  readonly kind: RecordKind<Value>
  readonly directory: string
  /** Undefined where there is none. @throws HypError RECORD_NEWER, RECORD_UNREADABLE, and the disk's errors */
  load(id: string): Promise<StoredRecord<Value> | undefined>
  /** What bytes say as the record of an id, wherever they lie. @throws as {@link load} */
  read(id: string, path: string, bytes: Uint8Array): StoredRecord<Value>
  /** Everything there is. Never fails and hides nothing: what cannot be read is a problem. */
  list(): Promise<RecordList<Value>>
  /** Stores a record that was not there. @throws HypError RECORD_UNREADABLE where something is, and the disk's errors */
  create(id: string, value: Value): Promise<StoredRecord<Value>>
  /**
   * Stores another value in place of the one that was loaded, and keeps what this version does not know. A record of an
   * older version is backed up first; without that, nothing is stored.
   */
  update(stored: StoredRecord<Value>, value: Value): Promise<StoredRecord<Value>>
  /** Stores a record of an older version in the present one, after a backup; undefined where it is that already. */
  migrate(stored: StoredRecord<Value>): Promise<Migrated<Value> | undefined>
  /** Replaces the bytes of a record, or makes one, without looking at them. */
  put(id: string, bytes: Uint8Array): Promise<void>
  /** Removes a record and its backups. */
  remove(id: string): Promise<void>
  pathOf(id: string): string
}

export function openRecords<Value>(kind: RecordKind<Value>, options: RecordPlaceOptions): RecordStore<Value> {
  const { io, uniqueName } = options
  const directory = `${options.directory}/${kind.name}`
  let isPlaced = false

  return { kind, directory, load, read: stored, list, create, update, migrate, put, remove, pathOf }

  /** @throws HypError RECORD_UNREADABLE for what is no id: it could lead elsewhere */
  function pathOf(id: string): string {
    if (!isRecordId(id)) throw unreadable(kind, { id }, 'has a name that no record may have')
    return `${directory}/${id}.json`
  }

  async function load(id: string): Promise<StoredRecord<Value> | undefined> {
    const path = pathOf(id)
    if (!(await isThere(id, path))) return undefined
    const bytes = await io.read(path).catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
    return bytes === undefined ? undefined : stored(id, path, bytes)
  }

  function stored(id: string, path: string, bytes: Uint8Array): StoredRecord<Value> {
    const upgraded = readRecord(kind, bytes, { id, path })
    const own = kind.idOf?.(upgraded.value)
    if (own !== undefined && own !== id) throw unreadable(kind, { id, path }, 'is that of another id', upgraded.version)
    return { ...upgraded, id, path, bytes }
  }

  /** A link would be read from, and written to, outside the home. */
  async function isThere(id: string, path: string): Promise<boolean> {
    const entry = await io.look(path)
    if (entry !== undefined && entry.kind !== 'file')
      throw unreadable(kind, { id, path }, `is a ${entry.kind === 'link' ? 'symbolic link' : entry.kind}, not a file`)
    return entry !== undefined
  }

  async function list(): Promise<RecordList<Value>> {
    const items: StoredRecord<Value>[] = []
    const problems: RecordProblem[] = []
    const backups: Backup[] = []
    const leftovers: string[] = []
    const names = await io.list(directory).catch((error: unknown) => {
      problems.push({ kind: kind.name, id: null, path: directory, error: toHypError(error) })
      return []
    })
    for (const name of names.toSorted(compare)) {
      const backup = backupOf(directory, name)
      if (backup !== undefined) backups.push(backup)
      if (name.endsWith('.tmp')) leftovers.push(`${directory}/${name}`)
      if (!name.endsWith('.json')) continue
      const path = `${directory}/${name}`
      const id = name.slice(0, -'.json'.length)
      try {
        if (!isRecordId(id)) throw unreadable(kind, { path }, 'has a name that no record may have')
        // What is gone by now is no record any more.
        const item = await load(id)
        if (item !== undefined) items.push(item)
      } catch (error) {
        problems.push({ kind: kind.name, id: isRecordId(id) ? id : null, path, error: toHypError(error) })
      }
    }
    return { items, problems, backups, leftovers }
  }

  async function create(id: string, value: Value): Promise<StoredRecord<Value>> {
    const path = pathOf(id)
    if (await isThere(id, path)) throw new HypError('INTERNAL', `${path} is there already.`)
    const made = stored(id, path, encode(printRecord(kind, value)))
    await put(id, made.bytes)
    return made
  }

  async function update(before: StoredRecord<Value>, value: Value): Promise<StoredRecord<Value>> {
    const made = stored(before.id, before.path, encode(printRecord(kind, value, before.raw)))
    if (before.version < kind.version) await keep(before)
    await put(before.id, made.bytes)
    return made
  }

  async function migrate(before: StoredRecord<Value>): Promise<Migrated<Value> | undefined> {
    if (before.version === kind.version) return undefined
    // Not what would be printed of its value: what lies deeper than this version knows stays too.
    const made = stored(before.id, before.path, encode(printJson(before.raw)))
    const backup = await keep(before)
    await put(before.id, made.bytes)
    return { ...made, from: before.version, backup }
  }

  function keep({ path, version, bytes }: StoredRecord<Value>): Promise<string> {
    return backUp(io, path, version, bytes, uniqueName())
  }

  async function put(id: string, bytes: Uint8Array): Promise<void> {
    const path = pathOf(id)
    await place()
    await isThere(id, path)
    const temporary = `${path}.${uniqueName()}.tmp`
    await writeFile(io, temporary, bytes)
    try {
      await io.rename(temporary, path)
    } catch (error) {
      await io.remove(temporary).catch(() => undefined)
      throw error
    }
    await io.syncDirectory(directory)
  }

  /** A process that was killed may have made the directories and not their names durable: once, that is done for it. */
  async function place(): Promise<void> {
    if (isPlaced) return
    await io.makeDirectory(directory)
    await io.syncDirectory(options.directory)
    await io.syncDirectory(directoryOf(options.directory))
    isPlaced = true
  }

  async function remove(id: string): Promise<void> {
    const path = pathOf(id)
    const names = await io.list(directory)
    for (const name of names) {
      const backup = backupOf(directory, name)
      if (backup?.id === id) await io.remove(backup.path)
    }
    await io.remove(path)
    await io.syncDirectory(directory)
  }
}

/** By code unit, the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function encode(text: string): Uint8Array {
  return Buffer.from(`${text}\n`)
}
