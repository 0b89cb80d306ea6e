import { isAbsolute } from 'node:path'
import { HypError } from '../../errors.ts'
import { printJson } from '../../iceberg/json.ts'
import { type BackfillRequest, backfillScopes } from '../../ingest/backfill/backfill-request.ts'
import { timeRange } from '../../ingest/backfill/time-range.ts'
import { sourceNames } from '../../sources/catalogue.ts'
import { adoptionDocument } from '../../stores/table/adopt/document.ts'
import { outcomesDocument } from '../../stores/table/apply-tables.ts'
import { checkMembers, checkRelease, flagOf, textOf } from './members.ts'
import { sendJson } from './reply.ts'
import type { Exchange, JsonObject } from './route.ts'

type Command = Exchange<never, JsonObject>

/** NDJSON: one event a line, `done` or `error` last. */
export async function backfill(exchange: Command): Promise<void> {
  checkRelease(exchange)
  const { daemon, response } = exchange
  await daemon.backfill(backfillRequest(exchange), event => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write(`${printJson(event)}\n`)
  })
  response.end()
}

/** @throws HypError USAGE */
function backfillRequest(exchange: Command): BackfillRequest {
  checkMembers(exchange, ['source', 'since', 'until', 'directories', 'dryRun'])
  const { source: named = 'all' } = exchange.body
  const source = backfillScopes.find(scope => scope === named)
  if (source === undefined)
    throw new HypError('USAGE', `There is no history of ${JSON.stringify(named)}.`, {
      hint: `There is ${backfillScopes.join(', ')}.`,
    })
  const dryRun = flagOf(exchange, 'dryRun')
  const since = textOf(exchange, 'since')
  const until = textOf(exchange, 'until')
  timeRange(since, until)
  return { source, since, until, directories: directoriesOf(exchange), dryRun }
}

function directoriesOf({ body }: Command): BackfillRequest['directories'] {
  const { directories } = body
  if (directories === undefined) return undefined
  const isPaths =
    typeof directories === 'object' &&
    directories !== null &&
    Object.entries(directories).every(
      ([name, path]) =>
        (sourceNames as readonly string[]).includes(name) && typeof path === 'string' && isAbsolute(path),
    )
  if (isPaths) return directories
  throw new HypError('USAGE', `directories has whole paths by name; names are ${sourceNames.join(', ')}.`)
}

/** 200 also where a table was refused: the answer says of each what became of it. */
export async function apply(exchange: Command): Promise<void> {
  checkRelease(exchange)
  checkMembers(exchange, ['table', 'expect'])
  const { daemon, response } = exchange
  const table = textOf(exchange, 'table')
  const expect = textOf(exchange, 'expect')
  sendJson(response, 200, outcomesDocument(await daemon.apply({ table, expect })))
}

export async function adopt(exchange: Command): Promise<void> {
  checkRelease(exchange)
  checkMembers(exchange, ['target', 'directory', 'name'])
  const { daemon, response } = exchange
  const target = textOf(exchange, 'target')
  const name = textOf(exchange, 'name')
  const directory = textOf(exchange, 'directory') ?? target
  if (target === undefined || directory === undefined)
    throw new HypError('USAGE', 'target is the name of a declared table, or a directory.')
  sendJson(response, 200, adoptionDocument(await daemon.adopt({ target, directory, name })))
}
