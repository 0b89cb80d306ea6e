import { defineKind, type RawRecord, type RecordKind } from '../kind.ts'
import {
  countAt,
  isObject,
  listAt,
  objectAt,
  orNull,
  RecordMistake,
  textAt,
  timeAt,
  within,
  wordAt,
} from '../member.ts'
import { isRecordId } from '../record-id.ts'
import { type TimelineEntry, timelineOfLog } from '../task-timeline.ts'

export const taskStatuses = ['queued', 'running', 'completed', 'failed', 'canceled'] as const
export type TaskStatus = (typeof taskStatuses)[number]

/** Why a task ended. `shutdown`: the process was told to stop. `recovered`: the process was gone, and nobody had said why. */
export const terminalReasons = ['completed', 'canceled', 'shutdown', 'failed', 'recovered'] as const
export type TerminalReason = (typeof terminalReasons)[number]

/** How far a task is. */
export interface TaskProgress {
  readonly done: number
  readonly total: number
  /** What `done` and `total` count, e.g. `files`. */
  readonly unit: string
  /** Rows stored so far. */
  readonly rows: number
}

export interface TaskError {
  readonly code: string
  readonly message: string
  readonly hint: string
}

/** Long work: what it is, how far it is or how it ended, and what happened on the way. */
export interface Task {
  readonly id: string
  /** What is done, e.g. `backfill`. */
  readonly kind: string
  /** Of what: names only, enough to do it again. */
  readonly input: RawRecord
  readonly status: TaskStatus
  /** RFC 3339, UTC, as are the next two. */
  readonly createdAt: string
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly progress: TaskProgress | null
  /** Counts of what it came to. */
  readonly result: RawRecord | null
  readonly error: TaskError | null
  /** Null until it ended. */
  readonly terminalReason: TerminalReason | null
  /** One more with every change of the status, and with nothing else. */
  readonly lifecycleSeq: number
  readonly timeline: readonly TimelineEntry[]
  /** The task that it does again. */
  readonly resumedFrom: string | null
}

export const taskKind: RecordKind<Task> = defineKind<Task>({
  name: 'task',
  version: 3,
  steps: { 1: makeTimeline, 2: sayHowItEnded },
  print: task => ({
    id: task.id,
    kind: task.kind,
    input: task.input,
    status: task.status,
    created_at: task.createdAt,
    started_at: task.startedAt,
    ended_at: task.endedAt,
    progress: task.progress === null ? null : { ...task.progress },
    result: task.result,
    error: task.error === null ? null : { ...task.error },
    terminal_reason: task.terminalReason,
    lifecycle_seq: task.lifecycleSeq,
    timeline: task.timeline.map(entry => ({ ...entry })),
    resumed_from: task.resumedFrom,
  }),
  parse: raw => ({
    id: idAt(raw, 'id'),
    kind: textAt(raw, 'kind'),
    input: objectAt(raw, 'input'),
    status: wordAt(raw, 'status', taskStatuses),
    createdAt: timeAt(raw, 'created_at'),
    startedAt: orNull(timeAt, raw, 'started_at'),
    endedAt: orNull(timeAt, raw, 'ended_at'),
    progress: orNull(progressAt, raw, 'progress'),
    result: orNull(objectAt, raw, 'result'),
    error: orNull(errorAt, raw, 'error'),
    terminalReason: orNull((from, name) => wordAt(from, name, terminalReasons), raw, 'terminal_reason'),
    lifecycleSeq: countAt(raw, 'lifecycle_seq'),
    timeline: listAt(raw, 'timeline').map((entry, index) =>
      within(`timeline entry ${index + 1}`, () => entryOf(entry)),
    ),
    resumedFrom: orNull(idAt, raw, 'resumed_from'),
  }),
  idOf: ({ id }) => id,
})

/** 1 → 2: the log was one text of lines, and is a list of what happened when. */
function makeTimeline(raw: RawRecord): RawRecord {
  const { log, ...others } = raw
  if (Object.hasOwn(raw, 'timeline')) return raw
  if (typeof log !== 'string') return { ...raw, timeline: [] }
  const created = typeof raw['created_at'] === 'string' ? raw['created_at'] : ''
  return { ...others, timeline: timelineOfLog(log, created).map(entry => ({ ...entry })) }
}

/** What the status of a task says that does not say why it ended, and after how many changes of its status. */
const ended: Readonly<Record<string, { readonly reason: TerminalReason | null; readonly changes: number }>> = {
  queued: { reason: null, changes: 1 },
  running: { reason: null, changes: 2 },
  completed: { reason: 'completed', changes: 3 },
  failed: { reason: 'failed', changes: 3 },
  canceled: { reason: 'canceled', changes: 3 },
}

/** 2 → 3: why it ended, and how often its status changed, both as the status has it. Nothing was resumed before 3. */
function sayHowItEnded(raw: RawRecord): RawRecord {
  const status = raw['status']
  const known = typeof status === 'string' && Object.hasOwn(ended, status) ? ended[status] : undefined
  return {
    terminal_reason: known?.reason ?? null,
    lifecycle_seq: known?.changes ?? 0,
    resumed_from: null,
    ...raw,
  }
}

function idAt(raw: RawRecord, name: string): string {
  const id = textAt(raw, name)
  if (!isRecordId(id)) throw new RecordMistake(`has ${name} as a text that is no id`)
  return id
}

/* What follows gives the member itself, so that what it holds beyond is kept. */

function progressAt(raw: RawRecord, name: string): TaskProgress {
  const progress = objectAt(raw, name)
  return within(name, () => ({
    ...progress,
    done: countAt(progress, 'done'),
    total: countAt(progress, 'total'),
    unit: textAt(progress, 'unit'),
    rows: countAt(progress, 'rows'),
  }))
}

function errorAt(raw: RawRecord, name: string): TaskError {
  const error = objectAt(raw, name)
  return within(name, () => ({
    ...error,
    code: textAt(error, 'code'),
    message: textAt(error, 'message'),
    hint: textAt(error, 'hint'),
  }))
}

function entryOf(entry: unknown): TimelineEntry {
  if (!isObject(entry as never)) throw new RecordMistake('is no object')
  const raw = entry as RawRecord
  return {
    ...raw,
    at: timeAt(raw, 'at'),
    kind: textAt(raw, 'kind'),
    summary: textAt(raw, 'summary'),
    ...(Object.hasOwn(raw, 'omitted') ? { omitted: countAt(raw, 'omitted') } : {}),
  }
}
