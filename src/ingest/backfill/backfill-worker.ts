import { randomUUID } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { recordPlace } from '../../stores/records/place.ts'
import type { IntakeAnswer } from '../intake.ts'
import { failureOf, failureWord } from '../thread.ts'
import { tombstoneReader } from '../tombstones/tombstones.ts'
import { backfill } from './backfill.ts'
import type { BackfillReply, BackfillTask, BackfillWord } from './backfill-thread.ts'
import { laneBeside } from './lane-thread.ts'

/*
 * The thread that does a backfill: it reads, shapes, encodes and commits, so
 * that the thread of the daemon stays free to answer. Only the spool is not
 * its own: rows for it go to the thread that has it.
 */

const { held, ...task } = workerData as BackfillTask
const abort = new AbortController()
const say = (word: BackfillWord, transfer: ArrayBuffer[] = []): void => parentPort?.postMessage(word, transfer)
/** One body is under way at a time. */
let waiting: { resolve(answer: IntakeAnswer): void; reject(error: Error): void } | undefined

parentPort?.on('message', (reply: BackfillReply) => {
  if (reply.type === 'stop') abort.abort()
  else if (reply.type === 'spooled') waiting?.resolve(reply.answer)
  else waiting?.reject(failureOf(reply.failure, 'backfill'))
})
const context = { now: Date.now, monotonic: () => performance.now(), random: Math.random, uniqueName: randomUUID }

try {
  await backfill({
    ...task,
    catalog: fileCatalog({ io: localFileIO, directory: task.tableDirectory, ...context }),
    records: recordPlace(task),
    tombstones: tombstoneReader({ place: recordPlace(task), table: task.declaration.table }),
    context,
    spool: held ? spool : undefined,
    beside: laneBeside(task, abort.signal),
    onEvent: event => say({ type: 'event', event }),
    signal: abort.signal,
  })
  say({ type: 'end' })
} catch (error) {
  say(failureWord(error, abort.signal.aborted))
}
parentPort?.close()

function spool(body: Uint8Array<ArrayBuffer>): Promise<IntakeAnswer> {
  return new Promise((resolve, reject) => {
    waiting = { resolve, reject }
    say({ type: 'spool', body }, [body.buffer])
  })
}
