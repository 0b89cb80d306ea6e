import type { AdoptionDocument } from '../../stores/table/adopt/document.ts'
import type { Obstacle } from '../../stores/table/adopt/obstacle.ts'
import { duration, plural, wrap } from './text.ts'

const width = 100

/** What an adoption did, in a few lines, and what to do next. */
export function renderAdoption(adoption: AdoptionDocument, pasteable: (command: string) => string): string[] {
  const { action, table, directory, declaration, accepted, notices, plan } = adoption
  const state = `schema ${plan.found?.schemaId}, ${plural(plan.found?.rows ?? 0, 'row')}`
  const head =
    action === 'none'
      ? `Nothing to do: ${table} is adopted as it is, ${state}.`
      : `${table} adopted in ${duration(adoption.elapsed_ms)}: ${state}; no data and no column of it was touched.`
  return [
    head,
    `  table     ${directory}`,
    ...(declaration === null
      ? []
      : [`  declared  ${declaration.file}${declaration.written ? ', written for it' : ''}`]),
    ...accepted.map(({ code, path, change }) => `  accepted  ${path}  ${change}  ${code}`),
    ...notices.flatMap(({ message }) => labelled('note', message)),
    `  next      ${pasteable(`hyp plan ${table}`)}${plan.changes.length === 0 ? ', which has nothing to do' : ''}`,
  ]
}

/** Everything in the way of an adoption: what, where, why, and the way out. */
export function renderObstacles(obstacles: readonly Obstacle[]): string[] {
  return obstacles.flatMap(({ what, where, why, fix }) => [
    `! ${what}`,
    ...labelled('where', where),
    ...labelled('why', why),
    ...labelled('fix', fix),
  ])
}

function labelled(label: string, text: string): string[] {
  return wrap(text, width - 12).map((line, index) => `  ${(index === 0 ? label : '').padEnd(10)}${line}`)
}
