import { parentPort, Worker } from 'node:worker_threads'
import { endedWith, type FailureWord, failureOf, failureWord, threadLimits } from './thread.ts'

/*
 * A thread that does one kind of work, one task after the other: what is to be done goes in as plain data, events and a
 * result come back.
 */

/** What such a thread is told. */
type TaskOrder<Task> = { readonly type: 'work'; readonly task: Task } | { readonly type: 'stop' }

/** What such a thread says. */
type TaskWord<Result, Event> =
  | { readonly type: 'event'; readonly event: Event }
  | { readonly type: 'done'; readonly result: Result }
  | FailureWord

/** A thread that works. */
export interface TaskThread<Task, Result, Event = never> {
  /** @throws HypError as the work does, INTERRUPTED when aborted */
  run(task: Task, signal?: AbortSignal, onEvent?: (event: Event) => void): Promise<Result>
  /** Waits for what was ordered, but no longer than so many milliseconds where they are given, and ends the thread. */
  close(longestMs?: number): Promise<void>
}

/** The end of a task: one of the two is called. */
interface Waiting<Result, Event> {
  readonly onEvent: (event: Event) => void
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** Does one task in a thread that ends with it; see {@link startTaskThread}. @throws HypError as {@link TaskThread.run} */
export async function runInThread<Result>(
  worker: URL,
  work: string,
  task: unknown,
  signal: AbortSignal,
): Promise<Result> {
  const thread = startTaskThread<unknown, Result>(worker, work)
  try {
    return await thread.run(task, signal)
  } finally {
    await thread.close()
  }
}

/**
 * The thread itself is started with the first task, and anew after one that it did not survive.
 * @param worker a module that calls {@link serveTasks}
 * @param work what it is called in errors, e.g. `flush`
 */
export function startTaskThread<Task, Result, Event = never>(
  worker: URL,
  work: string,
): TaskThread<Task, Result, Event> {
  let running: Worker | undefined
  let waiting: Waiting<Result, Event> | undefined
  let last: Promise<unknown> = Promise.resolve()

  return {
    run: (task, signal, onEvent = () => undefined) => {
      const next = last.then(() => run(task, signal, onEvent))
      last = next.catch(() => undefined)
      return next
    },
    close: async longestMs => {
      let timer: NodeJS.Timeout | undefined
      const patience = new Promise(resolve => {
        if (longestMs !== undefined) timer = setTimeout(resolve, longestMs)
      })
      await Promise.race([last, patience])
      clearTimeout(timer)
      await running?.terminate()
    },
  }

  async function run(task: Task, signal: AbortSignal | undefined, onEvent: (event: Event) => void): Promise<Result> {
    if (signal?.aborted === true) throw failureOf({ type: 'aborted' }, work)
    const thread = (running ??= start())
    const order = (word: TaskOrder<Task>): void => thread.postMessage(word)
    const stop = (): void => order({ type: 'stop' })
    signal?.addEventListener('abort', stop, { once: true })
    try {
      return await new Promise<Result>((resolve, reject) => {
        waiting = { onEvent, resolve, reject }
        order({ type: 'work', task })
      })
    } finally {
      waiting = undefined
      signal?.removeEventListener('abort', stop)
    }
  }

  function start(): Worker {
    const thread = new Worker(worker, { resourceLimits: threadLimits })
    thread.on('message', (word: TaskWord<Result, Event>) => {
      if (word.type === 'event') waiting?.onEvent(word.event)
      else if (word.type === 'done') waiting?.resolve(word.result)
      else waiting?.reject(failureOf(word, work))
    })
    const end = (error: unknown): void => {
      if (running !== thread) return
      running = undefined
      waiting?.reject(error)
    }
    thread.on('error', end)
    thread.on('exit', code => end(endedWith(code, work)))
    return thread
  }
}

/** What the work of a task is given besides the task. */
export interface TaskContext<Event> {
  readonly signal: AbortSignal
  readonly say: (event: Event) => void
}

/** To be called once, in the thread: does what is ordered. */
export function serveTasks<Task, Result, Event = never>(
  work: (task: Readonly<Task>, context: TaskContext<Event>) => Promise<Result>,
): void {
  const say = (word: TaskWord<Result, Event>): void => parentPort?.postMessage(word)
  let abort: AbortController | undefined

  parentPort?.on('message', (order: TaskOrder<Task>) => {
    if (order.type === 'stop') abort?.abort()
    else void run(order.task)
  })

  async function run(task: Task): Promise<void> {
    const { signal } = (abort = new AbortController())
    try {
      say({ type: 'done', result: await work(task, { signal, say: event => say({ type: 'event', event }) }) })
    } catch (error) {
      say(failureWord(error, signal.aborted))
    }
  }
}
