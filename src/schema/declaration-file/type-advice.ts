import { parsePrimitive, simplePrimitives } from '../../iceberg/primitive.ts'
import { suggestion } from './suggestion.ts'

export const nestedKinds: readonly string[] = ['struct', 'list', 'map']

/** What people call these types elsewhere. */
const otherNames: Readonly<Record<string, string>> = {
  array: '{"type": "list", "element": …}',
  bigint: '"long"',
  blob: '"binary"',
  bool: '"boolean"',
  bytes: '"binary"',
  char: '"string"',
  datetime: '"timestamptz"',
  decimal: '"decimal(38,9)"',
  fixed: '"fixed[16]"',
  float32: '"float"',
  float64: '"double"',
  int32: '"int"',
  int64: '"long"',
  integer: '"int"',
  json: '"string", which takes any JSON value as JSON text',
  jsonb: '"string", which takes any JSON value as JSON text',
  number: '"long" or "double"',
  numeric: '"decimal(38,9)"',
  object: '{"type": "struct", "fields": […]}',
  record: '{"type": "struct", "fields": […]}',
  real: '"float"',
  smallint: '"int"',
  str: '"string"',
  text: '"string"',
  timestampz: '"timestamptz"',
  'timestamp with time zone': '"timestamptz"',
  varchar: '"string"',
}

/** What does the work of a version 3 type in version 2. */
export const insteadOfV3: Readonly<Record<string, string>> = {
  timestamp_ns: 'Use "timestamp", which counts microseconds.',
  timestamptz_ns: 'Use "timestamptz", which counts microseconds.',
  variant: 'Use "string", which takes any JSON value as JSON text.',
}

/** What was meant by a text that is no type; `bare` is in lower case and without parameters. */
export function otherName(bare: string): string {
  if (Object.hasOwn(otherNames, bare)) return `Use ${otherNames[bare]}.`
  const close = suggestion(bare, simplePrimitives)
  return close === undefined
    ? `The types are ${simplePrimitives.join(', ')}, decimal(P,S), fixed[L], and struct, list and map as objects.`
    : `Did you mean "${close}"?`
}

/** What was meant by the `type` of an object that is no nested type. */
export function nestedAdvice(kind: string): string {
  if (parsePrimitive(kind) !== undefined) return `Write "type": "${kind}".`
  const close = suggestion(kind, nestedKinds)
  return close === undefined ? otherName(kind.toLowerCase()) : `Did you mean "${close}"?`
}

/** How a nested type is written. */
export function nestedForm(kind: string): string {
  if (kind === 'struct') return 'Write {"type": "struct", "fields": [{"name": …, "type": …}]}.'
  if (kind === 'list') return 'Write {"type": "list", "element": …}.'
  return 'Write {"type": "map", "key": "string", "value": …}.'
}
