import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import type { FileIO } from '../../../src/iceberg/file-io/file-io.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import { type FlushOptions, type FlushResult, flush } from '../../../src/ingest/flush/flush.ts'
import { openSpool, type Spool } from '../../../src/ingest/spool/spool.ts'
import type { Declaration } from '../../../src/schema/declaration.ts'
import { apply, batch, declare, key, openTable, seeded, seededContext } from '../../support/crash-table.ts'
import { PowerDisk } from '../../support/power-file-io.ts'
import { readRows } from '../../support/table.ts'

/*
 * A table and its spool on a disk in memory: rows are acknowledged, flushed,
 * and looked for.
 */

export const directory = '/home/table'
export const spoolDirectory = '/home/spool/t'
export const quarantineDirectory = '/home/quarantine/t'
export const rejectsDirectory = `${spoolDirectory}/rejects`

export const declaration: Declaration = declare()
/** The same table without a row key: nothing but positions tells rows apart. */
export const keyless: Declaration = { ...declare(), identifier: [] }

/** A disk with an empty table. */
export async function newDisk(applied: Declaration = declaration): Promise<PowerDisk> {
  const disk = new PowerDisk()
  await disk.io.makeDirectory('/home')
  await apply(catalogOn(disk.io), directory, applied, seededContext(1))
  return disk
}

export function catalogOn(io: FileIO, seed = 1): Catalog {
  return openTable(io, directory, seededContext(seed))
}

/** A process that takes rows and flushes them. */
export interface Process {
  readonly io: FileIO
  readonly spool: Spool
  /** Acknowledges rows as one batch. */
  readonly take: (rows: readonly Row[], under?: Declaration) => Promise<void>
  /** Acknowledges lines as they are, whatever the declaration says of them. */
  readonly takeText: (lines: readonly string[], under?: Declaration) => Promise<void>
  readonly flush: (options?: Partial<FlushOptions>) => Promise<FlushResult>
  /** As `flush`, and lets go of what is flushed then. */
  readonly drain: (options?: Partial<FlushOptions>) => Promise<FlushResult>
}

/** Each process needs a seed of its own, or its streams and files have the names of another's. */
export async function startProcess(
  io: FileIO,
  seed: number,
  { applied = declaration, segmentBytes = 1 << 20 }: { applied?: Declaration; segmentBytes?: number } = {},
): Promise<Process> {
  const random = seeded(seed)
  const context = seededContext(seed + 1000)
  const spool = await openSpool({
    io,
    directory: spoolDirectory,
    table: 't',
    now: context.now,
    randomBytes: count => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
    segmentBytes,
  })
  const takeText = (lines: readonly string[], under = applied): Promise<void> =>
    spool
      .append({ rows: lines.length, bytes: Buffer.from(lines.map(line => `${line}\n`).join('')) }, under)
      .then(() => undefined)
  const run = async (options: Partial<FlushOptions> = {}): Promise<FlushResult> =>
    flush({
      catalog: catalogOn(io, seed + 2000),
      io,
      segments: await spool.rotate(),
      streams: spool.state().streams.map(({ stream }) => stream),
      declaration: applied,
      quarantine: quarantineDirectory,
      rejects: rejectsDirectory,
      context,
      ...options,
    })
  return {
    io,
    spool,
    takeText,
    take: (rows, under) => takeText(rows.map(textOf), under),
    flush: run,
    drain: async options => {
      const result = await run(options)
      await spool.release(result.positions)
      return result
    },
  }
}

export function textOf(row: Row): string {
  return JSON.stringify(row, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

/** The rows of the table by their keys, in order; a row that is there twice is there twice. */
export async function storedKeysOf(io: FileIO): Promise<string[]> {
  return (await rowsIn(io)).map(row => key.of(row)).sort()
}

export async function rowsIn(io: FileIO): Promise<Row[]> {
  return readRows(await catalogOn(io).load())
}

export function keysOf(...names: readonly string[]): string[] {
  return names
    .flatMap(name => batch(name))
    .map(row => key.of(row))
    .sort()
}

/** Everything that is among the rejects. */
export function rejectsOn(
  disk: PowerDisk,
): { readonly column: string; readonly reason: string; readonly content: string }[] {
  return [...disk.contents('/home')]
    .filter(([path]) => path.startsWith(`${rejectsDirectory}/`))
    .flatMap(([, bytes]) =>
      Buffer.from(bytes)
        .toString()
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line) as { column: string; reason: string; content: string }),
    )
}
