import { shellWord } from '../../daemon/shell-word.ts'
import { builtinReleases, builtinTable } from '../../schema/builtin.ts'
import type { Plan, PlannedChange, Verdict } from '../../schema/plan.ts'
import type { PlannedAt } from '../planned.ts'
import { plural } from './text.ts'

/** From what is worst to what is best. */
const order: readonly Verdict[] = ['newer', 'breaking', 'drifted', 'pending', 'absent', 'current']

/** What several plans come to together: the worst of them; `current` where there is none. */
export function worstVerdict(plans: readonly Plan[]): Verdict {
  return order.find(verdict => plans.some(plan => plan.verdict === verdict)) ?? 'current'
}

/** The sentence that a plan ends with. */
export function verdictLine(plan: Plan): string {
  const inPlace = countOf(plan, 'in-place')
  const tolerated = countOf(plan, 'tolerated')
  const also = tolerated === 0 ? '' : `, ${tolerated} tolerated`
  switch (plan.verdict) {
    case 'absent':
      return `Plan: create the table with ${plural(plan.declared.columns, 'column')}.`
    case 'newer':
      return `The table was written as release ${plan.found?.release}, this is release ${plan.declared.release}. Refused: nothing was written.`
    case 'breaking':
      return `Plan: ${inPlace} in place, ${countOf(plan, 'breaking')} breaking${also}. Refused: nothing was written.`
    case 'pending':
      return `Plan: ${inPlace} in place, 0 breaking${also}.`
    case 'drifted':
      return inPlace > 0 ? `Drift: ${inPlace} in place, 0 breaking${also}.` : `Drift: ${tolerated} tolerated.`
    case 'current':
      return tolerated === 0 ? 'Nothing to do.' : `Nothing to do; ${tolerated} tolerated.`
  }
}

/** What to do next: words before a command and behind it, either of which may be missing. */
export interface NextStep {
  readonly before?: string
  readonly command?: string
  readonly after?: string
}

/** The same in one line. */
export function stepLine({ before, command, after = '' }: NextStep, pasteable: (command: string) => string): string {
  return [before ?? '', ...(command === undefined ? [] : [`${pasteable(command)}${after}`])].join(' ').trim()
}

/** What to do about a verdict; null where nothing is to be done. */
export function nextStep(plan: Plan, at: PlannedAt): NextStep | null {
  switch (plan.verdict) {
    case 'current':
      return null
    case 'absent':
      return at.kind === 'file'
        ? onceInPlace(at, 'hyp apply')
        : { command: 'hyp apply', after: ', or start the daemon' }
    case 'newer':
      return afterNewer(plan)
    case 'breaking':
      return afterBreaking(plan)
    case 'pending':
    case 'drifted':
      if (plan.action === 'none') return plan.changes.some(change => change.acceptable) ? adoptionStep(plan, at) : null
      return notByHyp(plan) ?? afterInPlace(plan, at)
  }
}

/** Why hyp itself does not make the changes of a plan, and who does; null where it does. */
function notByHyp(plan: Plan): NextStep | null {
  const version = plan.found?.formatVersion ?? 2
  if (plan.action !== 'evolve' || version === 2) return null
  if (version < 2)
    return { before: 'the table is of format version 1: upgrade it to version 2 first, with the engine that owns it' }
  return {
    before: `the table is of format version ${version}, which hyp reads and does not write: make the change with an engine that does`,
  }
}

function afterNewer({ table, found, declared }: Plan): NextStep {
  const release = found?.release ?? declared.release
  if (table !== builtinTable) return { before: `declare release ${release} or a later one, with all that it had` }
  const known = builtinReleases.includes(release)
  const before = 'install the version of hyp that wrote it'
  return known ? { before: `${before}, or`, command: `hyp plan --as-release ${release}` } : { before }
}

function afterBreaking({ changes }: Plan): NextStep {
  const first = changes.find(change => change.kind === 'breaking' && change.command !== null)?.command
  const again = first?.startsWith('hyp plan') === true
  return { ...(again ? { before: 'mend the declaration, then' } : {}), ...(first ? { command: first } : {}) }
}

function afterInPlace(plan: Plan, at: PlannedAt): NextStep {
  if (at.kind === 'file') return onceInPlace(at, 'hyp apply')
  if (at.kind === 'home')
    return { command: 'hyp apply', after: plan.verdict === 'pending' ? ', or restart the daemon' : '' }
  if (at.kind === 'base') return { command: 'hyp apply', after: ', in the home that has the table' }
  return { before: 'let the program that owns the table make the change, or', command: adoption(plan, at) }
}

/** The home has another declaration than the one that was planned, or none. */
function onceInPlace({ file, place }: Extract<PlannedAt, { kind: 'file' }>, command: string): NextStep {
  return { before: `put ${file} into the home as ${place}, then`, command }
}

function adoptionStep(plan: Plan, at: PlannedAt): NextStep {
  const command = adoption(plan, at)
  return at.kind === 'file' ? onceInPlace(at, command) : { command }
}

function adoption({ table }: Plan, at: PlannedAt): string {
  return `hyp adopt ${at.kind === 'path' ? shellWord(at.path) : table}`
}

function countOf(plan: Plan, kind: PlannedChange['kind']): number {
  return plan.changes.filter(change => change.kind === kind).length
}
