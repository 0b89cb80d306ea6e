import type { Table } from '../catalog/catalog.ts'
import { removeDataFiles } from '../data-files.ts'
import { equalityReader } from '../deletes/equality.ts'
import { IcebergError } from '../errors.ts'
import { currentSchema } from '../ids.ts'
import type { DataFile, ManifestEntry } from '../manifest/data-file.ts'
import type { KnownSchemas } from '../parquet/outline.ts'
import { checkReadable } from '../projection.ts'
import type { Field } from '../types.ts'
import { addRows, noRows, type RowDigest, sameRows } from './digest.ts'
import { gather } from './gather.ts'
import { type MergeOptions, mergeParts, type Run } from './merge.ts'
import { type NewFiles, newFiles } from './new-files.ts'
import { rowOrder } from './order.ts'
import { openPart, type Part, type PartContext, type RowsToDrop } from './part.ts'
import { filesFor } from './plan.ts'
import { digestOf } from './proof.ts'

export type { DropBatch, RowsToDrop } from './part.ts'

export interface RewriteOptions {
  /** A new unique name for a file. */
  readonly uniqueName: () => string
  /** Bytes that a new file should have. */
  readonly targetFileBytes: number
  /** Bytes that rows which were read and not yet written may take, about; a process takes some 150 MB besides. */
  readonly memoryBytes: number
  readonly drop?: RowsToDrop
  readonly signal?: AbortSignal
}

/** What became of files. */
export interface RewrittenFiles {
  /** None where no row was left. */
  readonly files: DataFile[]
  /** In the new files. */
  readonly rows: number
  /** That `drop` left out. Rows that delete files delete are in neither number. */
  readonly dropped: number
}

/** What may be in memory of one row group that is written: rows, and bytes as they were read. */
const group = { leastRows: 2500, mostRows: 20_000, leastBytes: 2 ** 21, mostBytes: 2 ** 23 } as const

/** A batch may take this part of the memory, so that eight parts are always merged at once. */
const batchPart = 8

/**
 * Writes the live rows of files of one spec and partition again, as few files
 * that are sorted by the table's default order, under its current schema; their
 * bytes and names are durable on return. Files are merged as streams. Where
 * their batches do not fit into memory together, or are not sorted, it takes
 * several rounds, and each gives files of its own.
 *
 * That the rows are the same is proved before: of all rows that were read and
 * are to stay a 64-bit hash over all their values is added up, and the new
 * files, read again from their footers on, have to give the same sum and count.
 * @param entries live data files of the table
 * @param deletes live delete files, of which those that apply are applied
 * @throws IcebergError DATA_INVALID for damage and where the rows are not the same, FORMAT_UNSUPPORTED, FILE_MISSING,
 *   ROW_INVALID; the reason of the signal. No new file is left behind then
 */
export async function rewriteFiles(
  table: Table,
  entries: readonly ManifestEntry[],
  deletes: readonly ManifestEntry[],
  options: RewriteOptions,
): Promise<RewrittenFiles> {
  const { metadata } = table
  const schema = currentSchema(metadata)
  checkReadable(schema.fields)
  // Of a type whose values are all null there is nothing to write.
  const fields = schema.fields.filter(({ type }) => type !== 'unknown')
  const order = rowOrder(metadata)
  const known: KnownSchemas = new Map()
  const context: PartContext = {
    table,
    fields,
    order,
    deletes,
    equality: equalityReader(table),
    drop: options.drop,
    dropFields: dropFields(schema.fields, options.drop),
    batchBytes: options.memoryBytes / batchPart,
    known,
  }
  const bytes = entries.reduce((sum, { file }) => sum + file.fileSize, 0)
  const fileBytes = Math.max(options.targetFileBytes, bytes / filesFor(bytes, options.targetFileBytes))
  const output = newFiles(
    table,
    entries[0],
    { ...schema, fields },
    { fileBytes, order, uniqueName: options.uniqueName },
  )
  let read: RowDigest = noRows
  let dropped = 0
  let waiting: Part[] = entries.map((entry, number) => ({
    entry,
    number,
    from: 0,
    to: Number.POSITIVE_INFINITY,
    start: order.startOf(entry.file),
  }))
  const merging: MergeOptions = {
    order,
    open: part => openPart(part, context),
    memoryBytes: options.memoryBytes,
    onBatch: batch => {
      dropped += batch.dropped
      read = addRows(read, batch.columns, batch.rowCount, batch.rows)
    },
    onDeferred: parts => waiting.push(...parts),
  }
  try {
    while (waiting.length > 0) {
      const parts = waiting
      waiting = []
      await writeMerged(mergeParts(parts, merging), output, fields.length, options.signal)
    }
    const files = [...output.written()]
    let written: RowDigest = noRows
    for (const file of files) {
      options.signal?.throwIfAborted()
      written = await digestOf(written, table, { ...(entries[0] as ManifestEntry), file }, fields, known)
    }
    if (!sameRows(read, written)) throw notTheSame(read, written, entries)
    await output.makeDurable()
    return { files, rows: written.rows, dropped }
  } catch (error) {
    await output.abandon()
    await removeDataFiles(table, output.written())
    throw error
  }
}

/** Writes runs row group by row group; each round begins a file. */
async function writeMerged(
  runs: AsyncGenerator<Run>,
  output: NewFiles,
  columnCount: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  let gathered: Run[] = []
  let rows = 0
  let bytes = 0
  const write = async (): Promise<void> => {
    signal?.throwIfAborted()
    const columns = gather(gathered, columnCount)
    gathered = []
    rows = 0
    bytes = 0
    await output.write(columns)
  }
  for await (const run of runs) {
    const rowBytes = run.bytes / (run.to - run.from)
    for (let from = run.from; from < run.to; ) {
      const room = Math.min(roomFor(rows, bytes, rowBytes), run.to - from)
      gathered.push({ ...run, from, to: from + room })
      rows += room
      bytes += room * rowBytes
      from += room
      if (isFull(rows, bytes)) await write()
    }
  }
  if (rows > 0) await write()
  await output.endFile()
}

function isFull(rows: number, bytes: number): boolean {
  const isLarge = rows >= group.leastRows && bytes >= group.leastBytes
  return isLarge || bytes >= group.mostBytes || rows >= group.mostRows
}

/** Rows of a size that make a row group full, at least one. */
function roomFor(rows: number, bytes: number, rowBytes: number): number {
  const least = Math.max(group.leastRows - rows, (group.leastBytes - bytes) / rowBytes)
  return Math.max(1, Math.ceil(Math.min(least, (group.mostBytes - bytes) / rowBytes, group.mostRows - rows)))
}

function dropFields(fields: readonly Field[], drop: RowsToDrop | undefined): Field[] {
  return (drop?.columns ?? []).map(name => {
    const field = fields.find(candidate => candidate.name === name)
    if (field === undefined) throw new IcebergError('ROW_INVALID', `there is no column ${name} that rows are chosen by`)
    return field
  })
}

function notTheSame(read: RowDigest, written: RowDigest, entries: readonly ManifestEntry[]): IcebergError {
  const files = entries.map(({ file }) => file.location)
  const what = read.rows === written.rows ? 'other values' : `${written.rows} rows instead of ${read.rows}`
  return new IcebergError(
    'DATA_INVALID',
    `files that were written in the place of ${files[0]} and ${files.length - 1} others have ${what}: they were removed again`,
    { files },
  )
}
