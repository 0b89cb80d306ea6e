import { sameJson } from './primitive.ts'
import type { Schema } from './types.ts'

/** Whether two schemas are the same in everything but their ids; the row key is a set, and none is an empty one. */
export function sameSchema(a: Schema, b: Schema): boolean {
  return sameJson(withoutId(a), withoutId(b))
}

function withoutId(schema: Schema): Record<string, unknown> {
  const { 'schema-id': _id, 'identifier-field-ids': identifier, ...rest } = schema
  return { ...rest, 'identifier-field-ids': [...(identifier ?? [])].sort((a, b) => a - b) }
}
