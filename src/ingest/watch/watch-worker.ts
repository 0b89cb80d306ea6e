import { parentPort, workerData } from 'node:worker_threads'
import type { Declaration } from '../../schema/declaration.ts'
import { yieldToOthers } from '../low-priority.ts'
import { failureWord } from '../thread.ts'
import { watchHistories } from './watch-histories.ts'
import type { WatchAnswer, WatchTask, WatchWord } from './watch-thread.ts'

/*
 * The thread that watches the histories: it looks at files, reads and shapes, so that the thread of the daemon stays
 * free to answer.
 */

const { declaration: first, ...where } = workerData as WatchTask
let answered: (declaration: Declaration | undefined) => void = () => undefined
const say = (word: WatchWord): void => parentPort?.postMessage(word)

yieldToOthers()

parentPort?.on('message', ({ declaration }: WatchAnswer) => answered(declaration))

try {
  await watchHistories({
    where,
    declaration: first,
    take: body =>
      new Promise(resolve => {
        answered = resolve
        say({ type: 'body', body })
      }),
    onEvent: event => say({ type: 'event', event }),
    // It goes on until the thread is ended.
    signal: new AbortController().signal,
  })
} catch (error) {
  say(failureWord(error, false))
}
