import type { Node } from 'jsonc-parser'
import type { DeclaredColumn } from './declared-column.ts'
import type { Report } from './document.ts'
import { kindOf, readItems } from './members.ts'
import type { FindColumn } from './source.ts'

/** The row key: columns by which rows are told apart (spec "Identifier Field IDs"). */
export function readIdentifier(node: Node | undefined, find: FindColumn, report: Report): readonly string[] {
  const seen = new Set<string>()
  return readItems(node, 'identifier', report).flatMap(item => {
    if (item.type !== 'string') {
      report(item, 'wrong-kind', `The row key is made of names, not ${kindOf(item)}.`)
      return []
    }
    const path = item.value as string
    const fault = whyNot(find(path, item))
    if (fault !== undefined)
      report(item, 'bad-identifier', `"${path}" cannot be in the row key: ${fault.why}.`, fault.hint)
    if (seen.has(path)) report(item, 'duplicate-column', `"${path}" stands twice in the row key.`)
    seen.add(path)
    return [path]
  })
}

function whyNot(column: DeclaredColumn | undefined): { readonly why: string; readonly hint?: string } | undefined {
  if (column === undefined) return undefined
  const { type } = column
  if (column.isRepeated) return { why: 'it is inside a list or map' }
  if (typeof type !== 'string') return { why: `it is a ${type.type}`, hint: 'Name a column inside it.' }
  if (/^(?:float|double|variant|unknown|geometry|geography)\b/.test(type)) return { why: `it is of type ${type}` }
  for (let part: DeclaredColumn | undefined = column; part !== undefined; part = part.parent) {
    if (part.required) continue
    const which = part === column ? 'it' : `"${part.path}", which holds it,`
    return { why: `${which} is not required`, hint: 'Declare it with "required": true.' }
  }
  return undefined
}
