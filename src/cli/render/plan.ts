import type { Plan, PlannedChange } from '../../schema/plan.ts'
import { count, plural, wrap } from './text.ts'

const width = 100

/** A plan for a person; see docs/rules.md for the signs and codes. */
export function renderPlan(plan: Plan, pasteable: (command: string) => string): string {
  const { found, declared } = plan
  const pad = Math.max('declared'.length, 'table'.length)
  const table =
    found === null
      ? `${'table'.padEnd(pad)} ${plan.table}   not there yet`
      : `${'table'.padEnd(pad)} ${plan.table}   ${found.release === null ? '' : `release ${found.release}, `}schema ${found.schemaId}, metadata v${found.metadataVersion}, ${plural(found.rows, 'row')}`
  const heads = [
    table,
    `${'declared'.padEnd(pad)} ${plan.table}   release ${declared.release}, ${declared.columns} columns`,
  ]
  const pending = plan.changes.filter(change => change.origin === 'pending')
  const drift = plan.changes.filter(change => change.origin === 'drift')
  const blocks = [
    ...section('', pending, pasteable),
    ...(drift.length === 0
      ? []
      : ['', 'drift: the table was changed by another program', ...section('', drift, pasteable).slice(1)]),
  ]
  return [...heads, ...blocks, '', ...verdictLines(plan, pasteable)].join('\n')
}

function section(title: string, changes: readonly PlannedChange[], pasteable: (command: string) => string): string[] {
  if (changes.length === 0) return []
  const pathWidth = Math.min(34, Math.max(...changes.map(change => change.path.length)))
  const changeWidth = Math.min(34, Math.max(...changes.map(change => change.change.length)))
  return [title, ...changes.flatMap(change => lines(change, pathWidth, changeWidth, pasteable))]
}

function lines(
  change: PlannedChange,
  pathWidth: number,
  changeWidth: number,
  pasteable: (command: string) => string,
): string[] {
  const start = `  ${change.sign} ${change.path.padEnd(pathWidth)}  `
  const rule = `${change.code}  ${change.rule}`
  const oneLine = `${start}${change.change.padEnd(changeWidth)}  ${rule}`
  const head = oneLine.length <= width ? [oneLine] : [...hanging(start, change.change), ...indented('', rule)]
  if (change.reason === null) return head
  return [
    ...head,
    ...indented('why', change.reason),
    ...(change.fix === null ? [] : indented('fix', change.fix)),
    ...(change.command === null ? [] : indented('or', pasteable(change.command))),
    ...indented('see', change.docs),
  ]
}

/** A text behind its start; where it is too long for one line, the others stand below it. */
function hanging(start: string, text: string): string[] {
  return wrap(text, width - start.length).map((line, index) => (index === 0 ? start : ' '.repeat(start.length)) + line)
}

function indented(label: string, text: string): string[] {
  return wrap(text, width - 12).map((line, index) => `      ${(index === 0 ? label : '').padEnd(6)}${line}`.trimEnd())
}

/** The last line is always the verdict. */
function verdictLines(plan: Plan, pasteable: (command: string) => string): string[] {
  const counted = (kind: PlannedChange['kind']): number => plan.changes.filter(change => change.kind === kind).length
  const inPlace = counted('in-place')
  const breaking = counted('breaking')
  const tolerated = counted('tolerated')
  const also = tolerated === 0 ? '' : `, ${tolerated} tolerated`
  switch (plan.verdict) {
    case 'absent':
      return [
        `plan ${plan.id}`,
        `next ${pasteable('hyp apply')}, or start the daemon`,
        `Plan: create the table with ${count(plan.declared.columns)} columns.`,
      ]
    case 'newer':
      return [
        `next install the version of hyp that wrote it, or run ${pasteable(`hyp plan --as-release ${plan.found?.release}`)}`,
        `The table was written as release ${plan.found?.release}, this is release ${plan.declared.release}. Refused: nothing was written.`,
      ]
    case 'breaking':
      return [
        `plan ${plan.id}`,
        `Plan: ${inPlace} in place, ${breaking} breaking${also}. Refused: nothing was written.`,
      ]
    case 'pending':
      return [
        `plan ${plan.id}`,
        `next ${pasteable('hyp apply')}, or restart the daemon`,
        `Plan: ${inPlace} in place, 0 breaking${also}.`,
      ]
    case 'drifted':
    case 'current':
      return [tolerated === 0 ? 'Nothing to do.' : `Nothing to do; ${tolerated} tolerated.`]
  }
}
