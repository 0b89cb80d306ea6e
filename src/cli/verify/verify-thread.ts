import { runInThread } from '../../ingest/task-thread.ts'
import type { Verification } from '../../stores/table/verify.ts'

/** What is to be verified. Plain data. */
export interface VerifyTask {
  /** Of a table. */
  readonly directory: string
}

/** Verifies a table in a thread of its own, so that it can be interrupted. @throws HypError as `verifyTable` */
export function verifyInThread(task: VerifyTask, signal: AbortSignal): Promise<Verification> {
  return runInThread(new URL('./verify-worker.js', import.meta.url), 'verification', task, signal)
}
