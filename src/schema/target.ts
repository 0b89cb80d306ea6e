import type { WantedField, WantedType } from '../iceberg/ids.ts'
import { isPromotion } from '../iceberg/primitive.ts'
import type { Field, Schema, Type } from '../iceberg/types.ts'
import type { Declaration } from './declaration.ts'
import { wantedFields } from './wanted.ts'

/**
 * The columns a table should have after an evolution: what is declared, as wide
 * and lax as the table is already, and what the table has and nobody declares.
 */
export function targetFields(declaration: Declaration, current: Schema): WantedField[] {
  return withKept(keepWider(wantedFields(declaration.columns), current.fields), current)
}

/**
 * Where the table is wider or laxer than declared, it stays so: a plan that
 * says this is tolerated must not undo it on the way to something else.
 */
function keepWider(declared: readonly WantedField[], current: readonly Field[]): WantedField[] {
  return declared.map(field => {
    const match =
      current.find(candidate => candidate.name === field.name) ??
      current.find(candidate => candidate.name === field.renamedFrom)
    if (match === undefined) return field
    return { ...field, required: field.required && match.required, type: keepWiderType(field.type, match.type) }
  })
}

function keepWiderType(declared: WantedType, current: Type): WantedType {
  if (typeof declared === 'string')
    return typeof current === 'string' && isPromotion(declared, current) ? current : declared
  if (typeof current === 'string') return declared
  if (declared.type === 'struct' && current.type === 'struct')
    return { ...declared, fields: keepWider(declared.fields, current.fields) }
  if (declared.type === 'list' && current.type === 'list') {
    const elementRequired = declared.elementRequired && current['element-required']
    return { ...declared, elementRequired, element: keepWiderType(declared.element, current.element) }
  }
  if (declared.type === 'map' && current.type === 'map') {
    const valueRequired = declared.valueRequired && current['value-required']
    return { ...declared, valueRequired, value: keepWiderType(declared.value, current.value) }
  }
  return declared
}

/** Declared columns, and those of the table that are not declared, each behind the column it follows now. */
function withKept(declared: readonly WantedField[], current: Schema): WantedField[] {
  const fields = [...declared]
  const names = (field: WantedField): string[] => [
    field.name,
    ...(field.renamedFrom === undefined ? [] : [field.renamedFrom]),
  ]
  const taken = new Set(declared.flatMap(names))
  let previous = ''
  for (const field of current.fields) {
    if (!taken.has(field.name)) {
      const at = fields.findIndex(candidate => names(candidate).includes(previous))
      fields.splice(at + 1 || fields.length, 0, kept(field))
    }
    previous = field.name
  }
  return fields
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

function asWanted(type: Field['type']): WantedField['type'] {
  if (typeof type === 'string') return type
  if (type.type === 'struct') return { type: 'struct', fields: type.fields.map(kept) }
  if (type.type === 'list')
    return { type: 'list', element: asWanted(type.element), elementRequired: type['element-required'] }
  return { type: 'map', key: asWanted(type.key), value: asWanted(type.value), valueRequired: type['value-required'] }
}
