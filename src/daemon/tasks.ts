import { errorCatalogue } from '../error-catalogue.ts'
import { HypError, toHypError } from '../errors.ts'
import type { RawRecord } from '../stores/records/kind.ts'
import { type Task, type TaskError, type TaskProgress, taskKind } from '../stores/records/kinds/task.ts'
import { isRecordId } from '../stores/records/record-id.ts'
import { openRecords, type RecordPlaceOptions, type RecordProblem, type StoredRecord } from '../stores/records/store.ts'
import {
  canceled,
  completed,
  failed,
  isEnded,
  isResumable,
  newTask,
  progressed,
  recovered,
  started,
  type TaskRequest,
} from '../stores/records/task-life.ts'
import { uuidV7 } from '../stores/uuid-v7.ts'

/** What work that runs as a task is handed. */
export interface TaskControl {
  /** Aborted when the task is cancelled or the process stops. */
  readonly signal: AbortSignal
  /** Says how far it is, as often as it likes. */
  readonly progress: (progress: TaskProgress) => void
}

/** A task that was made and can be run once. */
export interface OpenTask {
  readonly id: string
  /** Whether it was cancelled before it began. */
  isCanceled(): boolean
  /**
   * Does the work and keeps what came of it.
   * @param counts numbers alone
   * @throws HypError INTERRUPTED when it was cancelled, and whatever the work throws
   */
  run<Result>(work: (control: TaskControl) => Promise<Result>, counts: (result: Result) => RawRecord): Promise<Result>
}

export interface TaskList {
  /** The newest first. */
  readonly tasks: readonly Task[]
  readonly problems: readonly RecordProblem[]
}

/** The tasks of a home, in the process that holds its lock. */
export interface Tasks {
  /** Records of tasks that were left behind and could not be marked so; they are told of as if they were. */
  readonly unmarked: readonly RecordProblem[]
  /** Makes a task that waits for its turn. */
  open(request: TaskRequest): Promise<OpenTask>
  list(): Promise<TaskList>
  /** @throws HypError NOT_FOUND, RECORD_NEWER, RECORD_UNREADABLE */
  find(id: string): Promise<Task>
  /** Ends a task and gives it as it ended. @throws HypError as {@link find}, TASK_ENDED when it had ended before */
  cancel(id: string): Promise<Task>
  /** What is to be done again. @throws HypError as {@link find}, TASK_ENDED when it did not end or ended well */
  resumable(id: string): Promise<TaskRequest>
  /** Ends everything that runs because the process does; it can be resumed later. */
  stop(): void
}

export interface TasksOptions extends RecordPlaceOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly randomBytes: (length: number) => Uint8Array
}

/** A task of this process that has not ended. */
interface Live {
  stored: StoredRecord<Task>
  task: Task
  readonly abort: AbortController
  /** Resolves when the task has ended and its record says so. */
  readonly ended: Promise<void>
  readonly end: () => void
}

/** Progress is stored at most this often. */
const storeEveryMs = 1_000

/** So many tasks that ended are kept at any age. */
const newestKept = 100

/** And all that ended less than so many milliseconds ago. */
const youngestKept = 30 * 86_400_000

/**
 * Opens the tasks of a home. The caller holds the lock, so a task that says it runs was left by a process that is gone:
 * it is marked as failed, and no other record is written. Tasks that ended long ago are removed. Never fails.
 */
export async function openTasks(options: TasksOptions): Promise<Tasks> {
  const store = openRecords(taskKind, options)
  const live = new Map<string, Live>()
  /** What ended or was left behind, where its record could not be changed. */
  const left = new Map<string, Task>()
  const unmarked: RecordProblem[] = []
  const stopping = new AbortController()
  await recover()
  await prune()

  return {
    unmarked,
    open,
    list: async () => listTasks(options, known),
    find,
    cancel,
    resumable,
    stop: () => stopping.abort(),
  }

  function at(): string {
    return new Date(options.now()).toISOString()
  }

  /** What this process knows better than the records. */
  function known(id: string): Task | undefined {
    return live.get(id)?.task ?? left.get(id)
  }

  /** A disk that takes no note of it keeps nobody from working; the next start tries again. */
  async function recover(): Promise<void> {
    for (const item of (await store.list()).items) {
      if (isEnded(item.value)) continue
      const task = recovered(item.value, at())
      try {
        await store.update(item, task)
      } catch (error) {
        left.set(item.id, task)
        unmarked.push({ kind: taskKind.name, id: item.id, path: item.path, error: toHypError(error) })
      }
    }
  }

  async function prune(): Promise<void> {
    const ended = (await store.list()).items.filter(({ value }) => isEnded(value))
    const endedMs = ({ value }: StoredRecord<Task>): number => Date.parse(value.endedAt ?? value.createdAt)
    const newestFirst = ended.toSorted((a, b) => endedMs(b) - endedMs(a))
    // One that cannot be removed is removed another time.
    for (const item of newestFirst.slice(newestKept))
      if (options.now() - endedMs(item) > youngestKept) await store.remove(item.id).catch(() => undefined)
  }

  async function open(request: TaskRequest): Promise<OpenTask> {
    await prune()
    const id = uuidV7(options.now(), options.randomBytes(10))
    const task = newTask(id, request, at())
    let end = (): void => undefined
    const ended = new Promise<void>(resolve => (end = resolve))
    const entry: Live = { stored: await store.create(id, task), task, abort: new AbortController(), ended, end }
    live.set(id, entry)
    return {
      id,
      isCanceled: () => entry.abort.signal.aborted,
      run: (work, counts) => run(entry, work, counts),
    }
  }

  async function run<Result>(
    entry: Live,
    work: (control: TaskControl) => Promise<Result>,
    counts: (result: Result) => RawRecord,
  ): Promise<Result> {
    if (isEnded(entry.task)) throw new HypError('INTERRUPTED', 'The task was cancelled before it began.')
    const signal = AbortSignal.any([entry.abort.signal, stopping.signal])
    const writing = progressWriter(entry)
    try {
      await save(entry, started(entry.task, at()))
      signal.throwIfAborted()
      const result = await work({ signal, progress: writing.progress })
      await writing.settled()
      await finish(entry, completed(entry.task, counts(result), at()))
      return result
    } catch (error) {
      await writing.settled()
      // The work's own failure says more than that of the note about it.
      if (!isEnded(entry.task)) await finish(entry, failedWith(entry, error)).catch(() => undefined)
      throw signal.aborted ? new HypError('INTERRUPTED', 'The work was interrupted.', { cause: error }) : error
    }
  }

  function failedWith({ task, abort }: Live, error: unknown): Task {
    if (abort.signal.aborted) return canceled(task, at())
    if (stopping.signal.aborted) return failed(task, 'shutdown', stoppedError(task), at())
    return failed(task, 'failed', taskError(error), at())
  }

  async function finish(entry: Live, task: Task): Promise<void> {
    try {
      await save(entry, task)
    } catch (error) {
      // The record says that it runs, and nobody else would know better.
      left.set(task.id, task)
      throw error
    } finally {
      live.delete(entry.task.id)
      entry.end()
    }
  }

  async function save(entry: Live, task: Task): Promise<void> {
    entry.task = task
    entry.stored = await store.update(entry.stored, task)
  }

  /** Notes progress at once and stores it now and then; one that cannot be stored is told by the end, which is. */
  function progressWriter(entry: Live): {
    readonly progress: (progress: TaskProgress) => void
    readonly settled: () => Promise<void>
  } {
    let writing = Promise.resolve()
    let storedAt = options.now()
    return {
      progress: progress => {
        if (isEnded(entry.task)) return
        entry.task = progressed(entry.task, progress, at())
        const now = options.now()
        if (Math.abs(now - storedAt) < storeEveryMs) return
        storedAt = now
        writing = writing.then(() => save(entry, entry.task)).catch(() => undefined)
      },
      settled: () => writing,
    }
  }

  async function find(id: string): Promise<Task> {
    return known(id) ?? (await findTask(options, id)).value
  }

  async function cancel(id: string): Promise<Task> {
    const entry = live.get(id)
    if (entry === undefined) throw endedError(await find(id), 'cancelled', 'it has ended')
    entry.abort.abort()
    if (entry.task.status === 'queued') await finish(entry, canceled(entry.task, at()))
    await entry.ended
    return entry.task
  }

  async function resumable(id: string): Promise<TaskRequest> {
    const task = await find(id)
    if (!isResumable(task)) throw endedError(task, 'resumed', isEnded(task) ? 'it completed' : 'it has not ended')
    return { kind: task.kind, input: task.input, resumedFrom: id }
  }
}

/** The tasks of a home from their records, the newest first. Writes nothing; needs no lock. */
export async function listTasks(
  place: RecordPlaceOptions,
  live: (id: string) => Task | undefined = () => undefined,
): Promise<TaskList> {
  const { items, problems } = await openRecords(taskKind, place).list()
  const tasks = items.map(({ id, value }) => live(id) ?? value)
  return { tasks: tasks.toSorted((a, b) => compare(b.createdAt, a.createdAt) || compare(b.id, a.id)), problems }
}

/** One task from its record. @throws HypError NOT_FOUND, RECORD_NEWER, RECORD_UNREADABLE */
export async function findTask(place: RecordPlaceOptions, id: string): Promise<StoredRecord<Task>> {
  const found = isRecordId(id) ? await openRecords(taskKind, place).load(id) : undefined
  if (found !== undefined) return found
  throw new HypError('NOT_FOUND', `There is no task ${JSON.stringify(id)}.`, { hint: 'See `hyp tasks`.' })
}

function endedError({ id, status }: Task, what: string, why: string): HypError {
  return new HypError('TASK_ENDED', `The task ${id} cannot be ${what}: ${why}.`, { details: { id, status } })
}

function taskError(error: unknown): TaskError {
  const { code, message, hint } = toHypError(error)
  // A mistake of ours may quote anything.
  return { code, message: code === 'INTERNAL' ? errorCatalogue.INTERNAL.when : message, hint }
}

function stoppedError({ id }: Task): TaskError {
  return {
    code: 'INTERRUPTED',
    message: 'The process was told to stop.',
    hint: `Run \`hyp tasks ${id} --resume\`: what is stored already is not stored again.`,
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
