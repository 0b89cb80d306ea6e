import { startTaskThread, type TaskThread } from '../../ingest/task-thread.ts'
import type { Home } from '../../stores/home.ts'
import type { UpkeepStep } from '../../stores/table/upkeep/due.ts'
import type { Tended } from '../../stores/table/upkeep/tend.ts'

/** A table to be looked after. Plain data. */
export interface UpkeepTask {
  readonly home: Home
  /** What the table is called. */
  readonly name: string
  readonly directory: string
  /** What to do, whether it is due or not; undefined: what is due. */
  readonly steps: readonly UpkeepStep[] | undefined
  readonly dryRun: boolean
  /** When it was last looked for files that nothing needs. */
  readonly sweptMs: number | undefined
  /** When the daemon began; milliseconds since 1970. */
  readonly writingSinceMs: number
}

/** A thread that looks after tables, one task after the other. */
export interface UpkeepThread {
  /** @throws HypError as `tendTable`, INTERRUPTED when aborted; what was committed stays */
  run(task: UpkeepTask, signal: AbortSignal): Promise<Tended>
  /** Waits for what was ordered, but no longer than so many milliseconds, and ends the thread. */
  close(longestMs: number): Promise<void>
}

/** There is a thread only while there is work: most of the time there is none. */
export function startUpkeepThread(): UpkeepThread {
  let current: TaskThread<UpkeepTask, Tended> | undefined
  let tasks = 0
  return {
    run: async (task, signal) => {
      const thread = (current ??= startTaskThread(new URL('./upkeep-worker.js', import.meta.url), 'maintenance'))
      tasks++
      try {
        return await thread.run(task, signal)
      } finally {
        if (--tasks === 0) {
          current = undefined
          void thread.close()
        }
      }
    },
    close: async longestMs => current?.close(longestMs),
  }
}
