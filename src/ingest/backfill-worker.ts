import { randomUUID } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { fileCatalog } from '../iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../iceberg/file-io/local.ts'
import { recordPlace } from '../stores/records/place.ts'
import { backfill } from './backfill.ts'
import type { BackfillTask, BackfillWord } from './backfill-thread.ts'
import { failureWord } from './thread.ts'

/*
 * The thread that does a backfill: it reads, shapes, encodes and commits, so
 * that the thread of the daemon stays free to answer.
 */

const task = workerData as BackfillTask
const abort = new AbortController()
const say = (word: BackfillWord): void => parentPort?.postMessage(word)

parentPort?.once('message', () => abort.abort())
const context = { now: Date.now, monotonic: () => performance.now(), random: Math.random, uniqueName: randomUUID }
const catalog = fileCatalog({ io: localFileIO, directory: task.directory, ...context })

try {
  await backfill({
    ...task,
    catalog,
    records: recordPlace(task),
    context,
    onEvent: event => say({ type: 'event', event }),
    signal: abort.signal,
  })
  say({ type: 'end' })
} catch (error) {
  say(failureWord(error, abort.signal.aborted))
}
parentPort?.close()
