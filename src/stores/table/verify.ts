import type { Table } from '../../iceberg/catalog/catalog.ts'
import { cellText } from '../../iceberg/cell-text.ts'
import { identityOf } from '../../iceberg/deletes/identity.ts'
import { IcebergError } from '../../iceberg/errors.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import { fileContent, type ManifestEntry } from '../../iceberg/manifest/data-file.ts'
import { partitionTypes } from '../../iceberg/manifest/partition-sources.ts'
import { specById } from '../../iceberg/metadata.ts'
import { openDataFile } from '../../iceberg/open-file.ts'
import { scanColumns } from '../../iceberg/scan.ts'
import { type IndexedField, indexById } from '../../iceberg/schema-index.ts'
import { liveFiles } from '../../iceberg/snapshot.ts'
import type { Schema } from '../../iceberg/types.ts'
import { rowCount } from '../../schema/plan.ts'
import { cellsOf, columnChecks } from './column-checks.ts'
import type { Damage } from './damage.ts'
import { readByIcebird } from './icebird.ts'
import { verifyList } from './list-checks.ts'
import { movedFrom } from './moved.ts'
import { comparableFields, rowDigest } from './row-digest.ts'
import { checkSignal, verifyBytes } from './verify-bytes.ts'

export interface Verification {
  /** Data files of the newest snapshot. */
  readonly files: number
  /** Rows that were not deleted. */
  readonly rows: number
  readonly damage: readonly Damage[]
  /** Data and delete files of all snapshots that carry a hash of themselves, and whose bytes were held against it. */
  readonly hashed: number
  /** Those that carry none: another program wrote them, or an earlier version. */
  readonly unhashed: number
  /** Where the table says that it lies, if that is not where it does; null where it is. */
  readonly moved: string | null
  /**
   * Whether icebird, reading the same table by itself, gave the same rows; null when there was nothing to read or
   * damage, or rows were deleted by their values, which icebird does not do as the format says, or partition values are
   * of a type that it does not read.
   */
  readonly icebird: 'same' | 'differs' | null
  /** Columns that icebird cannot give exactly, and that were therefore read by us alone. */
  readonly notCompared: readonly string[]
}

/**
 * Reads every live file and holds it against its manifest, every row key
 * against the others, and all rows against icebird. A manifest counts what a
 * file holds; keys and rows are those that were not deleted. Whatever an older
 * snapshot needs has to be there, and every file has to be as it was written.
 * @throws IcebergError of what cannot be read at all, HypError INTERRUPTED
 */
export async function verifyTable(table: Table, signal?: AbortSignal): Promise<Verification> {
  const schema = currentSchema(table.metadata)
  const damage: Damage[] = []
  const directory = table.path(`${table.metadata.location}/x`).slice(0, -2)
  const moved = await movedFrom(table.metadata, directory)
  const live = await liveFiles(table).catch(async (error: unknown) => {
    // What names the files is damaged itself, and may name what never was.
    const bytes = error instanceof IcebergError ? await verifyBytes(table, damage, signal) : undefined
    if (bytes === undefined || damage.length === 0) throw error
    return bytes
  })
  if ('hashed' in live) return { files: 0, rows: 0, damage, ...live, moved, icebird: null, notCompared: [] }
  const { data: entries, deletes } = live
  let stored = 0
  const digest = rowDigest(schema.fields)
  const keyed = keyNodes(schema)
  for (const entry of deletes) await reporting(entry, problem => verifyCounts(entry, problem))
  for (const group of byKey(table, keyed, entries)) {
    const keys = new Set<string>()
    for (const entry of group) await reporting(entry, problem => verifyFile(entry, keys, problem))
  }
  await verifyList(table, damage)
  const bytes = await verifyBytes(table, damage, signal)
  const listed = rowCount(table.metadata)
  const compared = new Set(comparableFields(schema.fields))
  const notCompared = schema.fields.filter(field => !compared.has(field)).map(field => field.name)
  if (damage.length === 0 && stored !== listed) {
    damage.push({
      file: table.path(table.metadataLocation),
      message: `the snapshot says ${listed} rows, its files hold ${stored}`,
    })
  }
  return { files: entries.length, rows: digest.rows, damage, ...bytes, moved, icebird: await icebird(), notCompared }

  async function reporting(entry: ManifestEntry, verify: (problem: Problem) => Promise<void>): Promise<void> {
    checkSignal(signal)
    const path = table.path(entry.file.location)
    const problem = (message: string): void => void damage.push({ file: path, message })
    try {
      await verify(problem)
    } catch (error) {
      // What is not read may be whole.
      if (!(error instanceof IcebergError) || error.code === 'FORMAT_UNSUPPORTED') throw error
      problem(error.message)
    }
  }

  /** What a manifest says of any file, and of a data file's columns. */
  async function verifyCounts(entry: ManifestEntry, problem: Problem): Promise<void> {
    const size = await table.io.size(table.path(entry.file.location))
    if (size !== undefined && size !== entry.file.fileSize)
      problem(`is ${size} bytes, the manifest says ${entry.file.fileSize}`)
    const { file, close } = await openDataFile(table, entry)
    try {
      if (file.rowCount !== entry.file.recordCount)
        problem(`holds ${file.rowCount} rows, the manifest says ${entry.file.recordCount}`)
      if (entry.file.content !== fileContent.data) return
      stored += file.rowCount
      // Where nothing was deleted, the columns are checked while rows are read.
      if (deletes.length === 0) return
      const check = columnChecks(table, entry)
      for await (const { columns } of file.readColumns(schema.fields)) check.add(columns)
      check.problems().forEach(problem)
    } finally {
      await close()
    }
  }

  async function verifyFile(entry: ManifestEntry, keys: Set<string>, problem: Problem): Promise<void> {
    await verifyCounts(entry, problem)
    const check = columnChecks(table, entry)
    for await (const { columns, rowCount: count } of scanColumns(table, { files: [entry] })) {
      check.add(columns)
      const keyCells = keyed.map(node => cellsOf(node, columns))
      for (let index = 0; index < count; index++) {
        digest.add(Object.fromEntries(schema.fields.map(field => [field.name, columns.get(field.id)?.[index] ?? null])))
        if (keyed.length === 0) continue
        const key = JSON.stringify(keyCells.map(cells => cellText(cells?.[index])))
        if (keys.has(key)) problem('holds a row key that is stored twice')
        keys.add(key)
      }
    }
    if (deletes.length === 0) check.problems().forEach(problem)
  }

  async function icebird(): Promise<Verification['icebird']> {
    const byValues = deletes.some(({ file }) => file.content === fileContent.equalityDeletes)
    if (damage.length > 0 || digest.rows === 0 || byValues || !partitionsAreRead(table, entries)) return null
    const read = await readByIcebird(table)
    return read.rows === digest.rows && read.digest === digest.value ? 'same' : 'differs'
  }
}

/** The parts of the row key, those inside structs too. */
function keyNodes(schema: Schema): IndexedField[] {
  const byId = indexById(schema)
  return (schema['identifier-field-ids'] ?? []).flatMap(id => byId.get(id) ?? [])
}

/** icebird reads no manifest with values that Avro has as bytes of a fixed length. */
function partitionsAreRead({ metadata }: Table, entries: readonly ManifestEntry[]): boolean {
  const types = [...new Set(entries.map(({ specId }) => specId))].flatMap(id => [
    ...partitionTypes(metadata, id).values(),
  ])
  return !types.some(type => /^(?:decimal|fixed|uuid)\b/.test(type))
}

/** Files that may hold rows with the same key: those of one partition, where the key says which that is. */
function byKey(
  { metadata }: Table,
  keyed: readonly IndexedField[],
  entries: readonly ManifestEntry[],
): ManifestEntry[][] {
  const specIds = new Set(entries.map(({ specId }) => specId))
  const fields = [...specIds].flatMap(id => specById(metadata, id).fields)
  const isTold = specIds.size === 1 && fields.every(field => keyed.some(({ id }) => id === field['source-id']))
  if (!isTold && keyed.length > 0) return [[...entries]]
  const groups = new Map<string, ManifestEntry[]>()
  for (const entry of entries) {
    const key = identityOf([...entry.file.partition.values()])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [entry])
    else group.push(entry)
  }
  return [...groups.values()]
}

type Problem = (message: string) => void
