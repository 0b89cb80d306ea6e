import type { Declaration } from '../../schema/declaration.ts'
import { startTaskThread } from '../task-thread.ts'
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
  /** `records` of the home, where it says what was deleted. */
  readonly records: string
}

/** A thread that flushes, one task after the other. */
export interface Flusher {
  /** @throws HypError as `flush`, INTERRUPTED when aborted; what was committed stays */
  flush(task: FlushTask, signal?: AbortSignal, onEvent?: (event: FlushEvent) => void): Promise<FlushResult>
  /** Waits for what was ordered, and ends the thread. */
  close(): Promise<void>
}

/** The thread itself is started with the first task, and anew after one that it did not survive. */
export function startFlusher(): Flusher {
  const thread = startTaskThread<FlushTask, FlushResult, FlushEvent>(
    new URL('./flush-worker.js', import.meta.url),
    'flush',
  )
  return {
    flush: (task, signal, onEvent) =>
      thread.run({ ...task, segments: task.segments.map(plainSegment) }, signal, onEvent),
    close: () => thread.close(),
  }
}

/** An error does not travel as what it is. */
function plainSegment(segment: FlushedSegment): FlushedSegment {
  const { problem } = segment
  return problem === undefined ? segment : { ...segment, problem: { message: problem.message } }
}
