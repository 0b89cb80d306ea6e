import { HypError } from '../../errors.ts'
import { printJson } from '../../iceberg/json.ts'
import { type SourceName, sourceNames } from '../../sources/catalogue.ts'
import { adoptionDocument } from '../../stores/table/adopt/document.ts'
import { outcomesDocument } from '../../stores/table/apply-tables.ts'
import { sendJson } from './reply.ts'
import type { Exchange, JsonObject } from './route.ts'

type Command = Exchange<never, JsonObject>

/** What is asked of one release is not quietly done as another. */
function checkRelease({ daemon, body }: Command): void {
  const { release } = body
  if (release === undefined || release === daemon.release) return
  throw new HypError(
    'VERSION_MISMATCH',
    `The daemon runs as release ${daemon.release}, the command as release ${JSON.stringify(release)}.`,
    { hint: `Leave --as-release out, or restart the daemon: \`hyp stop\`, then \`hyp start --as-release N\`.` },
  )
}

/** NDJSON: one event a line, `done` or `error` last. */
export async function backfill(exchange: Command): Promise<void> {
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
export async function apply(exchange: Command): Promise<void> {
  checkRelease(exchange)
  const { daemon, response } = exchange
  const table = textOf(exchange, 'table')
  const expect = textOf(exchange, 'expect')
  sendJson(response, 200, outcomesDocument(await daemon.apply({ table, expect })))
}

export async function adopt(exchange: Command): Promise<void> {
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
function textOf({ body }: Command, member: keyof typeof meanings): string | undefined {
  const value = body[member]
  if (value === undefined || typeof value === 'string') return value
  throw new HypError('USAGE', `${member} is ${meanings[member]}.`)
}
