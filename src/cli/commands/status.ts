import { type Check, type DaemonStatus, statusOf } from '../../daemon/status.ts'
import { missingText, planCommand, setBackText, type TableStatus, tableStatus } from '../../daemon/table-status.ts'
import { toHypError } from '../../errors.ts'
import { spoolReport, spoolStatus } from '../../ingest/spool-report.ts'
import { builtinTable } from '../../schema/builtin.ts'
import { readConfig } from '../../stores/config.ts'
import { loadDeclarations } from '../../stores/declared.ts'
import type { Home } from '../../stores/home.ts'
import { rememberedMaintenance } from '../../stores/table/upkeep/status.ts'
import { findDaemon } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import { type Kept, keptSessions } from '../kept.ts'
import type { OptionValues } from '../option.ts'
import { pasteableHint } from '../render/error.ts'
import { maintenanceLines } from '../render/maintenance.ts'
import { plural } from '../render/text.ts'
import { visible } from '../render/visible.ts'

/** Whether the daemon runs, what each table is, and why the import waits when it does. Reads only. */
export async function runStatus(context: CommandContext, options: OptionValues): Promise<number> {
  const { io, home } = context
  const running = await (await findDaemon(home))?.get<DaemonStatus>('/v1/status')
  const status = running ?? (await statusWithoutDaemon(context))
  const kept = await keptSessions(context)
  if (options['json'] === true) await printDocument(io, { running: running !== undefined, ...status, kept })
  else
    await io.stdout(
      `${[...lines(status, running !== undefined, context), ...keptLines(kept)].map(visible).join('\n')}\n`,
    )
  return 0
}

async function statusWithoutDaemon({ home, release }: CommandContext): Promise<DaemonStatus> {
  const declarations = await loadDeclarations(home, release)
  const tables = await Promise.all(
    declarations.map(async declaration =>
      tableStatus(home, declaration, {
        spool: spoolStatus(await spoolReport(home, declaration)),
        maintenance: await rememberedMaintenance(home, declaration.table),
      }),
    ),
  )
  return statusOf({
    home,
    release,
    pid: null,
    startedAt: null,
    tables,
    importing: false,
    watching: null,
    waiting: false,
    settings: await configChecks(home),
  })
}

/** What keeps a daemon from starting. */
async function configChecks(home: Home): Promise<Check[]> {
  try {
    await readConfig(home)
    return []
  } catch (error) {
    const { code, message, hint } = toHypError(error)
    return [{ name: 'config', ok: false, message: `${message} [${code}]`, hint }]
  }
}

function lines(status: DaemonStatus, isRunning: boolean, context: CommandContext): string[] {
  const importing = status.importing ? ', importing' : ''
  const daemon = isRunning
    ? `${status.ready ? 'ready' : 'not ready'}, process ${status.pid}, version ${status.version} as release ${status.release}, since ${status.startedAt}`
    : `not running; start it with ${context.pasteable('hyp start')}`
  return [
    `daemon    ${daemon}`,
    `home      ${status.home}`,
    ...status.tables.flatMap((table, index) => [
      `table     ${tableLine(table)}${index === 0 ? importing : ''}`,
      ...maintenanceLines(table.maintenance).map(line => `          ${line}`),
    ]),
    ...(isRunning
      ? status.checks.map(check => (check.ok ? 'ok' : 'FAIL').padEnd(10) + `${check.name}: ${check.message}`)
      : status.tables.flatMap(({ name, error, moved, missingTombstones, setBack }) =>
          error === null
            ? [
                ...movedLines(name, moved, context),
                ...(missingTombstones ? [`records   ${missingText(name)}`] : []),
                ...setBackLines(name, setBack, context),
              ]
            : failLines({ message: `${name}: ${error.message} [${error.code}]`, hint: error.hint }, context),
        )),
    ...(isRunning ? [] : status.checks.flatMap(check => (check.name === 'config' ? failLines(check, context) : []))),
    ...(isRunning ? status.tables.flatMap(table => refusedLines(table, context)) : []),
  ]
}

function failLines({ message, hint }: Pick<Check, 'message' | 'hint'>, { pasteable }: CommandContext): string[] {
  return [`FAIL      ${message}`, `          hint: ${pasteableHint(hint ?? '', pasteable)}`]
}

/** Nothing where nothing is kept that is not there anyway. */
function keptLines({ sessions, clients, unknown, reasons }: Kept): string[] {
  const each = Object.entries(clients).map(([client, count]) => `${count} of ${client}`)
  const gone =
    sessions === null || sessions === 0
      ? []
      : [`kept      for you: ${plural(sessions, 'session')} whose transcripts are gone (${each.join(', ')})`]
  if (unknown === 0) return gone
  const which = unknown === null ? 'all sessions' : plural(unknown, 'session')
  return [
    ...gone,
    `kept      not known of ${which} whether the transcripts are gone:`,
    ...reasons.map(
      ({ client, path, reason }) => `          ${[client ?? 'the table', path, reason].filter(Boolean).join(': ')}`,
    ),
  ]
}

function tableLine({ name, verdict, release, schemaId, rows, spool }: TableStatus): string {
  const waiting = spool.rows === 0 ? '' : `, ${plural(spool.rows, 'row')} in the spool`
  if (rows === null) return `${name}: ${verdict}${waiting}`
  const what =
    schemaId === null ? 'not there yet' : `release ${release ?? 'none'}, schema ${schemaId}, ${plural(rows, 'row')}`
  return `${name}: ${what} (${verdict})${waiting}`
}

/** Nothing of a table that lies where it says. */
function movedLines(name: string, moved: string | null, { pasteable }: CommandContext): string[] {
  if (moved === null) return []
  return [
    `moved     ${name} was made at ${moved}, where other programs look for its files`,
    `          hint: run ${pasteable('hyp table relocate')}`,
  ]
}

/** Nothing of a table that goes on from where its last deletion left it. */
function setBackLines(name: string, setBack: boolean, { pasteable }: CommandContext): string[] {
  if (!setBack) return []
  const named = name === builtinTable ? '' : ` ${name}`
  return [
    `records   ${setBackText(name)}`,
    `          hint: run ${pasteable(`hyp table expire${named}`)}, which deletes them again`,
  ]
}

function refusedLines(table: TableStatus, context: CommandContext): string[] {
  if (table.refused.length === 0) return []
  return [
    ...table.refused.flatMap(change => [
      `          ! ${table.name === builtinTable ? '' : `${table.name}: `}${change.path}  ${change.change}  ${change.code}`,
      `            ${change.reason}`,
    ]),
    `          every reason: ${context.pasteable(planCommand(table))}`,
  ]
}
