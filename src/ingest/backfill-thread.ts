import { Worker } from 'node:worker_threads'
import { type ErrorCode, HypError } from '../errors.ts'
import type { Declaration } from '../schema/declaration.ts'
import type { BackfillEvent, BackfillSummary, SourceName } from './backfill.ts'

/** What a backfill thread is told. */
export interface BackfillTask {
  readonly source: SourceName
  readonly declaration: Declaration
  /** The table's directory. */
  readonly directory: string
  /** The user's home directory. */
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What a backfill thread says. */
export type BackfillWord =
  | { readonly type: 'event'; readonly event: BackfillEvent }
  | { readonly type: 'end' }
  | { readonly type: 'aborted' }
  | {
      readonly type: 'failed'
      readonly code: ErrorCode
      readonly message: string
      readonly hint: string
      readonly details: Readonly<Record<string, unknown>>
    }

/**
 * Left alone, the engine lets a heap grow to four times what is in use before it
 * cleans up; the smaller the heap may become, the sooner it does. This leaves
 * room for the longest line there may be.
 */
export const threadLimits = { maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb: 24 } as const

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
        else if (word.type === 'aborted') reject(new HypError('INTERRUPTED', 'The backfill was interrupted.'))
        else reject(new HypError(word.code, word.message, word))
      })
      worker.once('error', reject)
      worker.once('exit', code => reject(new HypError('INTERNAL', `The backfill thread ended with ${code}.`)))
    })
  } finally {
    signal.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
