import type { HypError } from '../errors.ts'
import { newestRelease } from '../schema/builtin.ts'
import type { Plan, PlannedChange, Verdict } from '../schema/plan.ts'
import type { Home } from '../stores/home.ts'
import { version } from '../version.ts'

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
  readonly table: {
    readonly name: string
    readonly release: number | null
    readonly schemaId: number | null
    readonly rows: number
    readonly verdict: Verdict
    readonly planId: string
  }
  readonly checks: readonly Check[]
  /** Why the declaration is refused, when it is. */
  readonly refused: readonly PlannedChange[]
}

export interface DaemonState {
  readonly home: Home
  readonly release: number
  readonly pid: number | null
  readonly startedAt: string | null
  readonly plan: Plan
  readonly importing: boolean
  /** Why the last import failed. */
  readonly failure?: HypError | undefined
}

export function statusOf(state: DaemonState): DaemonStatus {
  const { plan } = state
  const checks = [...(state.pid === null ? [notRunning] : []), tableCheck(plan), importCheck(plan, state.failure)]
  return {
    formatVersion: 1,
    version,
    release: state.release,
    pid: state.pid,
    startedAt: state.startedAt,
    home: state.home.directory,
    ready: checks.every(check => check.ok),
    importing: state.importing,
    table: {
      name: plan.table,
      release: plan.found?.release ?? null,
      schemaId: plan.found?.schemaId ?? null,
      rows: plan.found?.rows ?? 0,
      verdict: plan.verdict,
      planId: plan.id,
    },
    checks,
    refused: plan.changes.filter(change => change.kind === 'breaking'),
  }
}

/** The command that shows the plan of a release. */
export function planCommand(release: number): string {
  return release === newestRelease ? 'hyp plan' : `hyp plan --as-release ${release}`
}

const notRunning: Check = { name: 'daemon', ok: false, message: 'not running', hint: 'start it with `hyp start`' }

function tableCheck(plan: Plan): Check {
  if (plan.verdict === 'absent')
    return { name: 'table', ok: false, message: `the table ${plan.table} is not there`, hint: 'start the daemon again' }
  return { name: 'table', ok: true, message: `${plan.table} at schema ${plan.found?.schemaId}`, hint: null }
}

function importCheck(plan: Plan, failure: HypError | undefined): Check {
  if (plan.verdict !== 'breaking' && failure !== undefined)
    return {
      name: 'import',
      ok: false,
      message: `failed: ${failure.message} [${failure.code}]`,
      hint: `${failure.hint} Then run \`hyp backfill\`.`,
    }
  if (plan.verdict !== 'breaking') return { name: 'import', ok: true, message: 'rows are taken', hint: null }
  const reasons = plan.changes
    .filter(change => change.kind === 'breaking')
    .map(change => `${change.path} (${change.code})`)
  return {
    name: 'import',
    ok: false,
    message: `paused: the declaration of release ${plan.declared.release} breaks the table: ${reasons.join(', ')}; reads work, and what is not imported stays in the transcripts`,
    hint:
      plan.found === null || plan.found.release === null || plan.found.release >= plan.declared.release
        ? `see \`${planCommand(plan.declared.release)}\``
        : `see \`${planCommand(plan.declared.release)}\`, or run as release ${plan.found.release}: \`hyp daemon --as-release ${plan.found.release}\``,
  }
}
