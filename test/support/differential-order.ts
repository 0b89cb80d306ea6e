import type { IndexedField } from '../../src/iceberg/schema-index.ts'
import type { Field, Schema, Type } from '../../src/iceberg/types.ts'
import type { PlannedChange } from '../../src/schema/plan.ts'
import type { Op } from './differential-ops.ts'
import { found, type Place } from './differential-places.ts'

/**
 * Moves new columns to where they are declared, and in a struct whose order the
 * plan changes all of them. Columns that nobody declares stay behind those
 * they follow.
 */
export function orderOps(
  changes: readonly PlannedChange[],
  places: ReadonlyMap<string, Place>,
  byId: ReadonlyMap<number, IndexedField>,
  schema: Schema,
): Op[] {
  const isReordered = new Set(changes.flatMap(({ code, path }) => (code === 'AD105' ? [path] : [])))
  const isPlanned = new Set(changes.map(({ path }) => path))
  const gone = new Set(changes.flatMap(({ code, fieldId }) => (code === 'BR204' ? [fieldId] : [])))
  const ops: Op[] = []
  const structs: (Place | undefined)[] = [undefined, ...places.values()]
  for (const struct of structs) {
    const current = struct === undefined ? schema.fields : membersOf(struct.field?.type)
    if (current === undefined) continue
    const inOrder = [...places.values()].filter(place => place.parent === struct && place.column !== undefined)
    const isAdded = (place: Place): boolean => place.field === undefined && isPlanned.has(place.path)
    const all = isReordered.has(struct?.path ?? '(columns)')
    if (!all && !inOrder.some(isAdded)) continue
    const names = inOrder
      .filter(place => place.field !== undefined || isAdded(place))
      .map(place => ({ id: place.field?.id, moved: all || isAdded(place), path: pathNow(place, byId) }))
    const declared = new Set(names.map(({ id }) => id))
    let previous = 0
    for (const field of current) {
      if (!declared.has(field.id) && !gone.has(field.id)) {
        const path = byId.get(field.id)?.path ?? field.name
        const at = previous === 0 ? 0 : names.findIndex(({ id }) => id === previous) + 1
        names.splice(at, 0, { id: field.id, moved: all, path })
      }
      if (!gone.has(field.id)) previous = field.id
    }
    names.forEach(({ path, moved }, index) => {
      const other = names[index - 1]?.path
      if (moved) ops.push(other === undefined ? { op: 'first', path } : { op: 'after', path, other })
    })
  }
  return ops
}

function membersOf(type: Type | undefined): readonly Field[] | undefined {
  return typeof type === 'object' && type.type === 'struct' ? type.fields : undefined
}

/** What operations call a place: its name in the table, or below its parent's the one it will have. */
function pathNow(place: Place, byId: ReadonlyMap<number, IndexedField>): string {
  if (place.field !== undefined) return byId.get(place.field.id)?.path ?? place.path
  const name = place.column?.name ?? ''
  return place.parent === undefined ? name : `${found(place.parent.field)}.${name}`
}
