import { HypError } from '../../errors.ts'
import { type DeletionRequest, instantOf, type Unwanted } from '../../ingest/deletion/request.ts'
import { checkMembers, checkRelease, flagOf } from './members.ts'
import { sendJson } from './reply.ts'
import type { Exchange, JsonObject } from './route.ts'

/** Answers when the rows are gone. */
export async function deleteRows(exchange: Exchange<'table', JsonObject>): Promise<void> {
  checkRelease(exchange)
  checkMembers(exchange, ['session', 'before', 'where', 'dryRun', 'purge'])
  const { daemon, params, body, response } = exchange
  const dryRun = flagOf(exchange, 'dryRun')
  const purge = flagOf(exchange, 'purge')
  const request: DeletionRequest = { unwanted: unwantedOf(body), dryRun, purge }
  sendJson(response, 200, await daemon.delete(params.table, request))
}

/** @throws HypError USAGE */
function unwantedOf({ session, before, where }: JsonObject): Unwanted {
  const given = [session, before, where].filter(each => each !== undefined)
  if (given.length !== 1 || typeof given[0] !== 'string' || given[0] === '')
    throw new HypError('USAGE', 'The body has one of session, before and where, as a text.')
  if (typeof session === 'string') return { kind: 'session', session }
  if (typeof where === 'string') return { kind: 'where', where }
  instantOf(String(before))
  return { kind: 'before', before: String(before) }
}
