import type { Mistake } from '../../schema/declaration-file.ts'
import type { PlannedChange } from '../../schema/plan.ts'
import type { PlanFailure, Planned } from '../planned.ts'
import { pasteableHint } from './error.ts'
import { editedElsewhere, editedNote, isAsSealed, sectionsOf } from './section.ts'
import { nextStep, stepLine, verdictLine, worstVerdict } from './verdict.ts'
import { visible } from './visible.ts'

/*
 * Plans as commands of a GitHub workflow: annotations at the lines of the
 * declaration that are the reason. Everything else is plain text to the runner.
 */

type Level = 'error' | 'warning' | 'notice'

/** One annotation per change, then a sentence per table; the last line is the worst verdict. */
export function renderPlansForGithub(
  planned: readonly Planned[],
  pasteable: (command: string) => string,
  failures: readonly PlanFailure[] = [],
): string {
  return [
    ...failures.map(({ table, error }) =>
      command('error', { title: error.code }, `${table}: ${error.message} ${pasteableHint(error.hint, pasteable)}`),
    ),
    ...planned.flatMap(annotations),
    ...planned.flatMap(({ plan, at }) => {
      const step = nextStep(plan, at)
      const next = step === null ? [] : [visible(`next: ${stepLine(step, pasteable)}`)]
      return [visible(`${plan.table}: ${verdictLine(plan)}`), ...next]
    }),
    ...failures.map(({ table }) => `${table}: unreadable`),
    `Verdict: ${worstVerdict(planned.map(({ plan }) => plan))}`,
  ].join('\n')
}

/** The mistakes of declaration files, from which there is no plan. */
export function renderMistakesForGithub(mistakes: readonly Mistake[]): string {
  return [
    ...mistakes.map(({ file, line, column, code, message, hint }) =>
      command('error', { file, line, col: column, title: code }, hint === undefined ? message : `${message} ${hint}`),
    ),
    'Verdict: none, the declaration is invalid',
  ].join('\n')
}

function annotations(planned: Planned): string[] {
  const { plan, file } = planned
  const where = file === null ? {} : { file }
  const state = stateOf(planned)
  const edited = sectionsOf(plan)
    .filter(section => section.cause === 'edited release')
    .map(({ title }) => command('warning', { ...where, title: 'edited release' }, `${plan.table}: ${title}.`))
  const note = editedNote(plan)
  const why = isAsSealed(plan) ? ` ${editedElsewhere(plan)}` : ''
  const noted =
    note === null ? [] : [command('notice', { ...where, title: 'edited release' }, `${plan.table}: ${note}.${why}`)]
  return [
    ...state,
    ...edited,
    ...noted,
    ...sectionsOf(plan).flatMap(({ changes }) => changes.map(change => annotation(change, planned))),
  ]
}

/** What is told of a table that has no changes to be listed. */
function stateOf({ plan, file }: Planned): string[] {
  const where = file === null ? {} : { file }
  if (plan.verdict === 'absent')
    return [command('notice', { ...where, title: 'absent' }, `${plan.table} is not there yet.`)]
  if (plan.verdict === 'newer')
    return [command('error', { ...where, title: 'newer' }, `${plan.table}: ${verdictLine(plan)}`)]
  return []
}

function annotation(change: PlannedChange, { plan, file, places }: Planned): string {
  const { path, code, rule, reason, fix, docs } = change
  const place = places.get(path)
  const properties = {
    ...(file === null ? {} : { file }),
    ...(place === undefined || file === null ? {} : { line: place.line, col: place.column }),
    title: `${code} ${rule}`,
  }
  const text = [`${plan.table}: ${path}: ${change.change}.`, reason, fix, `See ${docs}.`]
  return command(levelOf(change), properties, text.filter(part => part !== null).join(' '))
}

function levelOf({ kind, origin }: PlannedChange): Level {
  if (kind === 'breaking') return 'error'
  return kind === 'in-place' && origin === 'pending' ? 'notice' : 'warning'
}

function command(level: Level, properties: Readonly<Record<string, string | number>>, message: string): string {
  const listed = Object.entries(properties).map(([name, value]) => `${name}=${escapedProperty(String(value))}`)
  return `::${level} ${listed.join(',')}::${escaped(visible(message))}`
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapedProperty(text: string): string {
  return escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
