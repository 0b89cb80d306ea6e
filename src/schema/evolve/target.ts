import type { WantedField, WantedType } from '../../iceberg/ids.ts'
import { matchFields } from '../../iceberg/matching.ts'
import { isPromotion } from '../../iceberg/primitive.ts'
import type { Field, Type } from '../../iceberg/types.ts'
import type { Declaration } from '../declaration.ts'
import { wantedFields } from '../wanted.ts'

/**
 * The columns a table should have after an evolution: what is declared, as wide
 * and lax as the table is already, and, at every level, what the table has and
 * nobody declares, each behind the column it follows now. A plan that says that
 * something is tolerated must not undo it on the way to something else.
 */
export function targetFields(declaration: Declaration, current: readonly Field[]): WantedField[] {
  return targetStruct(wantedFields(declaration.columns), current)
}

function targetStruct(wanted: readonly WantedField[], current: readonly Field[]): WantedField[] {
  const matches = matchFields(wanted, current)
  const standsFor = new Map(matches.map((field, index) => [field, index]))
  const target = wanted.map((field, index) => {
    const match = matches[index]
    if (match === undefined) return field
    return { ...field, required: field.required && match.required, type: targetType(field.type, match.type) }
  })
  // Behind the target at this index come these, in the table's order; −1 is the front.
  const undeclared = new Map<number, WantedField[]>()
  let behind = -1
  for (const field of current) {
    const index = standsFor.get(field)
    if (index === undefined) undeclared.set(behind, [...(undeclared.get(behind) ?? []), kept(field)])
    else behind = index
  }
  return [...(undeclared.get(-1) ?? []), ...target.flatMap((field, index) => [field, ...(undeclared.get(index) ?? [])])]
}

function targetType(declared: WantedType, current: Type): WantedType {
  if (typeof declared === 'string')
    return typeof current === 'string' && isPromotion(declared, current) ? current : declared
  if (typeof current === 'string') return declared
  if (declared.type === 'struct' && current.type === 'struct')
    return { ...declared, fields: targetStruct(declared.fields, current.fields) }
  if (declared.type === 'list' && current.type === 'list') {
    const elementRequired = declared.elementRequired && current['element-required']
    return { ...declared, elementRequired, element: targetType(declared.element, current.element) }
  }
  if (declared.type === 'map' && current.type === 'map') {
    const valueRequired = declared.valueRequired && current['value-required']
    const key = targetType(declared.key, current.key)
    return { ...declared, key, valueRequired, value: targetType(declared.value, current.value) }
  }
  return declared
}

/** A column of the table, wanted as it is. */
function kept(field: Field): WantedField {
  return {
    name: field.name,
    required: field.required,
    type: asWanted(field.type),
    ...(field.doc === undefined ? {} : { doc: field.doc }),
  }
}

function asWanted(type: Type): WantedType {
  if (typeof type === 'string') return type
  if (type.type === 'struct') return { type: 'struct', fields: type.fields.map(kept) }
  if (type.type === 'list')
    return { type: 'list', element: asWanted(type.element), elementRequired: type['element-required'] }
  return { type: 'map', key: asWanted(type.key), value: asWanted(type.value), valueRequired: type['value-required'] }
}
