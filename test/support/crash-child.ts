import { writeSync } from 'node:fs'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { lateStory, loopStep, perform, wholeStory } from './crash-story.ts'
import { systemClock } from './crash-table.ts'
import { type Operation, watchedFileIO } from './fault-file-io.ts'

/*
 * A process that works on a table until it is killed, by itself before or in
 * the middle of one operation, or from outside. Says one line for every
 * commit, and at its end which operations there were.
 */

export interface CrashTask {
  readonly directory: string
  /** A loop goes on until somebody ends it. */
  readonly story: 'whole' | 'late' | 'loop'
  /** The step to begin with. */
  readonly from: number
  /** Where to die: before an operation, or with half of a write done. */
  readonly kill?: { readonly n: number; readonly half: boolean }
}

export type CrashWord =
  | { readonly type: 'ready' }
  | { readonly type: 'committed'; readonly step: number }
  | { readonly type: 'finished'; readonly operations: readonly Operation[] }

const task = JSON.parse(process.argv[2] as string) as CrashTask
const say = (word: CrashWord): void => {
  writeSync(1, `${JSON.stringify(word)}\n`)
}

const operations: Operation[] = []
const io = watchedFileIO(localFileIO, {
  before: async operation => {
    operations.push(operation)
    if (task.kill?.n === operation.n && !task.kill.half) await die()
  },
  halfWay: async operation => {
    if (task.kill?.n === operation.n && task.kill.half) await die()
  },
})

async function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => undefined)
}

say({ type: 'ready' })
const steps = { whole: wholeStory, late: lateStory, loop: undefined }[task.story]
for (let index = task.from; ; index++) {
  const step = steps === undefined ? loopStep(index) : steps[index]
  if (step === undefined) break
  await perform(step, io, task.directory, systemClock)
  say({ type: 'committed', step: index })
}
say({ type: 'finished', operations })
