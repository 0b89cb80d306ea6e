import { Worker } from 'node:worker_threads'
import type { Declaration } from '../../schema/declaration.ts'
import { endedWith, type FailureWord, failureOf, threadLimits } from '../thread.ts'
import type { BatchFormat, CheckedBatch } from './batch.ts'

/** What a check thread is told. */
export type CheckOrder =
  | { readonly type: 'declare'; readonly as: number; readonly declaration: Declaration }
  | { readonly type: 'forget'; readonly as: number }
  | {
      readonly type: 'check'
      readonly id: number
      readonly body: Uint8Array<ArrayBuffer>
      readonly format: BatchFormat
      readonly as: number
    }

/** What a check thread says. */
export type CheckWord =
  | { readonly type: 'checked'; readonly id: number; readonly batch: CheckedBatch }
  | (FailureWord & { readonly id: number })

/** A thread that holds bodies against declarations, one after the other: the daemon's own has other requests to answer. */
export interface Checks {
  /**
   * @param body goes to the thread, and is empty from then on
   * @throws HypError as `checkBatch`
   */
  readonly check: (
    body: Uint8Array<ArrayBuffer>,
    format: BatchFormat,
    declaration: Declaration,
  ) => Promise<CheckedBatch>
  readonly close: () => Promise<void>
}

interface Waiting {
  readonly resolve: (batch: CheckedBatch) => void
  readonly reject: (error: unknown) => void
}

/** A running thread, and what it was told. */
interface Running {
  readonly thread: Worker
  readonly waiting: Map<number, Waiting>
  /** What each declaration is called, the one that was used last at the end. */
  readonly names: Map<Declaration, number>
}

/** There are few at a time: one for each table, and those of the last changes. */
const mostDeclarations = 100

/** The thread itself is started with the first body, and anew after one that it did not survive. */
export function startChecks(): Checks {
  let running: Running | undefined
  let last = 0
  return {
    check: (body, format, declaration) => {
      const { thread, waiting, names } = (running ??= start())
      const as = nameOf(declaration, thread, names)
      const id = ++last
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        order(thread, { type: 'check', id, body, format, as }, [body.buffer])
      })
    },
    close: async () => void (await running?.thread.terminate()),
  }

  function nameOf(declaration: Declaration, thread: Worker, names: Map<Declaration, number>): number {
    const known = names.get(declaration)
    const as = known ?? ++last
    if (known === undefined) order(thread, { type: 'declare', as, declaration })
    names.delete(declaration)
    names.set(declaration, as)
    for (const [old, name] of names) {
      if (names.size <= mostDeclarations) break
      names.delete(old)
      order(thread, { type: 'forget', as: name })
    }
    return as
  }

  function start(): Running {
    const thread = new Worker(new URL('./check-worker.js', import.meta.url), { resourceLimits: threadLimits })
    const waiting = new Map<number, Waiting>()
    thread.on('message', (word: CheckWord) => {
      const waits = waiting.get(word.id)
      waiting.delete(word.id)
      if (word.type === 'checked') waits?.resolve(word.batch)
      else waits?.reject(failureOf(word, 'check'))
    })
    const end = (error: unknown): void => {
      if (running?.thread === thread) running = undefined
      for (const { reject } of waiting.values()) reject(error)
      waiting.clear()
    }
    thread.on('error', end)
    thread.on('exit', code => end(endedWith(code, 'check')))
    return { thread, waiting, names: new Map() }
  }
}

function order(thread: Worker, what: CheckOrder, transfer: readonly ArrayBuffer[] = []): void {
  thread.postMessage(what, [...transfer])
}
