import { isAbsolute } from 'node:path'
import { HypError } from '../../errors.ts'
import { checkMembers, checkRelease, flagOf, textOf } from './members.ts'
import { sendJson } from './reply.ts'
import type { Exchange, JsonObject } from './route.ts'

/** Answers when the backup is whole. */
export async function backUp(exchange: Exchange<never, JsonObject>): Promise<void> {
  checkRelease(exchange)
  checkMembers(exchange, ['directory'])
  const { daemon, body, response } = exchange
  const { directory } = body
  if (typeof directory !== 'string' || !isAbsolute(directory) || directory.includes('\0'))
    throw new HypError('USAGE', 'directory is the whole path of a directory that is not there yet.')
  sendJson(response, 200, await daemon.backUp(directory))
}

export async function relocate(exchange: Exchange<never, JsonObject>): Promise<void> {
  checkRelease(exchange)
  checkMembers(exchange, ['table', 'dryRun'])
  const { daemon, response } = exchange
  const table = textOf(exchange, 'table')
  const dryRun = flagOf(exchange, 'dryRun')
  sendJson(response, 200, await daemon.relocate({ table, dryRun }))
}
