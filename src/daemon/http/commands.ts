import { isAbsolute } from 'node:path'
import { HypError } from '../../errors.ts'
import { printJson } from '../../iceberg/json.ts'
import { type BackfillRequest, backfillScopes } from '../../ingest/backfill/backfill-request.ts'
import { timeRange } from '../../ingest/backfill/time-range.ts'
import { sourceNames } from '../../sources/catalogue.ts'
import { adoptionDocument } from '../../stores/table/adopt/document.ts'
import { outcomesDocument } from '../../stores/table/apply-tables.ts'
import { sendJson } from './reply.ts'
import type { Exchange, JsonObject } from './route.ts'

type Command = Exchange<never, JsonObject>

/** What members of a body are looked at for. */
type Commanded = Pick<Command, 'daemon' | 'body'>

/** What is asked of one release is not quietly done as another. */
export function checkRelease({ daemon, body }: Commanded): void {
  const { release } = body
  if (release === undefined || release === daemon.release) return
  throw new HypError(
    'VERSION_MISMATCH',
    `The daemon runs as release ${daemon.release}, the command as release ${JSON.stringify(release)}.`,
    { hint: `Leave --as-release out, or restart the daemon: \`hyp stop\`, then \`hyp start --as-release N\`.` },
  )
}

/** A member that nobody looks at would be obeyed by chance only. @throws HypError USAGE */
export function checkMembers({ body }: Pick<Commanded, 'body'>, known: readonly string[]): void {
  const unknown = Object.keys(body).find(member => member !== 'release' && !known.includes(member))
  if (unknown === undefined) return
  throw new HypError('USAGE', `The body has ${JSON.stringify(unknown)}, which means nothing here.`, {
    hint: `It may have ${[...known, 'release'].join(', ')}.`,
  })
}

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
  const { source: named = 'all', dryRun = false } = exchange.body
  const source = backfillScopes.find(scope => scope === named)
  if (source === undefined)
    throw new HypError('USAGE', `There is no history of ${JSON.stringify(named)}.`, {
      hint: `There is ${backfillScopes.join(', ')}.`,
    })
  if (typeof dryRun !== 'boolean') throw new HypError('USAGE', 'dryRun is true or false.')
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

const meanings = {
  since: 'a day or an instant',
  until: 'a day or an instant',
  expect: 'the id of a plan',
  table: 'the name of a declared table',
  target: 'the name of a declared table, or a directory',
  directory: 'the whole path of a directory',
  name: 'the name of a table',
} as const

/** A member of the body. @throws HypError USAGE for anything but a text */
function textOf({ body }: Command, member: keyof typeof meanings): string | undefined {
  const value = body[member]
  if (value === undefined || typeof value === 'string') return value
  throw new HypError('USAGE', `${member} is ${meanings[member]}.`)
}
