import type { SourceName } from '../../sources/catalogue.ts'
import { type History, type MalformedLine, noCounts, type SkipReason, type Unreadable } from '../../sources/source.ts'
import type { FileOutcome } from '../read-file.ts'
import type { BackfillScope } from './backfill-request.ts'
import { noneTaken, type Taken } from './row-sink.ts'

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
      readonly source: BackfillScope
      /** Of the files that are read. */
      readonly files: Progress
      readonly bytes: Progress
      readonly lines: number
      /** Rows that are new in the table, and those that wait for it. */
      readonly rows: number
      readonly ms: number
    }
  | { readonly type: 'done'; readonly summary: BackfillSummary }

export interface FoundRoot {
  readonly root: string
  readonly files: number
  readonly bytes: number
}

export function foundRoot({ root, files, bytes }: History): FoundRoot {
  return { root, files: files.length, bytes }
}

export interface Progress {
  readonly done: number
  readonly total: number
}

/** What the history of one client came to. */
export interface SourceSummary {
  readonly source: SourceName
  /** Files that were found. */
  readonly files: number
  /** Those of them that were not read: all they hold is stored. */
  readonly unchanged: number
  /** Bytes that were read. */
  readonly bytes: number
  readonly lines: number
  readonly linesWithRows: number
  /** Rows that the lines gave. */
  readonly captured: number
}

/**
 * What a backfill came to. Every line read gave rows or is counted in
 * `skipped`: `lines = linesWithRows + Σ skipped`, and
 * `captured = rows + duplicates + deleted + spooled + refused`.
 */
export interface BackfillSummary extends Omit<SourceSummary, 'source'>, Taken {
  readonly source: BackfillScope
  /** Nothing was written: the counts say what would have been. */
  readonly dryRun: boolean
  readonly since: string | null
  readonly until: string | null
  /** The same of each source that was looked for. */
  readonly sources: readonly SourceSummary[]
  readonly skipped: Readonly<Record<SkipReason, number>>
  /** The first of the lines that are damaged; all of them are in `skipped`. */
  readonly malformed: readonly MalformedLine[]
  readonly illTyped: Readonly<Record<string, number>>
  readonly unreadable: readonly Unreadable[]
  readonly ms: number
}

/** Of all files together so many damaged lines are told. */
const mostMalformed = 100

/** Adds up what files and batches came to. */
export interface Tally {
  found(source: SourceName, histories: readonly History[], unchanged: number): void
  file(source: SourceName, outcome: Omit<FileOutcome, 'end'>): void
  taken(taken: Taken): void
  illTyped(counts: Readonly<Record<string, number>>): void
  unreadable(all: readonly Unreadable[]): void
  sums(): Omit<BackfillSummary, 'source' | 'dryRun' | 'since' | 'until' | 'ms'>
}

export function newTally(): Tally {
  const sources = new Map<SourceName, SourceSummary>()
  const skipped = { ...noCounts().skipped }
  const malformed: MalformedLine[] = []
  const illTyped: Record<string, number> = {}
  const unreadable: Unreadable[] = []
  let taken = noneTaken
  return {
    found: (source, histories, unchanged) => {
      const files = histories.reduce((sum, history) => sum + history.files.length, 0)
      sources.set(source, { ...nothing, source, files, unchanged })
      unreadable.push(...histories.flatMap(history => history.unreadable))
    },
    file: (source, outcome) => {
      const before = sources.get(source) as SourceSummary
      sources.set(source, {
        ...before,
        bytes: before.bytes + outcome.bytes,
        lines: before.lines + outcome.lines,
        linesWithRows: before.linesWithRows + outcome.linesWithRows,
        captured: before.captured + outcome.rows,
      })
      for (const [reason, count] of Object.entries(outcome.skipped)) skipped[reason as SkipReason] += count
      malformed.push(...outcome.malformed.slice(0, mostMalformed - malformed.length))
      unreadable.push(...outcome.unreadable)
    },
    taken: more => {
      taken = added(taken, more)
    },
    illTyped: counts => {
      for (const [column, count] of Object.entries(counts)) illTyped[column] = (illTyped[column] ?? 0) + count
    },
    unreadable: all => void unreadable.push(...all),
    sums: () => {
      const all = [...sources.values()]
      const sum = (member: keyof typeof nothing): number => all.reduce((total, each) => total + each[member], 0)
      return {
        files: sum('files'),
        unchanged: sum('unchanged'),
        bytes: sum('bytes'),
        lines: sum('lines'),
        linesWithRows: sum('linesWithRows'),
        captured: sum('captured'),
        ...taken,
        sources: all,
        skipped,
        malformed,
        illTyped,
        unreadable,
      }
    },
  }
}

const nothing = { files: 0, unchanged: 0, bytes: 0, lines: 0, linesWithRows: 0, captured: 0 }

function added(sum: Taken, more: Taken): Taken {
  return {
    rows: sum.rows + more.rows,
    duplicates: sum.duplicates + more.duplicates,
    deleted: sum.deleted + more.deleted,
    spooled: sum.spooled + more.spooled,
    refused: sum.refused + more.refused,
    commits: sum.commits + more.commits,
  }
}
