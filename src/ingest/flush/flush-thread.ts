import { Worker } from 'node:worker_threads'
import type { Declaration } from '../../schema/declaration.ts'
import { endedWith, type FailureWord, failureOf, threadLimits } from '../thread.ts'
import type { FlushEvent, FlushedSegment, FlushResult } from './flush.ts'

/** What is to be flushed, and where. */
export interface FlushTask {
  /** The table's directory. */
  readonly table: string
  /** `spool/<table>`. */
  readonly spool: string
  /** `quarantine/<table>`. */
  readonly quarantine: string
  /** All closed segments of the spool, in order. */
  readonly segments: readonly FlushedSegment[]
  /** All streams that have files in the spool. */
  readonly streams: readonly string[]
  /** What is applied to the table. */
  readonly declaration: Declaration
}

/** What a flush thread is told. */
export type FlushOrder = { readonly type: 'flush'; readonly task: FlushTask } | { readonly type: 'stop' }

/** What a flush thread says. */
export type FlushWord =
  | { readonly type: 'event'; readonly event: FlushEvent }
  | { readonly type: 'done'; readonly result: FlushResult }
  | FailureWord

/** A thread that flushes, one task after the other. */
export interface Flusher {
  /** @throws HypError as `flush`, INTERRUPTED when aborted; what was committed stays */
  flush(task: FlushTask, signal?: AbortSignal, onEvent?: (event: FlushEvent) => void): Promise<FlushResult>
  /** Waits for what was ordered, and ends the thread. */
  close(): Promise<void>
}

/** The end of a task: one of the two is called. */
interface Waiting {
  readonly onEvent: (event: FlushEvent) => void
  readonly resolve: (result: FlushResult) => void
  readonly reject: (error: unknown) => void
}

/** The thread itself is started with the first task, and anew after one that it did not survive. */
export function startFlusher(): Flusher {
  let worker: Worker | undefined
  let waiting: Waiting | undefined
  let last: Promise<unknown> = Promise.resolve()

  return {
    flush: (task, signal, onEvent = () => undefined) => {
      const next = last.then(() => run(task, signal, onEvent))
      last = next.catch(() => undefined)
      return next
    },
    close: async () => {
      await last
      await worker?.terminate()
    },
  }

  async function run(
    task: FlushTask,
    signal: AbortSignal | undefined,
    onEvent: (event: FlushEvent) => void,
  ): Promise<FlushResult> {
    if (signal?.aborted === true) throw failureOf({ type: 'aborted' }, 'flush')
    const thread = (worker ??= start())
    const order = (word: FlushOrder): void => thread.postMessage(word)
    const stop = (): void => order({ type: 'stop' })
    signal?.addEventListener('abort', stop, { once: true })
    try {
      return await new Promise<FlushResult>((resolve, reject) => {
        waiting = { onEvent, resolve, reject }
        order({ type: 'flush', task: { ...task, segments: task.segments.map(plainSegment) } })
      })
    } finally {
      waiting = undefined
      signal?.removeEventListener('abort', stop)
    }
  }

  function start(): Worker {
    const thread = new Worker(new URL('./flush-worker.js', import.meta.url), { resourceLimits: threadLimits })
    thread.on('message', (word: FlushWord) => {
      if (word.type === 'event') waiting?.onEvent(word.event)
      else if (word.type === 'done') waiting?.resolve(word.result)
      else waiting?.reject(failureOf(word, 'flush'))
    })
    const end = (error: unknown): void => {
      if (worker !== thread) return
      worker = undefined
      waiting?.reject(error)
    }
    thread.on('error', end)
    thread.on('exit', code => end(endedWith(code, 'flush')))
    return thread
  }
}

/** An error does not travel as what it is. */
function plainSegment(segment: FlushedSegment): FlushedSegment {
  const { problem } = segment
  return problem === undefined ? segment : { ...segment, problem: { message: problem.message } }
}
