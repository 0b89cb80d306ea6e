import type { Node } from 'jsonc-parser'
import { isV3Primitive, parsePrimitive } from '../../iceberg/primitive.ts'
import type { ColumnDeclaration, DeclaredType } from '../declaration.ts'
import type { Report } from './document.ts'
import type { Form } from './form.ts'
import { kindOf, readFlag, readMembers } from './members.ts'
import { insteadOfV3, nestedAdvice, nestedForm, nestedKinds, otherName } from './type-advice.ts'

/** Reads the entries of a struct's `fields`. */
export type ReadFields = (nodes: readonly Node[]) => readonly ColumnDeclaration[]

/** A type in its declared form; undefined when it has a mistake, which is reported. */
export function readType(node: Node, form: Form, readFields: ReadFields): DeclaredType | undefined {
  const { report } = form.document
  if (node.type === 'string') return readPrimitive(node, form)
  if (node.type !== 'object') {
    report(node, 'wrong-kind', `A type is a text or an object, not ${kindOf(node)}.`)
    return undefined
  }
  const kind = node.children?.find(property => property.children?.[0]?.value === 'type')?.children?.[1]
  if (kind?.value === 'struct') return readStruct(node, report, readFields)
  if (kind?.value === 'list') return readList(node, form, readFields)
  if (kind?.value === 'map') return readMap(node, form, readFields)
  if (kind === undefined) {
    report(node, 'missing-key', 'A nested type has no `type`.', 'It is "struct", "list" or "map".')
    return undefined
  }
  const found = kind.type === 'string' ? `"${kind.value}"` : kindOf(kind)
  const hint = kind.type === 'string' ? nestedAdvice(kind.value as string) : undefined
  report(kind, 'unknown-type', `A nested type is "struct", "list" or "map", not ${found}.`, hint)
  return undefined
}

function readPrimitive(node: Node, { document, isWhole }: Form): string | undefined {
  const { report } = document
  const name = node.value as string
  const primitive = parsePrimitive(name)
  if (primitive?.kind === 'decimal') return `decimal(${primitive.precision},${primitive.scale})`
  if (primitive?.kind === 'fixed') return `fixed[${primitive.length}]`
  // A table of one's own may be of version 3, which only a look at it can tell.
  if (primitive !== undefined || (isWhole && isV3Primitive(name))) return name
  const bare = name
    .trim()
    .toLowerCase()
    .replace(/\s*[([].*$/s, '')
  if (isV3Primitive(name.trim().toLowerCase())) {
    const reason = 'this table is of version 2, which more engines can read'
    const message = `"${name}" is a type of version 3 of the Iceberg format; ${reason}.`
    report(node, 'v3-type', message, insteadOfV3[bare] ?? 'Use a type of version 2.')
  } else if (bare === 'decimal' && name !== 'decimal') {
    report(
      node,
      'unknown-type',
      `"${name}" is not a decimal type.`,
      'decimal(P,S): P digits, 1 to 38, of which S after the point.',
    )
  } else if (bare === 'fixed' && name !== 'fixed') {
    report(node, 'unknown-type', `"${name}" is not a fixed type.`, 'fixed[L]: L bytes, at least 1.')
  } else if (nestedKinds.includes(bare)) {
    report(node, 'unknown-type', `"${name}" alone is not a type.`, nestedForm(bare))
  } else {
    report(node, 'unknown-type', `"${name}" is not an Iceberg type.`, otherName(bare))
  }
  return undefined
}

function readStruct(node: Node, report: Report, readFields: ReadFields): DeclaredType | undefined {
  const members = readMembers(node, 'A struct', { allowed: ['type', 'fields'] }, report)
  const fields = members.get('fields')?.value
  if (fields === undefined) {
    report(node, 'missing-key', 'A struct has no `fields`.', nestedForm('struct'))
    return undefined
  }
  if (fields.type !== 'array') {
    report(fields, 'wrong-kind', `\`fields\` is an array, not ${kindOf(fields)}.`)
    return undefined
  }
  if ((fields.children ?? []).length === 0) {
    report(fields, 'missing-key', 'A struct has at least one field.')
    return undefined
  }
  return { type: 'struct', fields: readFields(fields.children ?? []) }
}

function readList(node: Node, form: Form, readFields: ReadFields): DeclaredType | undefined {
  const { report } = form.document
  const keys = { allowed: ['type', 'element', 'elementRequired'], advice: idAdvice }
  const members = readMembers(node, 'A list', keys, report)
  const element = members.get('element')?.value
  const elementRequired = readFlag(members, 'elementRequired', report)
  if (element === undefined) {
    report(node, 'missing-key', 'A list has no `element`.', nestedForm('list'))
    return undefined
  }
  const type = readType(element, form, readFields)
  if (type === undefined) return undefined
  return { type: 'list', element: type, ...(elementRequired === undefined ? {} : { elementRequired }) }
}

function readMap(node: Node, form: Form, readFields: ReadFields): DeclaredType | undefined {
  const { report } = form.document
  const keys = { allowed: ['type', 'key', 'value', 'valueRequired'], advice: idAdvice }
  const members = readMembers(node, 'A map', keys, report)
  const key = members.get('key')?.value
  const value = members.get('value')?.value
  const valueRequired = readFlag(members, 'valueRequired', report)
  if (key === undefined) report(node, 'missing-key', 'A map has no `key`.', nestedForm('map'))
  if (value === undefined) report(node, 'missing-key', 'A map has no `value`.', nestedForm('map'))
  const isNestedKey = key?.type === 'object' && !form.isWhole
  if (isNestedKey) {
    report(
      key,
      'unknown-type',
      'The key of a map is a plain type.',
      'The keys of a JSON object are texts: use "string".',
    )
  }
  const keyType = key === undefined || isNestedKey ? undefined : readType(key, form, readFields)
  const valueType = value === undefined ? undefined : readType(value, form, readFields)
  if (keyType === undefined || valueType === undefined) return undefined
  return { type: 'map', key: keyType, value: valueType, ...(valueRequired === undefined ? {} : { valueRequired }) }
}

const idAdvice: Readonly<Record<string, string>> = Object.fromEntries(
  ['element-id', 'key-id', 'value-id'].map(key => [key, 'Leave it out: the table gives the ids.']),
)
