import { Worker } from 'node:worker_threads'
import { toHypError } from '../../errors.ts'
import type { Declaration } from '../../schema/declaration.ts'
import type { Whereabouts } from '../../sources/source.ts'
import type { IntakeAnswer } from '../intake.ts'
import { endedWith, type FailureWord, failureOf, failureWord, threadLimits } from '../thread.ts'
import type { BackfillRequest } from './backfill-request.ts'
import type { BackfillEvent, BackfillSummary } from './backfill-summary.ts'
import type { AcceptRows } from './spool-sink.ts'

/** What a backfill thread is told when it begins. Plain data. */
export interface BackfillTask {
  readonly request: BackfillRequest
  /** Where histories are looked for. */
  readonly where: Whereabouts
  readonly declaration: Declaration
  /** The schema that the declaration came to in the table, where that is known: it may be another when the thread begins. */
  readonly appliedSchemaId?: number | undefined
  readonly tableDirectory: string
  /** `records` of the home. */
  readonly records: string
  /** The table refuses rows: they go to whoever began the thread, for its spool. */
  readonly held: boolean
}

/** What a backfill thread says. */
export type BackfillWord =
  | { readonly type: 'event'; readonly event: BackfillEvent }
  | { readonly type: 'spool'; readonly body: Uint8Array<ArrayBuffer> }
  | { readonly type: 'end' }
  | FailureWord

/** What it is told meanwhile. */
export type BackfillReply =
  | { readonly type: 'stop' }
  | { readonly type: 'spooled'; readonly answer: IntakeAnswer }
  | { readonly type: 'refused'; readonly failure: FailureWord }

export interface RunBackfillOptions {
  readonly onEvent: (event: BackfillEvent) => void
  readonly signal: AbortSignal
  /** Takes rows into the spool of the table; only of a task that is `held`. */
  readonly spool?: AcceptRows | undefined
}

/** Runs a backfill in a thread of its own. @throws HypError as the backfill, INTERRUPTED when aborted */
export async function runBackfill(
  task: BackfillTask,
  { onEvent, signal, spool }: RunBackfillOptions,
): Promise<BackfillSummary> {
  const worker = new Worker(new URL('./backfill-worker.js', import.meta.url), {
    workerData: task,
    resourceLimits: threadLimits,
  })
  const reply = (word: BackfillReply): void => worker.postMessage(word)
  const stop = (): void => reply({ type: 'stop' })
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await new Promise<BackfillSummary>((resolve, reject) => {
      let summary: BackfillSummary | undefined
      worker.on('message', (word: BackfillWord) => {
        if (word.type === 'event') {
          if (word.event.type === 'done') summary = word.event.summary
          onEvent(word.event)
        } else if (word.type === 'spool') void answer(word.body)
        else if (word.type === 'end') resolve(summary as BackfillSummary)
        else reject(failureOf(word, 'backfill'))
      })
      worker.once('error', reject)
      worker.once('exit', code => reject(endedWith(code, 'backfill')))
    })
  } finally {
    signal.removeEventListener('abort', stop)
    await worker.terminate()
  }

  async function answer(body: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      reply({ type: 'spooled', answer: await (spool as AcceptRows)(body) })
    } catch (error) {
      reply({ type: 'refused', failure: failureWord(toHypError(error), false) })
    }
  }
}
