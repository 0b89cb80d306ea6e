import type { Row } from '../../iceberg/types.ts'
import type { SourceName } from '../../sources/catalogue.ts'
import type { HistoryFile, SourceReader, Unreadable } from '../../sources/source.ts'
import { type FileIdentity, identify, isSameFile } from '../file-identity.ts'
import { type FileOutcome, readFile } from '../read-file.ts'
import type { RowShaper } from '../rows.ts'
import { noneTaken, type RowBatch, type RowSink, type Taken } from './row-sink.ts'
import type { TimeRange } from './time-range.ts'
import type { Turns } from './turns.ts'

/** A file that is to be read. */
export interface LaneFile {
  readonly source: SourceName
  readonly root: string
  readonly file: HistoryFile
}

/** A file that was read, and all of whose rows are durable but for the refused ones. */
export interface StoredFile {
  readonly source: SourceName
  readonly root: string
  readonly path: string
  readonly outcome: Omit<FileOutcome, 'end'>
  /** What the file was before it was read, and after; undefined where it changed meanwhile. */
  readonly identity: FileIdentity | undefined
  /** Why rows of it were refused. */
  readonly faults: readonly Unreadable[]
}

/** What is durable since the report before. */
export interface LaneReport {
  readonly files: readonly StoredFile[]
  readonly taken: Taken
  readonly faults: readonly Unreadable[]
}

/** How far a lane is, files that are being read included. */
export interface LaneProgress {
  readonly files: number
  readonly bytes: number
  readonly lines: number
}

export interface LaneOptions {
  /** All files, in order; the lanes share them. */
  readonly files: readonly LaneFile[]
  readonly turns: Turns
  readonly readerOf: (source: SourceName) => SourceReader
  readonly shaper: RowShaper
  readonly range: TimeRange | undefined
  readonly sink: RowSink
  /** Waited for. */
  readonly onStored: (report: LaneReport) => void | Promise<void>
  readonly onProgress: (progress: LaneProgress) => void
  readonly signal?: AbortSignal | undefined
  readonly limits?: BatchLimits
}

/** A batch goes when it has this many rows or holds about this much text, whatever comes first. */
export interface BatchLimits {
  readonly rows: number
  readonly characters: number
  /** So many bytes of a file that the batch fills up in are still read with it. */
  readonly restBytes: number
}

const usualBatch: BatchLimits = { rows: 50_000, characters: 40 * 1024 * 1024, restBytes: 8 * 1024 * 1024 }

/** With two lanes there are two batches in memory, and what is beside them is there twice. */
export const pairedBatch: BatchLimits = { ...usualBatch, characters: 20 * 1024 * 1024 }

/**
 * Reads files in its turns, and hands over their rows in batches. In memory are
 * one batch of rows and one line of a file.
 * @throws as the sink, and the signal's reason
 */
export async function runLane(options: LaneOptions): Promise<void> {
  const { files, turns, sink, onStored, signal, limits = usualBatch } = options
  const done = { files: 0, bytes: 0, lines: 0 }
  const faulty = new Map<string, Unreadable[]>()
  let waiting: Omit<StoredFile, 'faults'>[] = []
  let batch: RowBatch = { rows: [], files: [] }
  let size = 0
  let mayStore = false
  for (;;) {
    let next = await turns.toRead()
    const isLast = next >= files.length
    while (next < files.length && !isFull(1)) {
      signal?.throwIfAborted()
      await read(files[next] as LaneFile)
      next++
    }
    turns.endRead(next)
    if (isLast) return
    await store()
    turns.endStore()
    mayStore = false
  }

  async function read({ source, root, file }: LaneFile): Promise<void> {
    const { readerOf, shaper, range, onProgress } = options
    const { path } = file
    const before = identify(path)
    batch.files.push({ path, firstRow: batch.rows.length })
    const reading = { reader: readerOf(source), shaper, range }
    const { end: _, ...outcome } = await readFile(file, reading, {
      signal,
      take: (rows, { bytes }) => {
        add(rows)
        const isLong = file.size - bytes > limits.restBytes
        return isFull(isLong ? 1 : mostOver) ? store(path) : undefined
      },
      onLine: ({ bytes, lines }) =>
        onProgress({ files: done.files, bytes: done.bytes + bytes, lines: done.lines + lines }),
    })
    done.files++
    done.bytes += outcome.bytes
    done.lines += outcome.lines
    onProgress(done)
    const after = before === undefined ? undefined : identify(path)
    const isSame = before !== undefined && after !== undefined && isSameFile(after, before)
    waiting.push({ source, root, path, outcome, identity: isSame ? before : undefined })
  }

  function add(rows: readonly Row[]): void {
    for (const row of rows) {
      batch.rows.push(row)
      size += characters(row)
    }
  }

  function isFull(times: number): boolean {
    return batch.rows.length >= limits.rows * times || size >= limits.characters * times
  }

  /** @param path the file that is being read, whose further rows come with the next batch */
  async function store(path?: string): Promise<void> {
    if (!mayStore) await turns.toStore()
    mayStore = true
    signal?.throwIfAborted()
    const full = batch
    batch = { rows: [], files: path === undefined ? [] : [{ path, firstRow: 0 }] }
    size = 0
    const { faults, ...taken } = full.rows.length === 0 ? { ...noneTaken, faults: [] } : await sink.take(full)
    for (const fault of faults) faulty.set(fault.path, [...(faulty.get(fault.path) ?? []), fault])
    const stored = waiting.map(file => ({ ...file, faults: faulty.get(file.path) ?? [] }))
    waiting = []
    await onStored({ files: stored, taken, faults })
  }
}

/** A file says how long it is, but not how much text that is once it is no longer compressed. */
const mostOver = 1.25

/** Roughly what a row holds in memory: its text. */
function characters(row: Row): number {
  let sum = 0
  for (const name in row) {
    const cell = row[name]
    if (typeof cell === 'string') sum += cell.length
  }
  return sum
}
