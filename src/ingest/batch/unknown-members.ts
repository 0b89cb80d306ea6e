import type { ColumnDeclaration, DeclaredType } from '../../schema/declaration.ts'
import { pointerOf } from '../../schema/json-cell.ts'

/** A member that no column or field takes, and that would be lost without a word. */
export interface UnknownMember {
  /** As columns in a struct are named: `origin.hots`, `lines.element.cuont`. */
  readonly path: string
  readonly holder: Record<string, unknown>
  readonly name: string
}

/** Tells of the unknown members inside a value. */
export type FindUnknown = (value: unknown, tell: (member: UnknownMember) => void) => void

/** The search for a type; undefined where there is no struct in it, and so nothing can be unknown. */
export function unknownIn(type: DeclaredType, path: string): FindUnknown | undefined {
  if (typeof type === 'string') return undefined
  if (type.type === 'struct') return unknownInStruct(type.fields, path)
  if (type.type === 'list') {
    const inElement = unknownIn(type.element, `${path}.element`)
    if (inElement === undefined) return undefined
    return (value, tell) => {
      if (Array.isArray(value)) for (const element of value) inElement(element, tell)
    }
  }
  const inValue = unknownIn(type.value, `${path}.value`)
  if (inValue === undefined) return undefined
  return (value, tell) => {
    if (isObject(value)) for (const member of Object.values(value)) inValue(member, tell)
  }
}

function unknownInStruct(fields: readonly ColumnDeclaration[], path: string): FindUnknown {
  const known = knownMembers(fields.map(pointerOf))
  // What `from` points into has a form of its own, of which only what is pointed at is wanted.
  const deeper = fields
    .filter(field => field.from === undefined)
    .flatMap(({ name, type }) => {
      const find = unknownIn(type, `${path}.${name}`)
      return find === undefined ? [] : [{ name, find }]
    })
  return (value, tell) => {
    if (!isObject(value)) return
    for (const name of Object.keys(value)) if (!known(name)) tell({ path: `${path}.${name}`, holder: value, name })
    for (const { name, find } of deeper) if (Object.hasOwn(value, name)) find(value[name], tell)
  }
}

/** Whether one of the pointers begins with a name. One that points at the whole object takes every member. */
export function knownMembers(pointers: readonly (readonly string[])[]): (name: string) => boolean {
  const names = new Set(pointers.map(([first]) => first))
  return names.has(undefined) ? () => true : name => names.has(name)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
