import type { Node } from 'jsonc-parser'
import type { Report } from './document.ts'
import { suggestion } from './suggestion.ts'

/** The properties of an object: where each key stands, and its value. */
export type Members = ReadonlyMap<string, { readonly key: Node; readonly value: Node }>

/** The keys an object may have, and for well-known keys it may not have, what to do about them. */
export interface Keys {
  readonly allowed: readonly string[]
  readonly advice?: Readonly<Record<string, string>>
}

/** For whoever looks for a way to drop a column. */
export const keptAdvice = 'Leave the column out: one that is not declared is kept, and its values can still be read.'

/** The properties of an object node; keys that stand twice or mean nothing are reported. */
export function readMembers(object: Node, what: string, keys: Keys, report: Report): Members {
  const members = new Map<string, { key: Node; value: Node }>()
  for (const property of object.children ?? []) {
    const [key, value] = property.children ?? []
    // A key without a value is a mistake of syntax and noted as such.
    if (key === undefined || value === undefined) continue
    const name = String(key.value)
    if (members.has(name)) report(key, 'duplicate-key', `The key \`${name}\` stands twice in one object.`)
    else if (keys.allowed.includes(name)) members.set(name, { key, value })
    else report(key, 'unknown-key', `${what} has no key \`${name}\`.`, adviceFor(name, keys))
  }
  return members
}

/** The text of a member, if it is there; anything but a text is reported. */
export function readText(members: Members, key: string, report: Report): string | undefined {
  const node = members.get(key)?.value
  if (node === undefined) return undefined
  if (node.type === 'string') return node.value as string
  report(node, 'wrong-kind', `\`${key}\` is a text, not ${kindOf(node)}.`)
  return undefined
}

/** The entries of an array that may be left out; anything but an array is reported. */
export function readItems(node: Node | undefined, key: string, report: Report): readonly Node[] {
  if (node === undefined) return []
  if (node.type === 'array') return node.children ?? []
  report(node, 'wrong-kind', `\`${key}\` is an array, not ${kindOf(node)}.`)
  return []
}

/** The truth value of a member, if it is there; anything else is reported. */
export function readFlag(members: Members, key: string, report: Report): boolean | undefined {
  const node = members.get(key)?.value
  if (node === undefined) return undefined
  if (node.type === 'boolean') return node.value as boolean
  report(node, 'wrong-kind', `\`${key}\` is true or false, not ${kindOf(node)}.`)
  return undefined
}

/** What a node is, in words. */
export function kindOf(node: Node): string {
  if (node.type === 'null') return 'null'
  if (node.type === 'string') return 'a text'
  return node.type === 'object' || node.type === 'array' ? `an ${node.type}` : `a ${node.type}`
}

function adviceFor(name: string, { allowed, advice = {} }: Keys): string {
  if (Object.hasOwn(advice, name)) return advice[name] as string
  const close = suggestion(name, allowed)
  return close === undefined
    ? `Its keys are ${allowed.map(key => `\`${key}\``).join(', ')}.`
    : `Did you mean \`${close}\`?`
}
