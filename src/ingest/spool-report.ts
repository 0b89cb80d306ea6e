import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type ErrorDocument, toHypError } from '../errors.ts'
import type { Table } from '../iceberg/catalog/catalog.ts'
import { localFileIO } from '../iceberg/file-io/local.ts'
import type { Declaration } from '../schema/declaration.ts'
import { planTable } from '../schema/plan.ts'
import type { Home } from '../stores/home.ts'
import { openCatalog } from '../stores/table/catalog.ts'
import { observeTable, refuse } from '../stores/table/store.ts'
import { countRejects } from './batch/rejects.ts'
import { shapeOf } from './flush/shapes.ts'
import { type Position, positionsOf } from './spool/position.ts'
import { countQuarantine } from './spool/quarantine.ts'
import { type OpenStream, openStreams, readSummaries } from './spool/read.ts'

/** The rows of a table on their way into it, and what became of those that will not get there. */
export interface SpoolReport {
  readonly table: string
  /** Rows that are acknowledged and not in the table: those that wait, and those that are held. */
  readonly rows: number
  readonly bytes: number
  /** When the oldest of them came: RFC 3339, UTC; null where there are none, as everywhere below. */
  readonly since: string | null
  /** Those of them that the table does not take as it is. */
  readonly held: readonly HeldRows[]
  /** Damaged bytes, kept aside. */
  readonly quarantined: { readonly files: number; readonly bytes: number; readonly since: string | null }
  /** What the contract of the declaration discarded, kept in `spool/<table>/rejects`. */
  readonly rejected: {
    readonly rows: number
    readonly values: number
    readonly bytes: number
    readonly since: string | null
  }
}

/** Rows of one stream that wait for somebody to act. */
export interface HeldRows {
  readonly stream: string
  readonly rows: number
  readonly bytes: number
  readonly since: string | null
  /** The release they were captured under; null where that cannot be told. */
  readonly release: number | null
  readonly reason: string
}

/** The rows of a table that are acknowledged and not in it yet. */
export interface SpoolStatus {
  readonly rows: number
  readonly bytes: number
  /** When the oldest of them came: RFC 3339, UTC; null where there are none. */
  readonly since: string | null
  /** Those of them that the table refuses. */
  readonly held: number
  /** Why rows are held, in a sentence; null where none are. */
  readonly reason: string | null
  /** Why the last try to write rows into the table failed; null when it did not. */
  readonly failure: ErrorDocument | null
}

/** The same in few words. */
export function spoolStatus({ rows, bytes, since, held }: SpoolReport): SpoolStatus {
  const heldRows = held.reduce((sum, stream) => sum + stream.rows, 0)
  const reasons = [...new Set(held.map(({ reason }) => reason))]
  return { rows, bytes, since, held: heldRows, reason: heldRows === 0 ? null : reasons.join(' '), failure: null }
}

/** What is looked at: a declared table, or the name of one that is declared no more. */
export type ReportedTable = Declaration | { readonly table: string; readonly columns?: undefined }

/**
 * Counts what a table's spool holds. Takes no lock and writes nothing: files are opened first and the table is loaded
 * then, so that no row is missed; what is flushed meanwhile is not counted.
 */
export async function spoolReport(home: Home, reported: ReportedTable): Promise<SpoolReport> {
  const { table } = reported
  const directory = join(home.spool, table)
  const { streams, close } = await openStreams(localFileIO, directory)
  try {
    const judge = await judgeOf(home, reported)
    const held: HeldRows[] = []
    const total = { rows: 0, bytes: 0, since: Number.POSITIVE_INFINITY }
    for (const stream of streams) {
      const waiting = await waitingOf(stream, judge.positions.get(stream.stream))
      if (waiting.rows === 0 && stream.problem === undefined) continue
      total.rows += waiting.rows
      total.bytes += waiting.bytes
      total.since = Math.min(total.since, waiting.since)
      const reason = judge.whyHeld(stream)
      if (reason !== undefined)
        held.push({
          stream: stream.stream,
          ...waiting,
          since: timeText(waiting.since),
          release: stream.header?.declaration.release ?? null,
          reason,
        })
    }
    const { files, bytes, oldest } = await countQuarantine(localFileIO, join(home.quarantine, table))
    const rejects = await countRejects(localFileIO, join(directory, 'rejects'))
    return {
      table,
      ...total,
      since: timeText(total.since),
      held,
      quarantined: { files, bytes, since: oldest },
      rejected: { rows: rejects.rows, values: rejects.values, bytes: rejects.bytes, since: rejects.oldest },
    }
  } finally {
    await close()
  }
}

interface Judge {
  readonly positions: ReadonlyMap<string, Position>
  /** Why the rows of a stream cannot go into the table now; undefined where they can. */
  readonly whyHeld: (stream: OpenStream) => string | undefined
}

async function judgeOf(home: Home, reported: ReportedTable): Promise<Judge> {
  if (reported.columns === undefined)
    return { positions: new Map(), whyHeld: () => `The table ${reported.table} is not declared.` }
  let table: Table | null = null
  let refusal: string | undefined
  try {
    table = await observeTable(openCatalog(home, reported))
    refuse(planTable(reported, table))
  } catch (error) {
    refusal = toHypError(error).message
  }
  const metadata = table?.metadata
  return {
    positions: metadata === undefined ? new Map() : positionsOf(metadata.properties),
    whyHeld: ({ header, problem }) => {
      if (problem !== undefined) return problem.message
      if (refusal !== undefined || header === undefined) return refusal
      // A table that is not there yet is made as it is declared.
      if (metadata === undefined) return undefined
      const shape = shapeOf(header.declaration, reported, metadata)
      return shape.kind === 'held' ? shape.reason : undefined
    },
  }
}

/** Rows of a stream behind a position; `since` is in milliseconds, and Infinity where there are none. */
async function waitingOf(
  { segments }: OpenStream,
  position: Position | undefined,
): Promise<{ rows: number; bytes: number; since: number }> {
  const waiting = { rows: 0, bytes: 0, since: Number.POSITIVE_INFINITY }
  for (const { segment, file, start, end } of segments) {
    if (position !== undefined && segment < position.segment) continue
    const from = position?.segment === segment ? Math.max(start, position.end) : start
    for await (const frame of readSummaries(file, { start: from, end })) {
      if (frame.rowCount === 0) continue
      waiting.rows += frame.rowCount
      waiting.bytes += frame.end - frame.start
      waiting.since = Math.min(waiting.since, frame.meta.at)
    }
  }
  return waiting
}

function timeText(ms: number): string | null {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null
}

/** Names of the tables that have a spool, declared or not. */
export async function tablesWithSpool(home: Home): Promise<string[]> {
  try {
    const entries = await readdir(home.spool, { withFileTypes: true })
    return entries.flatMap(entry => (entry.isDirectory() ? entry.name : [])).sort()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
