import { HypError } from '../errors.ts'
import { type BackfillRequest, backfillScopes } from '../ingest/backfill/backfill-request.ts'
import type { BackfillEvent, BackfillSummary } from '../ingest/backfill/backfill-summary.ts'
import { sourceNames } from '../sources/catalogue.ts'
import type { RawRecord } from '../stores/records/kind.ts'
import type { TaskProgress } from '../stores/records/kinds/task.ts'
import type { TaskRequest } from '../stores/records/task-life.ts'
import type { OpenTask, TaskControl } from './tasks.ts'

type Listener = (event: BackfillEvent) => void

/** A backfill as a task; what is resumed is the same work once more: what is stored is not stored again. */
export function backfillTask(request: BackfillRequest, resumedFrom?: string): TaskRequest {
  const { source, since, until, directories, dryRun } = request
  return {
    kind: 'backfill',
    input: {
      source,
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
      ...(directories === undefined ? {} : { directories: { ...directories } }),
      ...(dryRun === true ? { dry_run: true } : {}),
    },
    resumedFrom,
  }
}

/** What a task is to load. @throws HypError NOT_FOUND for work that this version does not know */
export function backfillOf({ kind, input }: TaskRequest): BackfillRequest {
  const { source: named, since, until, directories, dry_run: dryRun, ...unknown } = input
  const source = backfillScopes.find(scope => scope === named)
  const isKnown =
    kind === 'backfill' &&
    Object.keys(unknown).length === 0 &&
    isTextOrNone(since) &&
    isTextOrNone(until) &&
    isDirectories(directories) &&
    (dryRun === undefined || typeof dryRun === 'boolean')
  if (isKnown && source !== undefined)
    return {
      source,
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
      ...(directories === undefined ? {} : { directories }),
      ...(dryRun === true ? { dryRun } : {}),
    }
  throw new HypError('NOT_FOUND', `This version does not know how to do ${JSON.stringify(kind)} of that input.`, {
    hint: 'A later version made the task: install that one.',
  })
}

function isTextOrNone(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

function isDirectories(value: unknown): value is BackfillRequest['directories'] {
  if (value === undefined) return true
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(
    ([name, path]) => (sourceNames as readonly string[]).includes(name) && typeof path === 'string',
  )
}

/** Runs a backfill as a task that was made for it. */
export function runBackfillTask(
  task: OpenTask,
  listener: Listener,
  work: (listener: Listener, signal: AbortSignal) => Promise<BackfillSummary>,
): Promise<BackfillSummary> {
  return task.run(({ signal, progress }: TaskControl) => {
    const listen = (event: BackfillEvent): void => {
      if (event.type === 'progress') progress(progressOf(event))
      listener(event)
    }
    return work(listen, signal)
  }, countsOf)
}

function progressOf({ files, rows }: Extract<BackfillEvent, { type: 'progress' }>): TaskProgress {
  return { ...files, unit: 'files', rows }
}

function countsOf(summary: BackfillSummary): RawRecord {
  const { files, unchanged, lines, rows, duplicates, deleted, spooled, refused, skipped, unreadable, commits, ms } =
    summary
  return {
    files,
    unchanged,
    unreadable: unreadable.length,
    lines,
    skipped: Object.values(skipped).reduce((sum, count) => sum + count, 0),
    rows,
    duplicates,
    deleted,
    spooled,
    refused,
    commits,
    ms,
  }
}
