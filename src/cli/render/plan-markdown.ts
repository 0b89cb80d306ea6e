import type { Plan, PlannedChange } from '../../schema/plan.ts'
import type { Planned, PlannedAt } from '../planned.ts'
import { beforeCommand, type PlanSection, sectionsOf } from './section.ts'
import { count, plural } from './text.ts'
import { nextStep, verdictLine } from './verdict.ts'

/** Plans as the note that a maintainer would have to write: what is declared, what was found, what follows, what to do. */
export function renderPlansAsMarkdown(planned: readonly Planned[]): string {
  return planned.map(note).join('\n\n')
}

function note({ plan, at, file }: Planned): string {
  const sections = sectionsOf(plan)
  const origins = (['pending', 'drift'] as const)
    .map(origin => ({ origin, sections: sections.filter(section => section.origin === origin) }))
    .filter(group => group.sections.length > 0)
  return [
    `## ${code(plan.table)}: ${plan.verdict}`,
    ...origins.flatMap(({ origin, sections: same }) => [
      origin === 'pending' ? '### Pending' : '### Drift',
      ...same.flatMap(section => sectionNote(section, plan, at, file)),
    ]),
    ...(origins.length === 0 ? fourParts(plan, undefined, at, file) : []),
    plain(verdictLine(plan)),
  ].join('\n\n')
}

function sectionNote(section: PlanSection, plan: Plan, at: PlannedAt, file: string | null): string[] {
  const { title, changes } = section
  return [
    `${title.charAt(0).toUpperCase()}${title.slice(1)}.`,
    ...(changes.length === 0 ? [] : [table(changes)]),
    ...fourParts(plan, section, at, file),
  ]
}

function table(changes: readonly PlannedChange[]): string {
  const rows = changes.map(({ sign, path, fieldId, change, code: rule, rule: title }) =>
    row([code(sign), code(path), fieldId === null ? '' : String(fieldId), code(change), `${rule} ${plain(title)}`]),
  )
  return [row(['', 'column', 'field id', 'change', 'rule']), '|---|---|---|---|---|', ...rows].join('\n')
}

function fourParts(plan: Plan, section: PlanSection | undefined, at: PlannedAt, file: string | null): string[] {
  return [
    '#### Declared',
    declaredText(plan, section, file),
    '#### Found',
    foundText(plan, section, at),
    '#### Effect',
    effectText(plan, section),
    '#### Fix',
    fixText(plan, section, at),
  ]
}

function declaredText({ declared, edited }: Plan, section: PlanSection | undefined, file: string | null): string {
  const where = file === null ? '' : ` in ${code(file)}`
  const whole = `Release ${declared.release}${where}, ${plural(declared.columns, 'column')}, fingerprint ${code(declared.fingerprint)}.`
  if (section?.cause !== 'edited release' || edited === null) return whole
  const sealed = edited.sealed === null ? 'It was never sealed' : `It was sealed as ${code(edited.sealed)}`
  return `${whole} Release ${edited.release} has the fingerprint ${code(edited.declared)} in this program. ${sealed}.`
}

function foundText({ found, edited }: Plan, section: PlanSection | undefined, at: PlannedAt): string {
  if (found === null) return 'There is no table yet.'
  const release = found.release === null ? 'No declaration was ever applied' : `Release ${found.release}`
  const whole =
    at.kind === 'base'
      ? `${release}, as ${code(at.file)} declares it.`
      : `${release}: schema ${found.schemaId}, metadata ${found.metadataVersion}, ${plural(found.rows, 'row')}, format version ${found.formatVersion}.`
  if (section?.cause !== 'edited release' || edited === null) return whole
  return `${whole} Release ${edited.release} was applied with the fingerprint ${code(edited.applied)}.`
}

function effectText(plan: Plan, section: PlanSection | undefined): string {
  if (plan.verdict === 'absent') return `The table will be created with ${count(plan.declared.columns)} columns.`
  if (plan.verdict === 'newer') return 'An older release never writes to a newer table. Reading goes on.'
  if (section === undefined) return 'None: the table is as it is declared.'
  if (section.changes.length === 0) return 'None on the table: it already has all that is declared now.'
  const reasons = section.changes.flatMap(({ path, reason }) =>
    reason === null ? [] : [`* ${code(path)}: ${plain(reason)}`],
  )
  const inPlace = section.changes.filter(change => change.kind === 'in-place').length
  const done =
    plan.verdict === 'breaking'
      ? 'The plan is refused whole: nothing is written, and the table stays as it is.'
      : `${plural(inPlace, 'change')} in place, in one commit of metadata; no data file is touched.`
  return [...(inPlace > 0 || plan.verdict === 'breaking' ? [done] : []), ...list(reasons)].join('\n\n')
}

function fixText(plan: Plan, section: PlanSection | undefined, at: PlannedAt): string {
  const step = nextStep(plan, at)
  const next =
    step === null
      ? []
      : [
          `Next: ${[plain(step.before ?? ''), ...(step.command === undefined ? [] : [`${code(step.command)}${step.after ?? ''}`])].join(' ').trim()}.`,
        ]
  const fixes = (section?.changes ?? []).flatMap(({ path, fix, command }) => {
    if (fix === null) return []
    const also = command === null ? '' : ` ${beforeCommand(command) === 'then' ? 'Then' : 'Or'} ${code(command)}.`
    return [`* ${code(path)}: ${plain(fix)}${also}`]
  })
  const edited =
    section?.cause === 'edited release'
      ? ['* A release that went out is never edited: take the edit back, and bring it as the next release.']
      : []
  const all = [...list([...edited, ...fixes]), ...next]
  return all.length === 0 ? 'Nothing is to be done.' : all.join('\n\n')
}

function list(items: readonly string[]): string[] {
  return items.length === 0 ? [] : [items.join('\n')]
}

function row(cells: readonly string[]): string {
  // A bar ends a cell, also inside code.
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/** A text as code, whatever is in it. */
function code(text: string): string {
  const flat = text.replaceAll(/[\r\n]+/g, ' ')
  const runs = Array.from(flat.matchAll(/`+/g), ([run]) => run.length)
  if (runs.length === 0) return `\`${flat}\``
  const fence = '`'.repeat(Math.max(...runs) + 1)
  return `${fence} ${flat} ${fence}`
}

/** A text in which nothing is markup. */
function plain(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\\<>*_[\]`]/g, character => `\\${character}`)
}
