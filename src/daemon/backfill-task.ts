import { HypError } from '../errors.ts'
import type { BackfillEvent, BackfillSummary } from '../ingest/backfill.ts'
import { type SourceName, sourceNames } from '../sources/catalogue.ts'
import type { RawRecord } from '../stores/records/kind.ts'
import type { TaskProgress } from '../stores/records/kinds/task.ts'
import type { TaskRequest } from '../stores/records/task-life.ts'
import type { OpenTask, TaskControl } from './tasks.ts'

type Listener = (event: BackfillEvent) => void

/** A backfill as a task; what is resumed is the same work once more: what is stored is not stored again. */
export function backfillRequest(source: SourceName, resumedFrom?: string): TaskRequest {
  return { kind: 'backfill', input: { source }, resumedFrom }
}

/** The source that a task is about. @throws HypError NOT_FOUND for work that this version does not know */
export function backfillSource({ kind, input }: TaskRequest): SourceName {
  const source = sourceNames.find(name => name === input['source'])
  if (kind === 'backfill' && source !== undefined) return source
  throw new HypError('NOT_FOUND', `This version does not know how to do ${JSON.stringify(kind)} of that input.`, {
    hint: 'A later version made the task: install that one.',
  })
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
  const { files, unchanged, lines, rows, duplicates, skipped, unreadable, commits, ms } = summary
  return {
    files,
    unchanged,
    unreadable: unreadable.length,
    lines,
    skipped: Object.values(skipped).reduce((sum, count) => sum + count, 0),
    rows,
    duplicates,
    commits,
    ms,
  }
}
