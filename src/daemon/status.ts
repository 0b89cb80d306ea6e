import type { HypError } from '../errors.ts'
import { builtinTable } from '../schema/builtin.ts'
import type { Home } from '../stores/home.ts'
import { version } from '../version.ts'
import { missingText, planCommand, setBackText, type TableStatus } from './table-status.ts'
import type { WatchStatus } from './watch.ts'

/** One line of `/readyz`: a check, whether it holds, and the way out when it does not. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly message: string
  readonly hint: string | null
}

/** The answer of `/v1/status`. */
export interface DaemonStatus {
  readonly formatVersion: 1
  readonly version: string
  /** The built-in release it runs as. */
  readonly release: number
  /** null where no daemon runs, as is the next. */
  readonly pid: number | null
  /** RFC 3339, UTC. */
  readonly startedAt: string | null
  readonly home: string
  readonly ready: boolean
  readonly importing: boolean
  /** null where no daemon runs. */
  readonly watching: WatchStatus | null
  /** Every declared table, the built-in one first. */
  readonly tables: readonly TableStatus[]
  readonly checks: readonly Check[]
}

export interface DaemonState {
  readonly home: Home
  readonly release: number
  readonly pid: number | null
  readonly startedAt: string | null
  readonly tables: readonly TableStatus[]
  readonly importing: boolean
  readonly watching: WatchStatus | null
  /** The built-in table was refused, and nothing was applied since. */
  readonly waiting: boolean
  /** What there is to say of what the user decided. */
  readonly settings?: readonly Check[]
  /** Why the last import failed. */
  readonly failure?: HypError | undefined
}

export function statusOf(state: DaemonState): DaemonStatus {
  const { tables } = state
  const builtin = tables.find(({ name }) => name === builtinTable)
  const checks = [
    ...(state.pid === null ? [notRunning] : []),
    ...tables.map(tableCheck),
    ...tables.flatMap(table => spoolCheck(table)),
    ...tables.flatMap(table => maintenanceCheck(table)),
    ...tables.flatMap(table => tombstoneCheck(table)),
    ...tables.flatMap(table => setBackCheck(table)),
    ...(state.settings ?? []),
    ...(builtin === undefined ? [] : [importCheck(builtin, state)]),
    ...(state.watching === null ? [] : [watchCheck(state.watching)]),
  ]
  return {
    formatVersion: 1,
    version,
    release: state.release,
    pid: state.pid,
    startedAt: state.startedAt,
    home: state.home.directory,
    ready: checks.every(check => check.ok),
    importing: state.importing,
    watching: state.watching,
    tables,
    checks,
  }
}

const notRunning: Check = { name: 'daemon', ok: false, message: 'not running', hint: 'start it with `hyp start`' }

function tableCheck(table: TableStatus): Check {
  const { name, verdict, error } = table
  if (error !== null)
    return { name: 'table', ok: false, message: `${name}: ${error.message} [${error.code}]`, hint: error.hint }
  if (verdict === 'absent')
    return { name: 'table', ok: false, message: `the table ${name} is not there`, hint: 'start the daemon again' }
  // What is refused for the built-in table stops the import: it is told there.
  if (name !== builtinTable && (verdict === 'breaking' || verdict === 'newer'))
    return {
      name: 'table',
      ok: false,
      message: `${name} stays at schema ${table.schemaId}: ${refusal(table)}`,
      hint: `see \`${planCommand(table)}\``,
    }
  const at = `${name} at schema ${table.schemaId}`
  if (table.moved === null) return { name: 'table', ok: true, message: at, hint: null }
  return {
    name: 'table',
    ok: true,
    message: `${at}; it was made at ${table.moved}, where other programs look for its files: run \`hyp table relocate\``,
    hint: null,
  }
}

/** Nothing where rows come and go as they should. */
function spoolCheck({ name, spool: { rows, held, reason, failure } }: TableStatus): Check[] {
  if (failure !== null)
    return [
      {
        name: 'spool',
        ok: false,
        message: `${rows} acknowledged ${rows === 1 ? 'row waits' : 'rows wait'} for ${name}: ${failure.message} [${failure.code}]`,
        hint: failure.hint,
      },
    ]
  if (held === 0) return []
  const message = `${held} ${held === 1 ? 'row' : 'rows'} for ${name} ${held === 1 ? 'is' : 'are'} held: ${reason}`
  return [{ name: 'spool', ok: false, message, hint: 'see `hyp spool`' }]
}

/** Nothing before a table was looked at. */
function maintenanceCheck({ name, maintenance: { failure, waiting } }: TableStatus): Check[] {
  if (failure !== null)
    return [
      {
        name: 'maintenance',
        ok: false,
        message: `${name} grows until it works again: ${failure.message} [${failure.code}]`,
        hint: failure.hint,
      },
    ]
  if (waiting === null) return []
  const { files, snapshots } = waiting
  const message = `${name} has ${files} data ${files === 1 ? 'file' : 'files'} and ${snapshots} ${snapshots === 1 ? 'snapshot' : 'snapshots'}`
  return [{ name: 'maintenance', ok: true, message, hint: null }]
}

/** Nothing where the records know of every deletion. */
function tombstoneCheck({ name, missingTombstones }: TableStatus): Check[] {
  if (!missingTombstones) return []
  return [{ name: 'records', ok: true, message: missingText(name), hint: 'delete them again where they came back' }]
}

/** Nothing where what was deleted is gone, as far as can be told without a look into the table. */
function setBackCheck({ name, setBack }: TableStatus): Check[] {
  if (!setBack) return []
  const message = `${setBackText(name)}; they are deleted again within minutes`
  return [{ name: 'records', ok: true, message, hint: null }]
}

function refusal({ declared, release, verdict, refused }: TableStatus): string {
  return verdict === 'newer'
    ? `it was written as release ${release}, and release ${declared} is declared`
    : `the declaration of release ${declared} breaks the table: ${refused.map(({ path, code }) => `${path} (${code})`).join(', ')}`
}

function importCheck(table: TableStatus, { waiting, failure }: DaemonState): Check {
  if (table.verdict !== 'breaking' && waiting)
    return { name: 'import', ok: false, message: 'paused: the declaration is not applied', hint: 'run `hyp apply`' }
  if (table.verdict !== 'breaking' && failure !== undefined)
    return {
      name: 'import',
      ok: false,
      message: `failed: ${failure.message} [${failure.code}]`,
      hint: `${failure.hint} Then run \`hyp backfill\`.`,
    }
  if (table.verdict !== 'breaking') return { name: 'import', ok: true, message: 'rows are taken', hint: null }
  const { release, declared } = table
  return {
    name: 'import',
    ok: false,
    message: `paused: ${refusal(table)}; reads work, and what is imported waits in the spool`,
    hint:
      release === null || release >= declared
        ? `see \`${planCommand(table)}\``
        : `see \`${planCommand(table)}\`, or run as release ${release}: \`hyp stop && hyp start --as-release ${release}\``,
  }
}

function watchCheck({ directories, files, capturedAt, limit, unreadable, waiting, failure }: WatchStatus): Check {
  if (failure !== null)
    return { name: 'watch', ok: false, message: `failed: ${failure.message} [${failure.code}]`, hint: failure.hint }
  if (waiting !== null)
    return {
      name: 'watch',
      ok: false,
      message: `captured rows cannot be kept yet: ${waiting.message} [${waiting.code}]`,
      hint: waiting.hint,
    }
  const parts = [
    `${files} ${files === 1 ? 'file' : 'files'} in ${directories} ${directories === 1 ? 'directory' : 'directories'}`,
    ...(capturedAt === null ? [] : [`last line captured ${capturedAt}`]),
    ...(limit === null ? [] : [`looked at again and again, because ${limit}`]),
    ...(unreadable.count === 0
      ? []
      : [`${unreadable.count} cannot be read: ${unreadable.first.map(pathAndReason).join('; ')}`]),
  ]
  return { name: 'watch', ok: true, message: parts.join(', '), hint: null }
}

function pathAndReason({ path, reason }: { readonly path: string; readonly reason: string }): string {
  return `${path} (${reason})`
}
