import type { Node } from 'jsonc-parser'
import { parseJson } from '../../iceberg/json.ts'
import type { Json } from '../../iceberg/types.ts'
import type { DeclaredType } from '../declaration.ts'
import { fitsType } from '../default-value.ts'
import { printDeclaredType } from '../wanted.ts'
import type { Document } from './document.ts'

/**
 * A default as JSON; undefined for null, and when it is none of the type, which is reported. Integers beyond ±2^53 are kept exactly.
 */
export function readDefault(
  node: Node,
  type: DeclaredType,
  required: boolean,
  { report, source }: Document,
): Json | undefined {
  const value = valueOf(node, source)
  const printed = printDeclaredType(type)
  if (value === null && required) {
    report(node, 'bad-default', 'A required column cannot have the default null.', 'Give it a value, or leave it out.')
    return undefined
  }
  // Null is what a column without a default has.
  if (value === null) return undefined
  if (fitsType(value, type)) return value
  report(node, 'bad-default', `\`${source(node)}\` is not a value of the type ${printed}.`, formOf(type))
  return undefined
}

/** What a node holds; its numbers from the text, because the parser rounds long ones. */
function valueOf(node: Node, source: Document['source']): Json {
  if (node.type === 'number') return parseJson(source(node))
  if (node.type === 'array') return (node.children ?? []).map(child => valueOf(child, source))
  if (node.type !== 'object') return node.value as Json
  const members = (node.children ?? []).flatMap(({ children: [key, value] = [] }) =>
    key === undefined || value === undefined ? [] : [[String(key.value), valueOf(value, source)] as const],
  )
  return Object.fromEntries(members)
}

/** How a value of the type is written. */
function formOf(type: DeclaredType): string {
  if (typeof type !== 'string') {
    if (type.type === 'list') return 'Write the elements in an array: […].'
    if (type.type === 'map') return 'Write {"keys": […], "values": […]}.'
    return 'Write {}: the defaults of a struct’s fields stand at the fields.'
  }
  const [kind = ''] = /^[a-z_0-9]+/.exec(type) ?? []
  return forms[kind] ?? 'Only null can be the default of this type: leave it out.'
}

const forms: Readonly<Record<string, string>> = {
  boolean: 'Write true or false.',
  int: 'Write a whole number between -2147483648 and 2147483647.',
  long: 'Write a whole number between -9223372036854775808 and 9223372036854775807.',
  float: 'Write a number.',
  double: 'Write a number.',
  decimal: 'Write a text with all digits of the scale: for decimal(9,2) "14.20".',
  date: 'Write a text like "2017-11-16".',
  time: 'Write a text like "22:31:08.123456".',
  timestamp: 'Write a text like "2017-11-16T22:31:08.123456".',
  timestamptz: 'Write a text like "2017-11-16T22:31:08.123456+00:00".',
  timestamp_ns: 'Write a text like "2017-11-16T22:31:08.123456789".',
  timestamptz_ns: 'Write a text like "2017-11-16T22:31:08.123456789+00:00".',
  string: 'Write a text.',
  uuid: 'Write a text like "f79c3e09-677c-4bbd-a479-3f349cb785e7".',
  fixed: 'Write a text of hexadecimal digits, two for each byte.',
  binary: 'Write a text of hexadecimal digits, two for each byte.',
}
