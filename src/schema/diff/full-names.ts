import type { WantedField, WantedType } from '../../iceberg/ids.ts'
import type { Field } from '../../iceberg/types.ts'
import type { Declaration } from '../declaration.ts'
import { targetFields } from '../evolve/target.ts'

/**
 * The full names that two columns would have after an evolution. Full names
 * join nested names with dots, and the format forbids two equal ones: a column
 * `a.b` beside a column `a` with a member `b`.
 */
export function doubledFullNames(declaration: Declaration, current: readonly Field[]): readonly string[] {
  const seen = new Set<string>()
  const doubled = new Set<string>()
  let hasDot = false
  const visitField = (name: string, type: WantedType, path: string): void => {
    hasDot ||= name.includes('.')
    if (seen.has(path)) doubled.add(path)
    seen.add(path)
    if (typeof type === 'string') return
    if (type.type === 'struct') visit(type.fields, `${path}.`)
    else if (type.type === 'list') visitField('element', type.element, `${path}.element`)
    else for (const part of ['key', 'value'] as const) visitField(part, type[part], `${path}.${part}`)
  }
  const visit = (fields: readonly WantedField[], prefix: string): void => {
    for (const { name, type } of fields) visitField(name, type, `${prefix}${name}`)
  }
  visit(targetFields(declaration, current), '')
  // Without a dot, equal names stand in one place: a mistake of the declaration, told before there is a plan.
  return hasDot ? [...doubled] : []
}
