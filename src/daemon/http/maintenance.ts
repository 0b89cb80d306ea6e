import type { UpkeepStep } from '../../stores/table/upkeep/due.ts'
import { checkMembers, checkRelease, flagOf } from './members.ts'
import { sendJson } from './reply.ts'
import type { Exchange, JsonObject } from './route.ts'

/** Does some steps to a table now, or says what they would do. */
export async function maintain(exchange: Exchange<'table', JsonObject>, steps: readonly UpkeepStep[]): Promise<void> {
  checkRelease(exchange)
  checkMembers(exchange, ['dryRun'])
  const { daemon, params, response } = exchange
  const dryRun = flagOf(exchange, 'dryRun')
  sendJson(response, 200, await daemon.maintain({ table: params.table, steps, dryRun }))
}
