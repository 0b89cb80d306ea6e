import type { AdoptionDocument } from '../../stores/table/adopt/document.ts'
import type { Obstacle } from '../../stores/table/adopt/obstacle.ts'
import { duration, indent, plural, wrapCut } from './text.ts'
import { visible, visibleIn } from './visible.ts'

const width = 100

/** What an adoption did, in a few lines, and what to do next. */
export function renderAdoption(raw: AdoptionDocument, pasteable: (command: string) => string): string[] {
  const adoption = visibleIn(raw)
  const { table, directory, declaration, accepted, notices, plan } = adoption
  const next = pasteable(`hyp plan ${table}`)
  return [
    ...wrapCut(headOf(adoption), width),
    // A path and a command are there to be copied: whole, however long.
    `  table     ${directory}`,
    ...(declaration === null
      ? []
      : [`  declared  ${declaration.file}${declaration.written ? ', written for it' : ''}`]),
    ...accepted.flatMap(({ code, path, change }) => labelled('accepted', `${path}  ${change}  ${code}`)),
    ...notices.flatMap(({ message }) => labelled('note', message)),
    `  next      ${next}${plan.changes.length === 0 ? ', which has nothing to do' : ''}`,
  ]
}

function headOf({ action, table, declaration, plan, elapsed_ms: ms }: AdoptionDocument): string {
  const state = `schema ${plan.found?.schemaId}, ${plural(plan.found?.rows ?? 0, 'row')}`
  if (action !== 'none')
    return `${table} adopted in ${duration(ms)}: ${state}; no data and no column of it was touched.`
  if (declaration?.written === true) return `${table} is declared now; the table itself was adopted before: ${state}.`
  return `Nothing to do: ${table} is adopted as it is, ${state}.`
}

/** Everything in the way of an adoption: what, where, why, and the way out. */
export function renderObstacles(obstacles: readonly Obstacle[]): string[] {
  return obstacles.flatMap(({ what, where, why, fix }) => [
    ...indent(wrapCut(visible(what), width - 2), '! ', '  '),
    ...labelled('where', where),
    ...labelled('why', why),
    ...labelled('fix', fix),
  ])
}

function labelled(label: string, text: string): string[] {
  return indent(wrapCut(visible(text), width - 12), `  ${label.padEnd(10)}`, ' '.repeat(12))
}
