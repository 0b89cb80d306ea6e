import type { ColumnDeclaration, DeclaredType } from '../../schema/declaration.ts'
import { cellFromJson, pointerOf } from '../../schema/json-cell.ts'
import { lookup } from '../../schema/pointer.ts'
import { printDeclaredType } from '../../schema/wanted.ts'
import { fitOf } from './column-fit.ts'

/** Where in a column's value something does not fit, and why: types, never values. */
export interface IllTyped {
  readonly path: string
  readonly reason: string
}

/** The first place in a value that does not fit its type; undefined where all does. */
export function whyIllTyped(value: unknown, type: DeclaredType, path: string): IllTyped | undefined {
  if (value === null || value === undefined || fitOf(type)(value)) return undefined
  if (typeof type === 'string') return { path, reason: `${kindOf(value)}, which is no ${type}; write ${formOf(type)}` }
  const inside = type.type === 'list' ? inList(value, type, path) : inObject(value, type, path)
  return inside ?? { path, reason: `${kindOf(value)}, which is no ${type.type}; write ${formOf(type)}` }
}

/**
 * The first number in a value that lost digits and stands where all of them count.
 * @param exact the value with null in place of such numbers
 */
export function whyRounded(value: unknown, exact: unknown, type: DeclaredType, path: string): IllTyped | undefined {
  if (typeof type === 'string') {
    if (typeof value !== 'number' || exact !== null || !/^(?:int|long|decimal)/.test(type)) return undefined
    return { path, reason: `a number with more digits than a JSON number keeps, for a ${type}; write it as a text` }
  }
  if (type.type === 'struct')
    return first(type.fields, field => {
      const pointer = pointerOf(field)
      return whyRounded(lookup(value, pointer), lookup(exact, pointer), field.type, `${path}.${field.name}`)
    })
  if (typeof value !== 'object' || value === null || typeof exact !== 'object' || exact === null) return undefined
  const part = type.type === 'list' ? ('element' as const) : ('value' as const)
  const inner = type.type === 'list' ? type.element : type.value
  const others = exact as Readonly<Record<string, unknown>>
  return first(Object.entries(value), ([name, member]) => whyRounded(member, others[name], inner, `${path}.${part}`))
}

type ListType = Extract<DeclaredType, { readonly type: 'list' }>
type ObjectType = Exclude<DeclaredType, string | ListType>

function inList(value: unknown, { element, elementRequired }: ListType, path: string): IllTyped | undefined {
  if (!Array.isArray(value)) return undefined
  return first(value, item => whyNot(item, element, elementRequired === true, `${path}.element`))
}

function inObject(value: unknown, type: ObjectType, path: string): IllTyped | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  if (type.type === 'struct') return first(type.fields, field => inField(value, field, path))
  const { key, value: valueType, valueRequired } = type
  const inValue = first(Object.values(value), item => whyNot(item, valueType, valueRequired === true, `${path}.value`))
  if (inValue !== undefined) return inValue
  const keyFits = (name: string): boolean =>
    'cell' in cellFromJson({ [name]: null }, { type: 'map', key, value: 'string' })
  const printed = printDeclaredType(key)
  const reason = Object.keys(value).every(keyFits)
    ? `two keys that are one as ${printed}`
    : `a key that is no ${printed}`
  return { path: `${path}.key`, reason }
}

function inField(value: object, field: ColumnDeclaration, path: string): IllTyped | undefined {
  const found = lookup(value, pointerOf(field))
  return whyNot(found, field.type, field.required === true, `${path}.${field.name}`)
}

function whyNot(value: unknown, type: DeclaredType, required: boolean, path: string): IllTyped | undefined {
  if (value !== null && value !== undefined) return whyIllTyped(value, type, path)
  return required ? { path, reason: missingReason(value) } : undefined
}

/** @param value null or undefined */
export function missingReason(value: unknown): string {
  return value === null ? 'null, and required' : 'missing, and required'
}

/** What a value is, in words that tell nothing of it. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  switch (typeof value) {
    case 'string':
      return 'a text'
    case 'boolean':
      return 'a boolean'
    case 'object':
      return 'an object'
    default:
      return 'a number'
  }
}

function first<Item>(items: Iterable<Item>, why: (item: Item) => IllTyped | undefined): IllTyped | undefined {
  for (const item of items) {
    const found = why(item)
    if (found !== undefined) return found
  }
  return undefined
}

/** How a value of a type is written in JSON. */
function formOf(type: DeclaredType): string {
  if (typeof type !== 'string') return type.type === 'list' ? 'an array' : 'an object'
  const [kind = ''] = /^[a-z_]+/.exec(type) ?? []
  return forms[kind] ?? 'null: rows cannot give a value of this type'
}

const forms: Readonly<Record<string, string>> = {
  boolean: 'true or false',
  int: 'a whole number between -2147483648 and 2147483647',
  long: 'a whole number of at most 64 bits, as a number or a text',
  float: 'a number that has room in it',
  double: 'a number that has room in it',
  decimal: 'a number with no more digits, as a number or a text',
  date: 'a text like "2017-11-16"',
  time: 'a text like "22:31:08.123456"',
  timestamp: 'a text like "2017-11-16T22:31:08.123456", without an offset from UTC',
  timestamptz: 'a text like "2017-11-16T22:31:08.123456Z", with its offset from UTC',
  string: 'less deeply nested values, or numbers that a double has room for',
  uuid: 'a text like "f79c3e09-677c-4bbd-a479-3f349cb785e7"',
  fixed: 'a text with as many bytes in base64',
  binary: 'a text with the bytes in base64',
}
