import { type ErrorDocument, errorDocument } from '../errors.ts'
import type { RawRecord } from '../stores/records/kind.ts'
import type { Task, TaskError, TaskProgress, TaskStatus, TerminalReason } from '../stores/records/kinds/task.ts'
import type { RecordProblem } from '../stores/records/store.ts'
import type { TaskList } from './tasks.ts'

/** A task as JSON, the same on stdout and over HTTP. */
export interface TaskSummary {
  readonly id: string
  readonly kind: string
  readonly input: RawRecord
  readonly status: TaskStatus
  readonly createdAt: string
  readonly startedAt: string | null
  readonly endedAt: string | null
  /** From its start to its end; null until it ended. */
  readonly elapsed_ms: number | null
  readonly progress: TaskProgress | null
  readonly result: RawRecord | null
  readonly error: TaskError | null
  readonly terminalReason: TerminalReason | null
  readonly lifecycleSeq: number
  readonly resumedFrom: string | null
}

export interface TaskDetails extends TaskSummary {
  readonly timeline: readonly {
    readonly at: string
    readonly kind: string
    readonly summary: string
    readonly omitted: number | null
  }[]
}

export interface TaskDocument {
  readonly formatVersion: 1
  readonly task: TaskDetails
}

export interface TasksDocument {
  readonly formatVersion: 1
  readonly tasks: readonly TaskSummary[]
  readonly problems: readonly ProblemDocument[]
}

/** A record that cannot be used, as JSON. */
export interface ProblemDocument {
  readonly kind: string
  readonly id: string | null
  readonly path: string
  readonly error: ErrorDocument
}

export function tasksDocument({ tasks, problems }: TaskList): TasksDocument {
  return { formatVersion: 1, tasks: tasks.map(taskSummary), problems: problems.map(problemDocument) }
}

export function taskDocument(task: Task): TaskDocument {
  const timeline = task.timeline.map(({ at, kind, summary, omitted }) => ({
    at,
    kind,
    summary,
    omitted: omitted ?? null,
  }))
  return { formatVersion: 1, task: { ...taskSummary(task), timeline } }
}

export function problemDocument({ kind, id, path, error }: RecordProblem): ProblemDocument {
  return { kind, id, path, error: errorDocument(error) }
}

function taskSummary(task: Task): TaskSummary {
  const { startedAt, endedAt, progress, error } = task
  return {
    id: task.id,
    kind: task.kind,
    input: task.input,
    status: task.status,
    createdAt: task.createdAt,
    startedAt,
    endedAt,
    elapsed_ms: startedAt === null || endedAt === null ? null : Date.parse(endedAt) - Date.parse(startedAt),
    progress:
      progress === null
        ? null
        : { done: progress.done, total: progress.total, unit: progress.unit, rows: progress.rows },
    result: task.result,
    error: error === null ? null : { code: error.code, message: error.message, hint: error.hint },
    terminalReason: task.terminalReason,
    lifecycleSeq: task.lifecycleSeq,
    resumedFrom: task.resumedFrom,
  }
}
