import { type IndexedField, indexById } from '../../src/iceberg/schema-index.ts'
import type { Field, Schema } from '../../src/iceberg/types.ts'
import type { ColumnDeclaration } from '../../src/schema/declaration.ts'
import type { PlannedChange } from '../../src/schema/plan.ts'
import { keyNow, movesKey } from './differential-key.ts'
import { orderOps } from './differential-order.ts'
import { found, type Place, type Planned, placesOf } from './differential-places.ts'
import { fieldWithIds, typeWithIds, withTypeAt } from './differential-schema.ts'

/*
 * The changes of a plan as operations of UpdateSchema, which Java and PyIceberg
 * have alike. Paths of what is there are those before all operations.
 */

export type Op =
  | { readonly op: 'add'; readonly parent: string | null; readonly column: Field }
  | { readonly op: 'type'; readonly path: string; readonly column: Field; readonly like: Schema }
  | { readonly op: 'optional' | 'require' | 'delete' | 'first'; readonly path: string }
  | { readonly op: 'doc'; readonly path: string; readonly doc: string }
  | { readonly op: 'rename'; readonly path: string; readonly to: string }
  | { readonly op: 'default'; readonly path: string; readonly column: Field }
  | { readonly op: 'after'; readonly path: string; readonly other: string }
  | { readonly op: 'identifier'; readonly names: readonly string[] }

/** The operations that do what some changes of a plan say, refused ones too. */
export function opsOf(planned: Planned, some: readonly PlannedChange[] = planned.changes): Op[] {
  const places = placesOf(planned)
  const byId = indexById(planned.schema)
  const ops = some.flatMap(change => opsOfChange(change, places, byId, planned.schema))
  ops.push(...orderOps(some, places, byId, planned.schema))
  // Last, so that it speaks of columns by the names they have then.
  const { schema, declaration } = planned
  if (some.some(({ code }) => code === 'BR206')) ops.push({ op: 'identifier', names: declaration.identifier })
  else if (movesKey(planned, some)) ops.push({ op: 'identifier', names: keyNow(planned, some, schema) })
  return ops
}

function opsOfChange(
  { code, path, fieldId }: PlannedChange,
  places: ReadonlyMap<string, Place>,
  byId: ReadonlyMap<number, IndexedField>,
  schema: Schema,
): Op[] {
  const place = places.get(path)
  const field = fieldId === null ? undefined : byId.get(fieldId)
  switch (code) {
    case 'AD101':
    case 'BR201':
      return [addition(place)]
    case 'AD102':
      return [retyping(place, field, schema)]
    case 'AD103':
      return [{ op: 'optional', path: found(field) }]
    case 'AD104':
      return [{ op: 'doc', path: found(field), doc: place?.column?.doc ?? '' }]
    case 'AD106':
      return [{ op: 'rename', path: found(field), to: place?.column?.name ?? '' }]
    case 'BR211':
      return field === undefined ? [] : [{ op: 'default', path: found(field), column: columnWithIds(place?.column) }]
    case 'BR203':
      return [{ op: 'require', path: found(field) }]
    case 'BR204':
      return [{ op: 'delete', path: found(field) }]
    case 'BR202':
      // In the key of a map every change has this code.
      return place === undefined ? [{ op: 'delete', path: found(field) }] : wholeChange(place, field, schema)
    default:
      return []
  }
}

/** All that makes what is there into what is declared, below one place. */
function wholeChange(place: Place, field: IndexedField | undefined, schema: Schema): Op[] {
  if (field === undefined) return [addition(place)]
  const { column, required, type } = place
  const ops: Op[] = []
  const isSame =
    typeof type === 'string' ? type === field.type : typeof field.type !== 'string' && field.type.type === type.type
  if (!isSame) ops.push(retyping(place, field, schema))
  if (required !== field.required) ops.push({ op: required ? 'require' : 'optional', path: field.path })
  if (column !== undefined && column.name !== field.name) ops.push({ op: 'rename', path: field.path, to: column.name })
  if (column?.doc !== undefined && column.doc !== field.field?.doc)
    ops.push({ op: 'doc', path: field.path, doc: column.doc })
  return ops
}

function addition(place: Place | undefined): Op {
  if (place?.column === undefined) throw new Error('the plan adds what is not declared')
  const { column, parent } = place
  return { op: 'add', parent: parent === undefined ? null : found(parent.field), column: columnWithIds(column) }
}

function retyping(place: Place | undefined, field: IndexedField | undefined, schema: Schema): Op {
  if (place === undefined || field === undefined) throw new Error('the plan changes the type of what is not there')
  const type = typeWithIds(place.type)
  const column = columnWithIds({ name: field.name, type: place.type })
  return { op: 'type', path: field.path, column, like: withTypeAt(schema, field.id, type) }
}

function columnWithIds(column: ColumnDeclaration | undefined): Field {
  if (column === undefined) throw new Error('the plan speaks of a column that is not declared')
  return fieldWithIds(column)
}
