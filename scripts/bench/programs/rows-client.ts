import { open } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { say, taskOf } from '../program.ts'
import { median } from '../timing.ts'

/*
 * A program that sends rows to a daemon over its socket, and measures what the
 * same bytes cost when they are appended to one file.
 */

export interface RowsClientTask {
  readonly folder: string
  readonly socket: string
  readonly rounds: number
  /** Of one round. */
  readonly batches: number
  readonly singles: number
}

export interface RowsClientAnswer {
  /** Batches a second in each round: ours, and the file's. */
  readonly batchesPerSecond: number
  readonly bare: number
  /** And of the file where each row is parsed first. */
  readonly parsed: number
  readonly singlesPerSecond: number
  /** Milliseconds at half the load. */
  readonly p99: number
  readonly fsyncP99: number
}

const task = taskOf() as RowsClientTask
const agent = new Agent({ keepAlive: true, maxSockets: 256 })
const rowsOfBatch = 500
const text = 'All work and no play makes a dull line of text that no codec should find too easy to compress. '
let next = 0

/** 1 KB. */
function row(): string {
  const id = next++
  const filler = `${text}${(id * 2654435761) % 4294967296} `.repeat(12)
  return (
    JSON.stringify({ session: `s${id % 50}`, id, at: new Date(1.7e12 + id).toISOString(), text: filler }).slice(
      0,
      1021,
    ) + '"}\n'
  )
}

function batch(rows: number): Buffer {
  return Buffer.from(Array.from({ length: rows }, row).join(''))
}

function send(body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-ndjson', 'content-length': body.byteLength }
    const outgoing = request(
      { agent, socketPath: task.socket, method: 'POST', path: '/v1/tables/events/rows', headers },
      response => {
        response.resume()
        response.once('end', () => {
          if (response.statusCode === 202) resolve()
          else reject(new Error(`rows were answered with ${response.statusCode}`))
        })
      },
    )
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

/** Sends bodies over so many connections at a time; seconds. */
async function sendAll(bodies: readonly Buffer[], connections: number): Promise<number> {
  const waiting = bodies.values()
  const start = performance.now()
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (const body of waiting) await send(body)
    }),
  )
  return (performance.now() - start) / 1000
}

interface AppendOptions {
  readonly pauseMs?: number
  /** Each row is parsed before its body is written, and no more is done with it. */
  readonly parses?: boolean
}

/** Appends the same bytes to one file, one fsync for each; seconds, and milliseconds of each fsync. */
async function appendAll(
  bodies: readonly Buffer[],
  { pauseMs = 0, parses = false }: AppendOptions = {},
): Promise<{ seconds: number; fsyncs: number[] }> {
  const file = await open(join(task.folder, `bare-${next++}`), 'wx')
  const fsyncs: number[] = []
  const start = performance.now()
  for (const [index, body] of bodies.entries()) {
    if (pauseMs > 0) await sleep(Math.max(0, start + index * pauseMs - performance.now()))
    if (parses) parseRows(body)
    await file.write(body)
    const before = performance.now()
    await file.sync()
    fsyncs.push(performance.now() - before)
  }
  const seconds = (performance.now() - start) / 1000
  await file.close()
  return { seconds, fsyncs }
}

function parseRows(body: Buffer): void {
  for (const line of body.toString().split('\n')) if (line !== '') JSON.parse(line)
}

function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? Number.NaN
}

const ours: number[] = []
const bare: number[] = []
const parsed: number[] = []
for (let round = -1; round < task.rounds; round++) {
  const bodies = Array.from({ length: task.batches }, () => batch(rowsOfBatch))
  const seconds = await sendAll(bodies, 4)
  const file = await appendAll(bodies)
  const checked = await appendAll(bodies, { parses: true })
  if (round < 0) continue
  ours.push(task.batches / seconds)
  bare.push(task.batches / file.seconds)
  parsed.push(task.batches / checked.seconds)
}

// At half the load: whoever is late is late for the next one too.
const everyMs = (2 * 1000) / median(ours)
const paced = Array.from({ length: task.batches * 2 }, () => batch(rowsOfBatch))
const { fsyncs } = await appendAll(paced, { pauseMs: everyMs })
const latencies: number[] = []
const start = performance.now()
await Promise.all(
  paced.map(async (body, index) => {
    const due = start + index * everyMs
    await sleep(Math.max(0, due - performance.now()))
    await send(body)
    latencies.push(performance.now() - due)
  }),
)

const singles = Array.from({ length: task.singles }, () => batch(1))
await sendAll(singles.slice(0, 500), 64)
const singleSeconds = await sendAll(singles, 64)

say({
  batchesPerSecond: median(ours),
  bare: median(bare),
  parsed: median(parsed),
  singlesPerSecond: task.singles / singleSeconds,
  p99: p99(latencies),
  fsyncP99: p99(fsyncs),
} satisfies RowsClientAnswer)
agent.destroy()
