import { Worker } from 'node:worker_threads'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import type { Declaration } from '../../schema/declaration.ts'
import type { Whereabouts } from '../../sources/source.ts'
import { endedWith, type FailureWord, failureOf, threadLimits } from '../thread.ts'
import type { BesideLane } from './backfill.ts'
import type { LaneFile, LaneProgress, LaneReport } from './backfill-lane.ts'
import type { BackfillRequest } from './backfill-request.ts'
import type { Baton } from './turns.ts'

/** What a lane in a thread of its own is told when it begins. Plain data. */
export interface LaneTask {
  readonly request: BackfillRequest
  readonly where: Whereabouts
  readonly declaration: Declaration
  readonly tableDirectory: string
  /** `records` of the home. */
  readonly records: string
  readonly begun: Pick<Table, 'metadata'>
  readonly files: readonly LaneFile[]
}

/** What it says. */
export type LaneWord =
  | { readonly type: 'baton'; readonly baton: Baton }
  | { readonly type: 'stored'; readonly report: LaneReport }
  | { readonly type: 'progress'; readonly progress: LaneProgress }
  | { readonly type: 'end'; readonly illTyped: Readonly<Record<string, number>> }
  | FailureWord

/** What it is told meanwhile. */
export type LaneReply = { readonly type: 'stop' } | { readonly type: 'baton'; readonly baton: Baton }

/** Lanes of a backfill in threads of their own. */
export function laneBeside(task: Omit<LaneTask, 'begun' | 'files'>, signal: AbortSignal): BesideLane {
  return ({ files, begun, receive, onStored, onProgress }) => {
    const worker = new Worker(new URL('./lane-worker.js', import.meta.url), {
      workerData: { ...task, begun, files } satisfies LaneTask,
      resourceLimits: threadLimits,
    })
    const reply = (word: LaneReply): void => worker.postMessage(word)
    const stop = (): void => reply({ type: 'stop' })
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const ended = new Promise<Readonly<Record<string, number>>>((resolve, reject) => {
      let noted: void | Promise<void> = undefined
      worker.on('message', (word: LaneWord) => {
        if (word.type === 'baton') receive(word.baton)
        else if (word.type === 'progress') onProgress(word.progress)
        else if (word.type === 'stored') {
          noted = onStored(word.report)
          noted?.catch(reject)
        } else if (word.type === 'end') resolve(word.illTyped)
        else reject(failureOf(word, 'backfill'))
      })
      worker.once('error', reject)
      worker.once('exit', code => reject(endedWith(code, 'backfill')))
    })
    return {
      pass: baton => reply({ type: 'baton', baton }),
      ended,
      stop: async () => {
        signal.removeEventListener('abort', stop)
        // What it is writing it finishes or takes away again.
        stop()
        await ended.catch(() => undefined)
        await worker.terminate()
      },
    }
  }
}
