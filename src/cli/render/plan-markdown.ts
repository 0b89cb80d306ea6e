import type { Plan, PlannedChange } from '../../schema/plan.ts'
import type { PlanFailure, Planned, PlannedAt } from '../planned.ts'
import { beforeCommand, editedElsewhere, editedNote, isAsSealed, type PlanSection, sectionsOf } from './section.ts'
import { plural } from './text.ts'
import { nextStep, verdictLine } from './verdict.ts'
import { visible } from './visible.ts'

/**
 * Plans as the note that a maintainer would have to write: what is declared, what was found, what follows, what to do.
 * @param retyped a command as it has to be typed; not for this machine's terminal alone, because others read the note
 */
export function renderPlansAsMarkdown(
  planned: readonly Planned[],
  retyped: (command: string) => string = command => command,
  failures: readonly PlanFailure[] = [],
): string {
  return [
    ...planned.map(one => tableNote({ ...one, retyped })),
    ...failures.map(one => failureNote(one, retyped)),
  ].join('\n\n')
}

/** A table that there is no plan of. */
function failureNote({ table: name, error }: PlanFailure, retyped: (command: string) => string): string {
  const hint = error.hint.replaceAll(/`(hyp [^`]+)`/g, (_, command: string) => retyped(command))
  return [`## ${code(name)}: unreadable`, `${plain(error.message)} ${plain(`[${error.code}]`)}`, plain(hint)].join(
    '\n\n',
  )
}

type Shown = Planned & { readonly retyped: (command: string) => string }

function tableNote(shown: Shown): string {
  const { plan } = shown
  const sections = sectionsOf(plan)
  const origins = (['pending', 'drift', 'tolerated'] as const)
    .map(origin => ({ origin, sections: sections.filter(section => section.origin === origin) }))
    .filter(group => group.sections.length > 0)
  return [
    `## ${code(plan.table)}: ${plan.verdict}`,
    ...editedPart(plan),
    ...origins.flatMap(({ origin, sections: same }) => [
      headings[origin],
      ...same.flatMap(section => sectionNote(section, shown)),
    ]),
    ...(origins.length === 0 ? fourParts(shown, undefined) : []),
    plain(verdictLine(plan)),
  ].join('\n\n')
}

const headings = { pending: '### Pending', drift: '### Drift', tolerated: '### Tolerated' } as const

/** What no change tells: a release was edited, and the table has all of it. */
function editedPart(plan: Plan): string[] {
  const note = editedNote(plan)
  if (note === null || plan.edited === null) return []
  const { applied, declared, sealed } = plan.edited
  const prints = `Applied ${code(applied)}, declared ${code(declared)}, sealed ${sealed === null ? 'never' : code(sealed)}.`
  return [`${capital(note)}. ${prints}${isAsSealed(plan) ? ` ${editedElsewhere(plan)}` : ''}`]
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

function sectionNote(section: PlanSection, shown: Shown): string[] {
  const { title, changes } = section
  return [`${capital(title)}.`, table(changes), ...fourParts(shown, section)]
}

function table(changes: readonly PlannedChange[]): string {
  const rows = changes.map(({ sign, path, fieldId, change, code: rule, rule: title }) =>
    row([code(sign), code(path), fieldId === null ? '' : String(fieldId), code(change), `${rule} ${plain(title)}`]),
  )
  return [row(['', 'column', 'field id', 'change', 'rule']), '|---|---|---|---|---|', ...rows].join('\n')
}

function fourParts(shown: Shown, section: PlanSection | undefined): string[] {
  const { plan, at, file } = shown
  return [
    '#### Declared',
    declaredText(plan, section, file),
    '#### Found',
    foundText(plan, section, at),
    '#### Effect',
    effectText(plan, section),
    '#### Fix',
    fixText(shown, section),
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
  if (plan.verdict === 'absent') return `The table will be created with ${plural(plan.declared.columns, 'column')}.`
  if (plan.verdict === 'newer') return 'An older release never writes to a newer table. Reading goes on.'
  if (section === undefined) return 'None: the table is as it is declared.'
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

function fixText({ plan, at, retyped }: Shown, section: PlanSection | undefined): string {
  const step = nextStep(plan, at)
  const next =
    step === null
      ? []
      : [
          `Next: ${[plain(step.before ?? ''), ...(step.command === undefined ? [] : [`${code(retyped(step.command))}${step.after ?? ''}`])].join(' ').trim()}.`,
        ]
  const fixes = (section?.changes ?? []).flatMap(({ path, fix, command }) => {
    if (fix === null) return []
    const also =
      command === null ? '' : ` ${beforeCommand(command) === 'then' ? 'Then' : 'Or'} ${code(retyped(command))}.`
    return [`* ${code(path)}: ${plain(fix)}${also}`]
  })
  const edited =
    section?.cause === 'edited release'
      ? [
          isAsSealed(plan)
            ? `* ${editedElsewhere(plan)}`
            : '* A release that went out is never edited: take the edit back, and bring it as the next release.',
        ]
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
  const flat = visible(text)
  const runs = Array.from(flat.matchAll(/`+/g), ([run]) => run.length)
  if (runs.length === 0) return `\`${flat}\``
  const fence = '`'.repeat(Math.max(...runs) + 1)
  return `${fence} ${flat} ${fence}`
}

/** A text in which nothing is markup. */
function plain(text: string): string {
  return visible(text).replaceAll(/[\\<>*_[\]`]/g, character => `\\${character}`)
}
