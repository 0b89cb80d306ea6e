import { errorDocument, type HypError } from '../errors.ts'
import { sumOf, type Tally } from '../ingest/spool/tally.ts'
import type { SpoolStatus } from '../ingest/spool-report.ts'

/** What is known of rows on their way to one table. */
export interface Waiting {
  readonly streams: readonly WaitingStream[]
  /** Why streams were left where they are by the last flush. */
  readonly held: ReadonlyMap<string, string>
  /** Why the table takes no rows at all. */
  readonly refusal: HypError | undefined
  /** Of the last try to write them. */
  readonly failure: HypError | undefined
}

interface WaitingStream extends Tally {
  readonly stream: string
  /** What is wrong with its files. */
  readonly problem?: unknown
}

/** What waits for a table, and why. Pure. */
export function intakeStatus({ streams, held, refusal, failure }: Waiting): SpoolStatus {
  const { rows, bytes, oldest } = sumOf(streams)
  const kept = sumOf(
    streams.filter(({ stream, problem }) => refusal !== undefined || held.has(stream) || problem !== undefined),
  ).rows
  return {
    rows,
    bytes,
    since: oldest === undefined ? null : new Date(oldest).toISOString(),
    held: kept,
    reason: kept === 0 ? null : (refusal?.message ?? [...held.values()].join(' ')),
    failure: failure === undefined ? null : errorDocument(failure),
  }
}
