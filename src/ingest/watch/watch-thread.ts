import { Worker } from 'node:worker_threads'
import type { Declaration } from '../../schema/declaration.ts'
import { endedWith, type FailureWord, failureOf, threadLimits } from '../thread.ts'
import type { Body, Take } from './handover.ts'
import type { WatchEvent } from './watch-histories.ts'

/** What a watching thread is started with. */
export interface WatchTask {
  /** What the table is declared as. */
  readonly declaration: Declaration
  /** The user's home directory. */
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What a watching thread is told of the body that it said: what `Take` came to. */
export interface WatchAnswer {
  readonly declaration: Declaration | undefined
}

/** What a watching thread says. */
export type WatchWord =
  | { readonly type: 'event'; readonly event: WatchEvent }
  | { readonly type: 'body'; readonly body: Body }
  | FailureWord

/** A thread that watches the histories, as {@link watchHistories}. */
export interface WatchThread {
  /** When it has stopped. @throws what ended it before */
  readonly ended: Promise<void>
  /** Ends it, whatever it does: what it read and nobody took is read again by the next import. */
  stop(): Promise<void>
}

export function startWatchThread(
  task: WatchTask,
  { take, onEvent }: { readonly take: Take; readonly onEvent: (event: WatchEvent) => void },
): WatchThread {
  const worker = new Worker(new URL('./watch-worker.js', import.meta.url), {
    workerData: task,
    resourceLimits: threadLimits,
  })
  const answer = (word: WatchAnswer): void => worker.postMessage(word)
  let stopping = false
  const ended = new Promise<void>((resolve, reject) => {
    worker.on('message', (word: WatchWord) => {
      if (word.type === 'event') onEvent(word.event)
      // What is not taken is not answered: the thread waits until it is ended.
      else if (word.type === 'body') take(word.body).then(declaration => answer({ declaration }), reject)
      else reject(failureOf(word, 'watch'))
    })
    worker.once('error', reject)
    worker.once('exit', code => (stopping ? resolve() : reject(endedWith(code, 'watch'))))
  })
  ended.catch(() => undefined).finally(() => void worker.terminate())
  return {
    ended,
    stop: async () => {
      stopping = true
      await worker.terminate()
      await ended.catch(() => undefined)
    },
  }
}
