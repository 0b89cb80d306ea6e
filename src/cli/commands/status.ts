import { type DaemonStatus, planCommand, statusOf } from '../../daemon/status.ts'
import { findDaemon } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { count } from '../render/text.ts'
import { planOf } from './plan.ts'

/** Whether the daemon runs, what the table is, and why the import waits when it does. Reads only. */
export async function runStatus(context: CommandContext, options: OptionValues): Promise<number> {
  const { io, home } = context
  const status = await (await findDaemon(home))?.get<DaemonStatus>('/v1/status')
  if (status !== undefined) {
    if (options['json'] === true) await printDocument(io, { running: true, ...status })
    else await io.stdout(`${runningLines(status, context).join('\n')}\n`)
    return 0
  }
  const plan = await planOf(context)
  if (options['json'] === true) {
    const state = { home, release: context.release, pid: null, startedAt: null, plan, importing: false }
    await printDocument(io, { running: false, ...statusOf(state) })
  } else {
    const table =
      plan.found === null
        ? 'not there yet'
        : `release ${plan.found.release ?? 'unknown'}, schema ${plan.found.schemaId}, ${count(plan.found.rows)} rows`
    await io.stdout(
      `daemon    not running; start it with ${context.pasteable('hyp start')}\nhome      ${home.directory}\ntable     ${plan.table}: ${table} (${plan.verdict})\n`,
    )
  }
  return 0
}

function runningLines(status: DaemonStatus, context: CommandContext): string[] {
  const { table } = status
  return [
    `daemon    ${status.ready ? 'ready' : 'not ready'}, process ${status.pid}, version ${status.version} as release ${status.release}, since ${status.startedAt}`,
    `home      ${status.home}`,
    `table     ${table.name}: release ${table.release}, schema ${table.schemaId}, ${count(table.rows)} rows (${table.verdict})${status.importing ? ', importing' : ''}`,
    ...status.checks.map(check => (check.ok ? 'ok' : 'FAIL').padEnd(10) + `${check.name}: ${check.message}`),
    ...status.refused.flatMap(change => [
      `          ! ${change.path}  ${change.change}  ${change.code}`,
      `            ${change.reason}`,
    ]),
    ...(status.refused.length === 0
      ? []
      : [`          every reason: ${context.pasteable(planCommand(status.release))}`]),
  ]
}
