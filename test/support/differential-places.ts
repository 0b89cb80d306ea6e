import { type IndexedField, indexById } from '../../src/iceberg/schema-index.ts'
import type { Field, Schema } from '../../src/iceberg/types.ts'
import type { ColumnDeclaration, Declaration, DeclaredType } from '../../src/schema/declaration.ts'
import type { PlannedChange } from '../../src/schema/plan.ts'

/** What a plan says of a table, and that table. */
export interface Planned {
  readonly changes: readonly PlannedChange[]
  readonly declaration: Declaration
  readonly schema: Schema
}

/** A declared column, element, key or value, and what of the table it is. */
export interface Place {
  readonly path: string
  readonly type: DeclaredType
  readonly required: boolean
  /** undefined for elements, keys and values. */
  readonly column: ColumnDeclaration | undefined
  readonly parent: Place | undefined
  /** undefined for what the plan adds. */
  readonly field: IndexedField | undefined
}

/** Goes down the declaration beside the table, and takes from the plan what was renamed or is new. */
export function placesOf({ changes, declaration, schema }: Planned): ReadonlyMap<string, Place> {
  const byId = indexById(schema)
  const places = new Map<string, Place>()
  const renamed = new Map(
    changes.flatMap(({ path, fieldId, change }) =>
      change.startsWith('renamed from ') ? [[path, fieldId] as const] : [],
    ),
  )
  const added = new Set(changes.filter(isAddition).map(({ path }) => path))

  const visit = (place: Place): void => {
    places.set(place.path, place)
    const { type, field, path } = place
    if (typeof type === 'string' || field === undefined) return
    const current = field.type
    if (typeof current === 'string' || current.type !== type.type) return
    const inner = (name: string, id: number, innerType: DeclaredType, required: boolean): void =>
      visit({
        path: `${path}.${name}`,
        type: innerType,
        required,
        column: undefined,
        parent: place,
        field: byId.get(id),
      })
    if (type.type === 'struct' && current.type === 'struct') columns(type.fields, place, current.fields)
    else if (type.type === 'list' && current.type === 'list') {
      inner('element', current['element-id'], type.element, type.elementRequired ?? false)
    } else if (type.type === 'map' && current.type === 'map') {
      inner('key', current['key-id'], type.key, true)
      inner('value', current['value-id'], type.value, type.valueRequired ?? false)
    }
  }
  const columns = (
    declared: readonly ColumnDeclaration[],
    parent: Place | undefined,
    fields: readonly Field[],
  ): void => {
    for (const column of declared) {
      const path = parent === undefined ? column.name : `${parent.path}.${column.name}`
      const id =
        renamed.get(path) ?? (added.has(path) ? undefined : fields.find(({ name }) => name === column.name)?.id)
      const field = id === undefined || id === null ? undefined : byId.get(id)
      visit({ path, type: column.type, required: column.required ?? false, column, parent, field })
    }
  }
  columns(declaration.columns, undefined, schema.fields)
  return places
}

/** Whether a change only remarks on a column which another change of the plan adds or renames. */
export function isRemark({ code, fieldId }: PlannedChange): boolean {
  return ['BR207', 'BR208', 'BR209', 'BR212', 'BR214', 'BR218'].includes(code) || (code === 'BR211' && fieldId === null)
}

/** In the key of a map, every change has the code of a changed type. */
export function isAddition({ code, fieldId }: PlannedChange): boolean {
  return code === 'AD101' || code === 'BR201' || (code === 'BR202' && fieldId === null)
}

/** The full name of what has to be in the table. */
export function found(field: IndexedField | undefined): string {
  if (field === undefined) throw new Error('the plan speaks of a column that is not there')
  return field.path
}
