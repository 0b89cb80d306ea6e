import { randomUUID } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { yieldToOthers } from '../low-priority.ts'
import { failureWord } from '../thread.ts'
import { flush } from './flush.ts'
import type { FlushOrder, FlushTask, FlushWord } from './flush-thread.ts'

/*
 * The thread that flushes: it reads segments, shapes, encodes and commits, so
 * that the thread of the daemon stays free to answer.
 */

const context = { now: Date.now, monotonic: () => performance.now(), random: Math.random, uniqueName: randomUUID }
const say = (word: FlushWord): void => parentPort?.postMessage(word)
let abort: AbortController | undefined

yieldToOthers()

parentPort?.on('message', (order: FlushOrder) => {
  if (order.type === 'stop') abort?.abort()
  else void work(order.task)
})

async function work(task: FlushTask): Promise<void> {
  const { signal } = (abort = new AbortController())
  const { table: directory, spool, ...rest } = task
  try {
    const result = await flush({
      ...rest,
      catalog: fileCatalog({ io: localFileIO, directory, ...context }),
      io: localFileIO,
      rejects: `${spool}/rejects`,
      context,
      onEvent: event => say({ type: 'event', event }),
      signal,
    })
    say({ type: 'done', result })
  } catch (error) {
    say(failureWord(error, signal.aborted))
  }
}
