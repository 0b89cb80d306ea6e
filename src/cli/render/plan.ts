import type { Plan, PlannedChange } from '../../schema/plan.ts'
import type { PlannedAt } from '../planned.ts'
import { beforeCommand, editedNote, type PlanSection, sectionsOf } from './section.ts'
import { indent, plural, wrapCut } from './text.ts'
import { nextStep, stepLine, verdictLine } from './verdict.ts'
import { visible, visibleIn } from './visible.ts'

const width = 100

/** Makes of a command one that can be pasted into any terminal. */
type Pasteable = (command: string) => string

/** A plan for a person; see docs/rules.md for the signs and codes. */
export function renderPlan(raw: Plan, pasteable: Pasteable, at: PlannedAt = { kind: 'home' }): string {
  const plan = visibleIn(raw)
  return [
    ...heads(plan, at),
    ...noteLines(plan),
    ...sectionsOf(plan).flatMap(section => ['', ...sectionLines(section, plan, pasteable)]),
    '',
    ...(plan.verdict === 'current' || plan.verdict === 'newer' ? [] : [`plan ${plan.id}`]),
    ...nextLines(plan, at, pasteable),
    ...wrapCut(verdictLine(plan), width),
  ].join('\n')
}

function heads(plan: Plan, at: PlannedAt): string[] {
  const { table, found, declared } = plan
  const columns = plural(declared.columns, 'column')
  return [
    `${at.kind === 'base' ? 'against ' : 'table   '} ${table}   ${foundText(found, at)}`,
    `declared ${table}   release ${declared.release}, ${columns}`,
  ].flatMap(line => wrapCut(line, width))
}

function noteLines(plan: Plan): string[] {
  const note = editedNote(plan)
  return note === null ? [] : [`note     ${note}`]
}

function foundText(found: Plan['found'], at: PlannedAt): string {
  if (found === null) return 'not there yet'
  const release = found.release === null ? '' : `release ${found.release}, `
  const version = found.formatVersion === 2 ? '' : `, format version ${found.formatVersion}`
  if (at.kind === 'base') return `${release}as ${visible(at.file)} declares it${version}`
  return `${release}schema ${found.schemaId}, metadata v${found.metadataVersion}, ${plural(found.rows, 'row')}${version}`
}

function sectionLines(section: PlanSection, plan: Plan, pasteable: Pasteable): string[] {
  const { changes, origin, title, cause } = section
  const columns: Columns = {
    path: widest(changes.map(change => change.path)),
    id: widest(changes.map(idOf)),
    change: widest(changes.map(changeText)),
  }
  return [
    `${origin}: ${title}`,
    ...(cause === 'edited release' ? editedLines(plan) : []),
    ...changes.flatMap(change => changeLines(change, columns, pasteable)),
  ]
}

function editedLines({ edited }: Plan): string[] {
  if (edited === null) return []
  const short = (fingerprint: string): string => fingerprint.slice(0, 12)
  const { applied, declared, sealed } = edited
  return [
    `  applied ${short(applied)}, declared ${short(declared)}, sealed ${sealed === null ? 'never' : short(sealed)}`,
  ]
}

/** Characters that each part of a line takes. */
interface Columns {
  readonly path: number
  readonly id: number
  readonly change: number
}

const widest = (texts: readonly string[]): number => Math.min(34, Math.max(...texts.map(text => text.length)))

function idOf({ fieldId }: PlannedChange): string {
  return fieldId === null ? '' : `#${fieldId}`
}

/** What changes, with the type of the column where the change does not tell it. */
function changeText({ change, type }: PlannedChange): string {
  return type === null || change.includes(type) || type.length > 24 ? change : `${type}, ${change}`
}

function changeLines(change: PlannedChange, columns: Columns, pasteable: Pasteable): string[] {
  const id = columns.id === 0 ? '' : `${idOf(change).padEnd(columns.id)}  `
  const start = `  ${change.sign} ${change.path.padEnd(columns.path)}  ${id}`
  const rule = `${change.code}  ${change.rule}`
  const oneLine = `${start}${changeText(change).padEnd(columns.change)}  ${rule}`
  const head = oneLine.length <= width ? [oneLine] : [...brokenHead(change, start), ...labelled('', rule)]
  const { reason, fix, command, docs } = change
  if (reason === null) return head
  return [
    ...head,
    ...labelled('why', reason),
    ...(fix === null ? [] : labelled('fix', fix)),
    // Whole, however long: a line that was broken cannot be pasted.
    ...(command === null ? [] : [`      ${beforeCommand(command).padEnd(6)}${pasteable(command)}`]),
    ...labelled('see', docs),
  ]
}

/** A line without its rule; where the path takes most of it, what changes stands below. */
function brokenHead(change: PlannedChange, start: string): string[] {
  if (start.length <= width / 2) return hanging(start, changeText(change))
  const [first = '', ...rest] = wrapCut(`${change.path}  ${idOf(change)}`.trimEnd(), width - 4)
  return [`  ${change.sign} ${first}`, ...rest.map(line => `    ${line}`), ...labelled('', changeText(change))]
}

/** A text behind its start; where it is too long for one line, the others stand below it. */
function hanging(start: string, text: string): string[] {
  return indent(wrapCut(text, width - start.length), start, ' '.repeat(start.length))
}

function labelled(label: string, text: string): string[] {
  return indent(wrapCut(text, width - 12), `      ${label.padEnd(6)}`, ' '.repeat(12))
}

function nextLines(plan: Plan, at: PlannedAt, pasteable: Pasteable): string[] {
  const step = nextStep(plan, at)
  if (step === null) return []
  const { before, command, after = '' } = step
  const line = stepLine(step, pasteable)
  if (`next ${line}`.length <= width || before === undefined) return [`next ${line}`]
  return [
    ...indent(wrapCut(before, width - 5), 'next ', '     '),
    ...(command === undefined ? [] : [`     ${pasteable(command)}${after}`]),
  ]
}
