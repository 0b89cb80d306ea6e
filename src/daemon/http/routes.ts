import type { ServerResponse } from 'node:http'
import { HypError, toHypError } from '../../errors.ts'
import { printJson } from '../../iceberg/json.ts'
import { type SourceName, sourceNames } from '../../ingest/backfill.ts'
import { receiptDocument } from '../../stores/table/receipt.ts'
import type { Daemon } from '../daemon.ts'
import type { DaemonStatus } from '../status.ts'
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
])

/** One line a check; 503 when one does not hold. */
async function readyz({ daemon, response }: Exchange): Promise<void> {
  const { ready, checks } = await daemon.status().catch(unreadableTable)
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

/** A table that cannot be looked at is a check that does not hold, not a failure of the question. */
function unreadableTable(error: unknown): Pick<DaemonStatus, 'ready' | 'checks'> {
  const { message, hint } = toHypError(error)
  return { ready: false, checks: [{ name: 'table', ok: false, message, hint }] }
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

async function apply(exchange: Exchange): Promise<void> {
  checkRelease(exchange)
  const { daemon, body, response } = exchange
  const expect = body['expect']
  if (expect !== undefined && typeof expect !== 'string') throw new HypError('USAGE', 'expect is the id of a plan.')
  sendJson(response, 200, receiptDocument(await daemon.apply(expect)))
}
