import { randomUUID } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { recordPlace } from '../../stores/records/place.ts'
import { gatewayIdOf, rowShaper } from '../rows.ts'
import { failureWord } from '../thread.ts'
import { tombstoneReader } from '../tombstones/tombstones.ts'
import { type LaneProgress, pairedBatch, runLane } from './backfill-lane.ts'
import type { LaneReply, LaneTask, LaneWord } from './lane-thread.ts'
import { readersOf } from './readers.ts'
import { tableSink } from './table-sink.ts'
import { timeRange } from './time-range.ts'
import { newTurns } from './turns.ts'

/*
 * A thread that shares the files of a backfill with the thread that began it:
 * while one of the two encodes and commits, the other reads.
 */

const { request, where, declaration, tableDirectory, records, begun, files } = workerData as LaneTask
const abort = new AbortController()
const say = (word: LaneWord): void => parentPort?.postMessage(word)
const turns = newTurns(baton => say({ type: 'baton', baton }))

parentPort?.on('message', (reply: LaneReply) => {
  if (reply.type === 'baton') return turns.receive(reply.baton)
  abort.abort()
  turns.fail(abort.signal.reason as Error)
})

const context = { now: Date.now, monotonic: () => performance.now(), random: Math.random, uniqueName: randomUUID }
const catalog = fileCatalog({ io: localFileIO, directory: tableDirectory, ...context })
const tombstones = tombstoneReader({ place: recordPlace({ records }), table: declaration.table })
const shaper = rowShaper(declaration, gatewayIdOf(begun))

/** Often enough to look at. */
const progressEveryMs = 100
let saidAt = 0
let unsaid: LaneProgress | undefined

try {
  await runLane({
    files,
    turns,
    readerOf: readersOf(request, where),
    shaper,
    range: timeRange(request.since, request.until),
    sink: tableSink({ catalog, begun, declaration, tombstones, context }),
    onStored: report => say({ type: 'stored', report }),
    onProgress: now => progress(now),
    limits: pairedBatch,
    signal: abort.signal,
  })
  if (unsaid !== undefined) say({ type: 'progress', progress: unsaid })
  say({ type: 'end', illTyped: shaper.illTyped })
} catch (error) {
  say(failureWord(error, abort.signal.aborted))
}
parentPort?.close()

function progress(now: LaneProgress): void {
  unsaid = now
  if (performance.now() - saidAt < progressEveryMs) return
  saidAt = performance.now()
  unsaid = undefined
  say({ type: 'progress', progress: now })
}
