import { HypError } from '../../errors.ts'
import type { UpkeepStep } from '../../stores/table/upkeep/due.ts'
import { checkMembers, checkRelease } from './commands.ts'
import { sendJson } from './reply.ts'
import type { Exchange, JsonObject } from './route.ts'

/** Does some steps to a table now, or says what they would do. */
export async function maintain(exchange: Exchange<'table', JsonObject>, steps: readonly UpkeepStep[]): Promise<void> {
  checkRelease(exchange)
  checkMembers(exchange, ['dryRun'])
  const { daemon, params, body, response } = exchange
  const { dryRun = false } = body
  if (typeof dryRun !== 'boolean') throw new HypError('USAGE', 'dryRun is true or false.')
  sendJson(response, 200, await daemon.maintain({ table: params.table, steps, dryRun }))
}
