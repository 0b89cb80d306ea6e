import type { HypError } from '../../../src/errors.ts'
import type { FileIO } from '../../../src/iceberg/file-io/file-io.ts'
import type { Position } from '../../../src/ingest/spool/position.ts'
import { openStreams, readFrames } from '../../../src/ingest/spool/read.ts'
import type { Damage } from '../../../src/ingest/spool/salvage.ts'
import {
  type ClosedSegment,
  openSpool,
  type Spool,
  type SpoolBatch,
  type SpoolOptions,
} from '../../../src/ingest/spool/spool.ts'
import type { Declaration } from '../../../src/schema/declaration.ts'
import { seeded } from '../../support/crash-table.ts'
import { type Operation, watchedFileIO } from '../../support/fault-file-io.ts'
import { PowerDisk } from '../../support/power-file-io.ts'

/*
 * A spool on any disk, with a clock and chance that come out the same every
 * time, and what a later process finds of it.
 */

export const directory = '/home/spool/a table ü'

export const declaration: Declaration = {
  table: 'lines',
  release: 1,
  columns: [{ name: 'id', type: 'string', required: true }],
  identifier: ['id'],
  partitionBy: [],
  sortBy: [],
}

export const laterDeclaration: Declaration = { ...declaration, release: 2 }

/** A moment in 2026, in milliseconds. */
export const start = 1_767_225_600_000

/** A disk with `/home`. */
export async function newDisk(): Promise<PowerDisk> {
  const disk = new PowerDisk()
  await disk.io.makeDirectory('/home')
  return disk
}

/** A disk, and every operation on it. */
export async function watchedDisk(): Promise<{ disk: PowerDisk; io: FileIO; operations: Operation[] }> {
  const disk = await newDisk()
  const operations: Operation[] = []
  return { disk, operations, io: watchedFileIO(disk.io, { before: operation => void operations.push(operation) }) }
}

/** Names of the files in the spool; that of a stream is the same for all. */
export function segmentFiles(disk: PowerDisk): string[] {
  return [...disk.contents(directory).keys()].map(path => path.slice(directory.length + 1).replace(/^.{36}/, 'stream'))
}

/** What happens to a test's spool. */
export interface Opened {
  readonly spool: Spool
  readonly failures: HypError[]
}

export async function open(
  io: FileIO,
  options: Partial<SpoolOptions> & { readonly seed?: number } = {},
): Promise<Opened> {
  const failures: HypError[] = []
  const random = seeded(options.seed ?? 1)
  const spool = await openSpool({
    io,
    directory,
    table: 'lines',
    now: () => start,
    randomBytes: count => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
    onFailure: error => failures.push(error),
    ...options,
  })
  return { spool, failures }
}

/** A batch of rows that say which they are: `a/0`, `a/1`, … */
export function batchOf(name: string, rows = 2, more: Partial<SpoolBatch> = {}): SpoolBatch {
  return { rows, bytes: Buffer.from(rowsOf(name, rows)), ...more }
}

function rowsOf(name: string, rows: number): string {
  return Array.from({ length: rows }, (_, index) => `{"id":"${name}/${index}"}\n`).join('')
}

/** A batch with an idempotency key, of a request and an answer that are the same for the same name. */
export function keyedBatch(name: string, rows = 2): SpoolBatch {
  return batchOf(name, rows, { key: `key of ${name}`, digest: `digest of ${name}`, answer: { rows, name } })
}

export interface Read {
  /** The names of the batches, in order. A batch that is not whole is named with all of its rows. */
  readonly batches: readonly string[]
  readonly damage: readonly Damage[]
  readonly problems: readonly string[]
}

/** What a process finds that reads the spool, but for what lies before positions. */
export async function readAll(io: FileIO, positions: ReadonlyMap<string, Position> = new Map()): Promise<Read> {
  const batches: string[] = []
  const damage: Damage[] = []
  const opened = await openStreams(io, directory)
  for (const { stream, segments } of opened.streams) {
    for (const segment of segments) {
      const flushed = positions.get(stream)
      if (flushed !== undefined && flushed.segment > segment.segment) continue
      const from = flushed?.segment === segment.segment ? Math.max(segment.start, flushed.end) : segment.start
      for await (const found of readFrames(segment.file, { start: from, end: segment.end })) {
        if (found.kind === 'frame') batches.push(nameOf(Buffer.from(found.rows).toString(), found.rowCount))
        else damage.push(found)
      }
    }
  }
  await opened.close()
  return { batches, damage, problems: opened.streams.flatMap(({ problem }) => problem?.code ?? []) }
}

/** The batches of closed segments, as a flush reads them. */
export async function readClosed(io: FileIO, segments: readonly ClosedSegment[]): Promise<string[]> {
  const batches: string[] = []
  for (const segment of segments) {
    const file = await io.open(segment.path)
    for await (const found of readFrames(file, segment))
      batches.push(found.kind === 'frame' ? nameOf(Buffer.from(found.rows).toString(), found.rowCount) : found.kind)
    await file.close()
  }
  return batches
}

/** The positions of a table that holds everything of these segments. */
export function positionsAfter(segments: readonly ClosedSegment[]): Map<string, Position> {
  return new Map(segments.map(({ stream, segment, end }) => [stream, { segment, end }]))
}

function nameOf(text: string, rows: number): string {
  const name = /"id":"(.*)\/0"/.exec(text)?.[1] ?? ''
  return text === rowsOf(name, rows) ? name : text
}

/** All that an iteration gives. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** A promise's error, and undefined where there is none. */
export function failureOf(work: Promise<unknown>): Promise<HypError | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => error as HypError,
  )
}
