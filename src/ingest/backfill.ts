import { statfs } from 'node:fs/promises'
import type { AppendContext } from '../iceberg/append.ts'
import type { Catalog } from '../iceberg/catalog/catalog.ts'
import { IcebergError } from '../iceberg/errors.ts'
import type { Row } from '../iceberg/types.ts'
import type { Declaration } from '../schema/declaration.ts'
import { type SourceName, sources } from '../sources/catalogue.ts'
import { type History, noCounts, type SkipReason, type Unreadable } from '../sources/source.ts'
import type { RecordPlaceOptions } from '../stores/records/store.ts'
import { isAnother } from './another-table.ts'
import { appendOnce } from './append-once.ts'
import { identify } from './file-identity.ts'
import { type FirstKeys, readFirstKeys } from './first-keys.ts'
import { rowKey } from './row-key.ts'
import { rowShaper } from './rows.ts'
import { openSourceCursors } from './source-cursors.ts'

/** What a backfill tells while it runs. Counts are totals so far. */
export type BackfillEvent =
  | {
      readonly type: 'found'
      readonly source: SourceName
      readonly roots: readonly FoundRoot[]
      readonly diskFreeBytes: number
    }
  | {
      readonly type: 'progress'
      readonly source: SourceName
      /** Of the files that are read. */
      readonly files: Progress
      readonly bytes: Progress
      readonly lines: number
      readonly rows: number
      readonly ms: number
    }
  | { readonly type: 'done'; readonly summary: BackfillSummary }

export interface FoundRoot {
  readonly root: string
  readonly files: number
  readonly bytes: number
}

export interface Progress {
  readonly done: number
  readonly total: number
}

/**
 * What a backfill came to. Every line read gave rows or is counted in
 * `skipped`: `lines = linesWithRows + Σ skipped`, and `captured = rows + duplicates`.
 */
export interface BackfillSummary {
  readonly source: SourceName
  /** Files that were found. */
  readonly files: number
  /** Those of them that were not read: all they hold is in the table. */
  readonly unchanged: number
  /** Bytes that were read. */
  readonly bytes: number
  readonly lines: number
  readonly linesWithRows: number
  readonly captured: number
  /** Rows that are new in the table. */
  readonly rows: number
  /** Rows whose key was stored already or stood twice in the histories. */
  readonly duplicates: number
  readonly skipped: Readonly<Record<SkipReason, number>>
  readonly illTyped: Readonly<Record<string, number>>
  readonly unreadable: readonly Unreadable[]
  readonly commits: number
  readonly ms: number
}

export interface BackfillOptions {
  readonly source: SourceName
  readonly catalog: Catalog
  readonly declaration: Declaration
  /** The table's directory, to say how much disk is free. */
  readonly directory: string
  /** Where it is kept which files were read; without it all are. */
  readonly records?: RecordPlaceOptions | undefined
  /** Where histories are looked for. */
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly context: AppendContext & { readonly monotonic: () => number }
  readonly onEvent: (event: BackfillEvent) => void
  readonly signal?: AbortSignal
}

/** A batch is committed when it has this many rows or holds about this much text, whatever comes first. */
const batchRows = 50_000
const batchCharacters = 40 * 1024 * 1024

const progressEveryMs = 250

/**
 * Loads a history into the table. Each batch is one commit; what was committed
 * stays when the work is interrupted, and a run that follows adds what is missing.
 * A file that is wholly in the table is not read again.
 */
export async function backfill(options: BackfillOptions): Promise<BackfillSummary> {
  const { catalog, context, onEvent, signal, source } = options
  const start = context.monotonic()
  const begun = await catalog.load()
  let table = begun
  const where = { home: options.home, env: options.env }
  const histories = await sources[source].find(where, { signal })
  const files = histories.flatMap(({ root, files: found }) => found.map(file => ({ ...file, root })))
  const { bavail, bsize } = await statfs(options.directory)
  onEvent({ type: 'found', source, roots: histories.map(foundRoot), diskFreeBytes: bavail * bsize })
  const { declaration, records: place } = options
  const shaper = rowShaper(declaration, table.metadata.properties['hyp.gateway-id'] ?? table.metadata['table-uuid'])
  const cursors =
    place === undefined ? undefined : await openSourceCursors({ place, source, histories, table, declaration })
  const changed: typeof files = []
  for (const file of files) {
    signal?.throwIfAborted()
    if (cursors?.isUnchanged(file.root, file.path) !== true) changed.push(file)
  }
  const totalBytes = changed.reduce((sum, { size }) => sum + size, 0)
  const key = rowKey(declaration.identifier)
  const unreadable: Unreadable[] = [...histories.flatMap(history => history.unreadable), ...(cursors?.unreadable ?? [])]
  const skipped = { ...noCounts().skipped }
  const total = { bytes: 0, lines: 0, linesWithRows: 0, captured: 0, rows: 0, duplicates: 0, commits: 0 }
  const reader = sources[source].open(where)
  let known: FirstKeys | undefined
  let batch: Row[] = []
  let batchSize = 0
  let reportedAt = 0
  for (const [index, file] of changed.entries()) {
    const before = cursors === undefined ? undefined : identify(file.path)
    const read = reader.read(file, { signal })
    for await (const captured of read.captured) {
      total.linesWithRows++
      for (const row of captured) {
        const shaped = shaper.shape(row)
        batch.push(shaped)
        batchSize += characters(shaped)
      }
      if (batch.length >= batchRows || batchSize >= batchCharacters) await flush()
      report(index, total.bytes + read.counts.bytes, total.lines + read.counts.lines)
    }
    total.bytes += read.counts.bytes
    total.lines += read.counts.lines
    for (const [reason, count] of Object.entries(read.counts.skipped)) skipped[reason as SkipReason] += count
    unreadable.push(...read.unreadable)
    // What is unfinished or could not be read now may be read another time.
    if (read.unreadable.length === 0 && read.counts.skipped['torn-tail'] === 0)
      cursors?.wasRead(file.root, file.path, before, read.counts)
    report(index + 1, total.bytes, total.lines)
  }
  await flush()
  report(changed.length, total.bytes, total.lines, true)
  const summary: BackfillSummary = {
    source,
    files: files.length,
    unchanged: files.length - changed.length,
    ...total,
    skipped,
    illTyped: shaper.illTyped,
    unreadable,
    ms: elapsed(),
  }
  onEvent({ type: 'done', summary })
  return summary

  async function flush(): Promise<void> {
    if (batch.length > 0) await append()
    // All that was read is in the table: from here on its files need not be read again.
    await cursors?.store(table)
  }

  async function append(): Promise<void> {
    signal?.throwIfAborted()
    const rows = batch
    batch = []
    batchSize = 0
    const base = await catalog.load()
    // Under another schema values would have no column, and the row keys would keep them out for ever.
    if (isAnother(begun, base))
      throw new IcebergError('COMMIT_CONFLICT', 'the table was changed while a history was read for it as it was')
    known ??= await readFirstKeys(base, key)
    const appended = await appendOnce(catalog, base, rows, key, context, { firstKeys: known })
    table = appended.table
    if (appended.rows > 0) total.commits++
    total.captured += rows.length
    total.rows += appended.rows
    total.duplicates += appended.duplicates
  }

  function report(filesDone: number, bytesDone: number, lines: number, last = false): void {
    const ms = elapsed()
    if (!last && ms - reportedAt < progressEveryMs) return
    reportedAt = ms
    onEvent({
      type: 'progress',
      source,
      files: { done: filesDone, total: changed.length },
      bytes: { done: bytesDone, total: totalBytes },
      lines,
      rows: total.rows,
      ms,
    })
  }

  function elapsed(): number {
    return Math.round(context.monotonic() - start)
  }
}

function foundRoot({ root, files, bytes }: History): FoundRoot {
  return { root, files: files.length, bytes }
}

/** Roughly what a row holds in memory: its text. */
function characters(row: Row): number {
  let sum = 0
  for (const name in row) {
    const cell = row[name]
    if (typeof cell === 'string') sum += cell.length
  }
  return sum
}
