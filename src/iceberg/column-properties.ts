import { walkFields } from './schema-index.ts'
import type { Schema } from './types.ts'

/** Table properties that end in the full name of a column. */
const prefixes = [
  'write.metadata.metrics.column.',
  'write.parquet.bloom-filter-enabled.column.',
  'write.parquet.bloom-filter-fpp.column.',
  'write.parquet.bloom-filter-ndv.column.',
  'write.parquet.stats-enabled.column.',
]

/** What `set-properties` and `remove-properties` have to do; no key is in both. */
export interface PropertyChanges {
  readonly updates: Readonly<Record<string, string>>
  readonly removals: readonly string[]
}

/**
 * What happens to the properties of columns when the schema changes: they
 * follow a column, by its id, to its new full name, also when a parent was
 * renamed, and go with a column that was dropped: the next one of that name is
 * another. Names that were no column's are left alone.
 */
export function renameColumnProperties(
  properties: Readonly<Record<string, string>>,
  before: Schema,
  after: Schema,
): PropertyChanges {
  const idOf = new Map(walkFields(before).map(node => [node.path, node.id]))
  const pathOf = new Map(walkFields(after).map(node => [node.id, node.path]))
  const updates: Record<string, string> = {}
  const left: string[] = []
  for (const [key, value] of Object.entries(properties)) {
    const prefix = prefixes.find(candidate => key.startsWith(candidate))
    const path = key.slice(prefix?.length)
    const id = prefix === undefined ? undefined : idOf.get(path)
    const now = id === undefined ? undefined : pathOf.get(id)
    if (id === undefined || now === path) continue
    left.push(key)
    if (now !== undefined) updates[`${prefix}${now}`] = value
  }
  return { updates, removals: left.filter(key => !Object.hasOwn(updates, key)) }
}
