import { Worker } from 'node:worker_threads'
import type { Declaration } from '../schema/declaration.ts'
import type { SourceName } from '../sources/catalogue.ts'
import type { BackfillEvent, BackfillSummary } from './backfill.ts'
import { endedWith, type FailureWord, failureOf, threadLimits } from './thread.ts'

/** What a backfill thread is told. */
export interface BackfillTask {
  readonly source: SourceName
  readonly declaration: Declaration
  /** The table's directory. */
  readonly directory: string
  /** `records` of the home. */
  readonly records: string
  /** The user's home directory. */
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What a backfill thread says. */
export type BackfillWord =
  | { readonly type: 'event'; readonly event: BackfillEvent }
  | { readonly type: 'end' }
  | FailureWord

/** Runs a backfill in a thread of its own. @throws HypError as the backfill, INTERRUPTED when aborted */
export async function runBackfill(
  task: BackfillTask,
  onEvent: (event: BackfillEvent) => void,
  signal: AbortSignal,
): Promise<BackfillSummary> {
  const worker = new Worker(new URL('./backfill-worker.js', import.meta.url), {
    workerData: task,
    resourceLimits: threadLimits,
  })
  const stop = (): void => worker.postMessage('stop')
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await new Promise<BackfillSummary>((resolve, reject) => {
      let summary: BackfillSummary | undefined
      worker.on('message', (word: BackfillWord) => {
        if (word.type === 'event') {
          if (word.event.type === 'done') summary = word.event.summary
          onEvent(word.event)
        } else if (word.type === 'end') resolve(summary as BackfillSummary)
        else reject(failureOf(word, 'backfill'))
      })
      worker.once('error', reject)
      worker.once('exit', code => reject(endedWith(code, 'backfill')))
    })
  } finally {
    signal.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
