import { readFileSync, writeSync } from 'node:fs'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from './crash-table.ts'

/*
 * A program that sends rows to whichever daemon serves a home at the moment, each batch under a key of its own, and
 * sends a batch again until it is acknowledged.
 */

export interface ProducerTask {
  readonly home: string
  readonly table: string
  /** Rows carry it, so that no two producers send the same. */
  readonly name: string
  readonly rows: number
  readonly seed: number
  /** Milliseconds between two batches, so that there is time to be killed. */
  readonly pauseMs: number
  /** A session that every fourth row is of, all others being of one named as the producer; left out: rows are of none. */
  readonly every4th?: string
}

/** Said after every acknowledgement: all rows before this number are acknowledged. */
export interface ProducerWord {
  readonly acknowledged: number
  readonly tries: number
}

const task = JSON.parse(process.argv[2] as string) as ProducerTask
const random = seeded(task.seed)

for (let sent = 0, tries = 0; sent < task.rows; ) {
  const count = Math.min(task.rows - sent, 1 + Math.floor(random() * 500))
  const rows = Array.from({ length: count }, (_, index) => rowOf(sent + index))
  while (!(await isAcknowledged(rows.join('\n'), `${task.name}-${sent}`))) {
    tries++
    await sleep(20)
  }
  sent += count
  await sleep(task.pauseMs)
  writeSync(1, `${JSON.stringify({ acknowledged: sent, tries } satisfies ProducerWord)}\n`)
}

function rowOf(n: number): string {
  const { name, every4th } = task
  const row = { name, n, text: 'x'.repeat(100 + (n % 300)) }
  if (every4th === undefined) return JSON.stringify(row)
  return JSON.stringify(
    n % 4 === 0 ? { ...row, session_id: every4th, text: `canary of ${every4th}` } : { ...row, session_id: name },
  )
}

/** False where it is open whether the rows were taken. @throws where they were refused */
async function isAcknowledged(body: string, key: string): Promise<boolean> {
  const socketPath = socketOf(task.home)
  if (socketPath === undefined) return false
  const status = await new Promise<number | undefined>(resolve => {
    const outgoing = request(
      {
        socketPath,
        method: 'POST',
        path: `/v1/tables/${task.table}/rows`,
        headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': key },
      },
      response => {
        response.resume()
        response.once('close', () => resolve(response.complete ? response.statusCode : undefined))
      },
    )
    outgoing.once('error', () => resolve(undefined))
    outgoing.end(body)
  })
  if (status === 202) return true
  if (status === undefined || status === 429 || status >= 500) return false
  throw new Error(`rows were answered with ${status}`)
}

function socketOf(home: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(`${home}/run/daemon.json`, 'utf8')) as { socket?: string }).socket
  } catch {
    return undefined
  }
}
