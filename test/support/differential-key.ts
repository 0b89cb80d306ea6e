import { type IndexedField, indexById } from '../../src/iceberg/schema-index.ts'
import type { Schema } from '../../src/iceberg/types.ts'
import type { PlannedChange } from '../../src/schema/plan.ts'
import { found, type Planned, placesOf } from './differential-places.ts'
import { withNames } from './differential-schema.ts'

/**
 * Whether a column of the row key or a struct around it gets another name, or a
 * name goes from one column to another: updates know the key by names, and lose it.
 */
export function movesKey({ schema }: Planned, some: readonly PlannedChange[]): boolean {
  const byId = indexById(schema)
  const holders = keyAndHolders(schema)
  const renamed = some
    .filter(({ code }) => code === 'AD106')
    .map(({ fieldId, path }) => ({ path, field: byId.get(fieldId ?? 0) }))
  const old = new Set(renamed.map(({ field }) => field?.name))
  // A column of the key itself is followed, but not inside a struct.
  const isLost = (field: IndexedField | undefined): boolean =>
    holders.has(field?.id ?? null) && (typeof field?.type !== 'string' || field.parent !== undefined)
  return renamed.some(({ path, field }) => isLost(field) || (holders.size > 0 && old.has(path.split('.').at(-1))))
}

/** The row key under the names that its columns have after some changes. */
export function keyNow(planned: Planned, some: readonly PlannedChange[], schema: Schema): string[] {
  const places = placesOf(planned)
  const renamed = new Map(
    some.flatMap(({ code, fieldId, path }) => (code === 'AD106' ? [[fieldId, places.get(path)?.column?.name]] : [])),
  )
  const byId = indexById(withNames(schema, id => renamed.get(id)))
  return (schema['identifier-field-ids'] ?? []).map(id => found(byId.get(id)))
}

/** Field ids of the row key and of all structs around it. */
export function keyAndHolders(schema: Schema): ReadonlySet<number | null> {
  const byId = indexById(schema)
  return new Set((schema['identifier-field-ids'] ?? []).flatMap(id => withAncestors(byId.get(id))))
}

function withAncestors(field: IndexedField | undefined): number[] {
  return field === undefined ? [] : [field.id, ...withAncestors(field.parent)]
}
