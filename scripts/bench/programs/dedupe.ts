import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Row } from '../../../src/iceberg/types.ts'
import { tableKey } from '../../../src/ingest/keys/key-fields.ts'
import { firstOfEachKey, rowKey } from '../../../src/ingest/keys/row-key.ts'
import { storedKeys } from '../../../src/ingest/keys/stored-keys.ts'
import { threadLimits } from '../../../src/ingest/thread.ts'
import { partOf, perSession, sessionOf } from '../five-million.ts'
import { peakMegabytes, say, taskOf } from '../program.ts'
import { catalogAt, declared } from '../tables.ts'

/*
 * Looks 100 000 row keys up in a table, in a thread with the limits of those
 * that flush and import.
 */

export interface DedupeTask {
  readonly directory: string
  /** Rows of each session among the keys: with 200 they are of 500 sessions, with 1 of 100 000. */
  readonly ofSession: number
  readonly rounds: number
}

export interface DedupeAnswer {
  /** Of each round. */
  readonly ms: readonly number[]
  readonly found: number
  readonly peakMegabytes: number
  /** What the process had when the keys were made, and nothing was looked up yet. */
  readonly beforeMegabytes: number
}

const keys = 100_000
const sessions = 5000
const task = isMainThread ? (taskOf() as DedupeTask) : (workerData as DedupeTask)
const { directory, ofSession, rounds } = task
if (isMainThread) {
  const thread = new Worker(new URL(import.meta.url), { workerData: task, resourceLimits: threadLimits })
  const [answer] = (await once(thread, 'message')) as [Omit<DedupeAnswer, 'peakMegabytes'>]
  say({ ...answer, peakMegabytes: peakMegabytes() } satisfies DedupeAnswer)
} else parentPort?.postMessage(await run())

async function run(): Promise<Omit<DedupeAnswer, 'peakMegabytes'>> {
  const key = rowKey(declared.identifier)
  const catalog = catalogAt(directory)
  const ms: number[] = []
  let found = 0
  let beforeMegabytes = 0
  for (let round = 0; round < rounds; round++) {
    const rows = candidates(round)
    if (round === 0) beforeMegabytes = process.memoryUsage().rss / 1e6
    const start = performance.now()
    const table = await catalog.load()
    const { rows: first } = firstOfEachKey(rows, key)
    found = (await storedKeys(table, first, tableKey(key, table))).size
    ms.push(performance.now() - start)
  }
  return { ms, found, beforeMegabytes }
}

/** Sessions all over the table, and every second key stored; sessions beyond the last are new. */
function candidates(round: number): Row[] {
  return Array.from({ length: keys }, (_, index) => {
    const session = (Math.floor(index / ofSession) * 10 + round) % (ofSession === 1 ? keys : sessions)
    const row = session * perSession + ((index % ofSession) * Math.floor(perSession / ofSession) || 0)
    const part = index % 2 === 0 ? partOf(row) : partOf(-1 - row)
    return { session_id: flat(sessionOf(session)), part_id: flat(part) }
  })
}

/** As a parser makes a text: in one piece. */
function flat(text: string): string {
  return Buffer.from(text).toString()
}
