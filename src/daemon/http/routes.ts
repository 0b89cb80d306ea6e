import type { ServerResponse } from 'node:http'
import { HypError } from '../../errors.ts'
import { printJson } from '../../iceberg/json.ts'
import { type SourceName, sourceNames } from '../../ingest/backfill.ts'
import { adoptionDocument } from '../../stores/table/adopt/document.ts'
import { outcomesDocument } from '../../stores/table/apply-tables.ts'
import type { Daemon } from '../daemon.ts'
import { sendJson } from './reply.ts'

export interface Exchange {
  readonly daemon: Daemon
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
  readonly response: ServerResponse
}

type Handler = (exchange: Exchange) => Promise<void>

/** Every route, by path and method. */
export const routes: ReadonlyMap<string, Readonly<Record<string, Handler>>> = new Map([
  ['/readyz', { GET: readyz }],
  ['/v1/status', { GET: status }],
  ['/v1/backfill', { POST: backfill }],
  ['/v1/apply', { POST: apply }],
  ['/v1/adopt', { POST: adopt }],
])

/** One line a check; 503 when one does not hold. */
async function readyz({ daemon, response }: Exchange): Promise<void> {
  const { ready, checks } = await daemon.status()
  response.writeHead(ready ? 200 : 503, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(
    checks
      .map(
        check =>
          `${check.ok ? 'ok  ' : 'FAIL'} ${check.name}: ${check.message}${check.hint === null ? '' : ` (${check.hint})`}\n`,
      )
      .join(''),
  )
}

async function status({ daemon, response }: Exchange): Promise<void> {
  sendJson(response, 200, await daemon.status())
}

/** What is asked of one release is not quietly done as another. */
function checkRelease({ daemon, body }: Exchange): void {
  const { release } = body
  if (release === undefined || release === daemon.release) return
  throw new HypError(
    'VERSION_MISMATCH',
    `The daemon runs as release ${daemon.release}, the command as release ${JSON.stringify(release)}.`,
    { hint: `Leave --as-release out, or restart the daemon: \`hyp stop\`, then \`hyp start --as-release N\`.` },
  )
}

/** NDJSON: one event a line, `done` or `error` last. */
async function backfill(exchange: Exchange): Promise<void> {
  checkRelease(exchange)
  const { daemon, body, response } = exchange
  const source = body['source'] ?? 'claude'
  if (!sourceNames.includes(source as SourceName))
    throw new HypError('USAGE', `There is no history of ${JSON.stringify(source)}.`, {
      hint: `There is ${sourceNames.join(', ')}.`,
    })
  await daemon.backfill(source as SourceName, event => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write(`${printJson(event)}\n`)
  })
  response.end()
}

/** 200 also where a table was refused: the answer says of each what became of it. */
async function apply(exchange: Exchange): Promise<void> {
  checkRelease(exchange)
  const { daemon, response } = exchange
  const table = textOf(exchange, 'table')
  const expect = textOf(exchange, 'expect')
  sendJson(response, 200, outcomesDocument(await daemon.apply({ table, expect })))
}

async function adopt(exchange: Exchange): Promise<void> {
  checkRelease(exchange)
  const { daemon, response } = exchange
  const target = textOf(exchange, 'target')
  const name = textOf(exchange, 'name')
  const directory = textOf(exchange, 'directory') ?? target
  if (target === undefined || directory === undefined)
    throw new HypError('USAGE', 'target is the name of a declared table, or a directory.')
  sendJson(response, 200, adoptionDocument(await daemon.adopt({ target, directory, name })))
}

const meanings = {
  expect: 'the id of a plan',
  table: 'the name of a declared table',
  target: 'the name of a declared table, or a directory',
  directory: 'the whole path of a directory',
  name: 'the name of a table',
} as const

/** A member of the body. @throws HypError USAGE for anything but a text */
function textOf({ body }: Exchange, member: keyof typeof meanings): string | undefined {
  const value = body[member]
  if (value === undefined || typeof value === 'string') return value
  throw new HypError('USAGE', `${member} is ${meanings[member]}.`)
}
