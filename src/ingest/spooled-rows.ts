import { createHash } from 'node:crypto'
import type { Catalog, Table } from '../iceberg/catalog/catalog.ts'
import type { FileIO, InputFile } from '../iceberg/file-io/file-io.ts'
import { currentSchema } from '../iceberg/ids.ts'
import { createDataFile, type DataFileWriter } from '../iceberg/parquet/write.ts'
import type { Row } from '../iceberg/types.ts'
import type { Declaration } from '../schema/declaration.ts'
import { faultyRows, isOfRows } from './flush/faulty-rows.ts'
import { type Batch, BatchReader } from './flush/flush-batch.ts'
import { countHeld, type HeldStream, judgeStreams, whyUnreadable } from './flush/flush-streams.ts'
import { tableKey } from './keys/key-fields.ts'
import { type RowKey, rowKey } from './keys/row-key.ts'
import { storedKeys } from './keys/stored-keys.ts'
import { positionsOf } from './spool/position.ts'
import { type OpenSegment, openStreams } from './spool/read.ts'
import { deletedRowTest, type ReadTombstones } from './tombstones/tombstones.ts'

export interface SpooledRowsOptions {
  readonly io: FileIO
  readonly catalog: Catalog
  /** `spool/<table>`. */
  readonly spool: string
  /** What is applied to the table. */
  readonly declaration: Declaration
  /** What was deleted from the table, and is not shown. */
  readonly tombstones?: ReadTombstones | undefined
  /** The file to write; there must be none of that name. */
  readonly file: string
  readonly signal?: AbortSignal | undefined
}

/** A table, and the rows that are acknowledged and not in it. */
export interface SpooledRows {
  readonly table: Table
  /** Path of a Parquet file of the table's current schema, the caller's to remove; undefined where no row waits. */
  readonly spooled: string | undefined
  /** Rows in the file. */
  readonly rows: number
  /** Rows that are neither in the table nor in the file: the table does not take them as it is. */
  readonly notShown: readonly HeldStream[]
}

/** Rows that are looked up in the table at once. */
const limits = { rows: 50_000, bytes: 32 * 1024 * 1024 }

/** Encoding so many takes some milliseconds, in which nothing else gets its turn. */
const rowGroupRows = 1000

/**
 * Writes the rows that the spool of a table holds and the table does not into a
 * file, for queries. It takes no lock: others may take rows, flush and release
 * segments meanwhile, and yet every row that was acknowledged before is either
 * in the table that is given back or in the file. A row key that the table has
 * or that came before is left out, and so is a row that was deleted. Memory holds a batch of rows, and a digest of
 * each row key in the spool.
 * @throws HypError and IcebergError; no file is left behind then
 */
export async function spooledRows(options: SpooledRowsOptions): Promise<SpooledRows> {
  // First the files, then the table. A segment that vanishes after this can still be read, and what vanished before is
  // in the table that is loaded after this. Of what is both, the positions in that table tell.
  const { streams, close } = await openStreams(options.io, options.spool)
  try {
    const table = await options.catalog.load()
    const positions = positionsOf(table.metadata.properties)
    const segments = streams.flatMap(({ header, problem, segments: parts }) =>
      parts.map(part => ({ ...part, declaration: header?.declaration, problem })),
    )
    const { shapes, held } = judgeStreams(segments, options.declaration, table.metadata)
    const left = new Map(held)
    const closed = streams.flatMap(({ stream, problem, segments: parts }): HeldStream[] =>
      problem === undefined || parts.length > 0 ? [] : [{ stream, reason: problem.message, rows: 0 }],
    )
    const reader = new BatchReader({
      open: pinned,
      segments: segments.filter(({ stream }) => shapes.has(stream)),
      positions,
      shapes,
      limits,
      onDamage: async () => undefined,
      onUnreadable: (stream, error) => left.set(stream, whyUnreadable(error)),
      signal: options.signal,
    })
    const buried = await options.tombstones?.(table)
    const file = new SpooledFile(table, options, buried && deletedRowTest(buried, table))
    const faulty = new Map<string, number>()
    try {
      for (let batch = await reader.next(); batch !== undefined; batch = await reader.next()) {
        for (const { segment, faults } of batch.frames)
          if (faults.length > 0) faulty.set(segment.stream, (faulty.get(segment.stream) ?? 0) + faults.length)
        for (const { stream } of await file.add(batch)) faulty.set(stream, (faulty.get(stream) ?? 0) + 1)
      }
      const written = await file.finish()
      const counted = await countHeld(pinned, segments, positions, left)
      const notShown = [...closed, ...counted, ...Array.from(faulty, cannotBeWritten)]
      return { table, ...written, notShown }
    } catch (error) {
      await file.abandon()
      throw error
    } finally {
      await reader.close()
    }
  } finally {
    await close()
  }
}

/** Closed with all others. */
async function pinned({ file }: OpenSegment): Promise<InputFile> {
  return { ...file, close: async () => undefined }
}

function cannotBeWritten([stream, rows]: readonly [string, number]): HeldStream {
  return { stream, rows, reason: 'They cannot be written, and will be set aside.' }
}

/** The file, which is there from its first row on. */
class SpooledFile {
  readonly #table: Table
  readonly #key: RowKey
  readonly #options: SpooledRowsOptions
  readonly #wasDeleted: ((row: Row) => boolean) | undefined
  readonly #seen = new Set<string>()
  #writer: DataFileWriter | undefined
  #rows = 0

  constructor(table: Table, options: SpooledRowsOptions, wasDeleted: ((row: Row) => boolean) | undefined) {
    this.#wasDeleted = wasDeleted
    this.#table = table
    this.#key = rowKey(options.declaration.identifier)
    this.#options = options
  }

  /** @returns for each row that cannot be written the stream it is of */
  async add(batch: Batch): Promise<{ readonly stream: string }[]> {
    const fresh = await this.#fresh(batch.rows)
    const faults = await this.#write(fresh)
    return faults.map(row => {
      const place = batch.rows.indexOf(row)
      const frame = batch.frames.findLast(({ firstRow }) => firstRow <= place)
      return { stream: frame?.segment.stream ?? '' }
    })
  }

  async finish(): Promise<Pick<SpooledRows, 'spooled' | 'rows'>> {
    if (this.#rows === 0) {
      await this.abandon()
      return { spooled: undefined, rows: 0 }
    }
    await this.#writer?.finish()
    return { spooled: this.#options.file, rows: this.#rows }
  }

  /** Never throws. */
  async abandon(): Promise<void> {
    await this.#writer?.abandon()
  }

  /** Rows that were not deleted and whose key was neither before them nor is in the table; all others where there is no key. */
  async #fresh(all: readonly Row[]): Promise<readonly Row[]> {
    const wasDeleted = this.#wasDeleted
    const rows = wasDeleted === undefined ? all : all.filter(row => !wasDeleted(row))
    // Where none are, the table may have other names for the key by now.
    if (rows.length === 0 || this.#key.columns.length === 0) return rows
    const candidates = new Map<string, Row>()
    for (const row of rows) {
      const text = this.#key.of(row)
      const digest = createHash('sha256').update(text).digest('binary')
      if (this.#seen.has(digest)) continue
      this.#seen.add(digest)
      candidates.set(text, row)
    }
    const key = tableKey(this.#key, this.#table)
    for (const text of await storedKeys(this.#table, candidates, key)) candidates.delete(text)
    return [...candidates.values()]
  }

  /** @returns the rows that cannot be written */
  async #write(rows: readonly Row[]): Promise<Row[]> {
    const faults: Row[] = []
    for (let start = 0; start < rows.length; start += rowGroupRows) {
      const group = rows.slice(start, start + rowGroupRows)
      const faulty = await this.#writeGroup(group)
      faults.push(...faulty)
      this.#rows += group.length - faulty.length
      await new Promise(resolve => setImmediate(resolve))
    }
    return faults
  }

  async #writeGroup(rows: readonly Row[]): Promise<Row[]> {
    const writer = (this.#writer ??= await this.#create())
    try {
      await writer.writeRowGroup(rows)
      return []
    } catch (error) {
      if (!isOfRows(error)) throw error
      const faults = await faultyRows(this.#table, rows)
      if (faults.size === 0) throw error
      await writer.writeRowGroup(rows.filter((_row, place) => !faults.has(place)))
      return rows.filter((_row, place) => faults.has(place))
    }
  }

  /** A file that need not outlive a power cut. */
  async #create(): Promise<DataFileWriter> {
    const { io, file } = this.#options
    const passing: Pick<FileIO, 'create' | 'remove'> = {
      create: async path => {
        const output = await io.create(path)
        return { ...output, finish: () => output.finish({ durable: false }) }
      },
      remove: path => io.remove(path),
    }
    return createDataFile(passing, file, currentSchema(this.#table.metadata))
  }
}
