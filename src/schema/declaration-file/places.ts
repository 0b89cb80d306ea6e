import type { Node } from 'jsonc-parser'
import type { Document, Place } from './document.ts'

/** Where in a file stands what a plan speaks of, by the path a plan's change has. */
export type Places = ReadonlyMap<string, Place>

/** What of a table is no column, by the key of the file that decides it. */
const keysByPath: Readonly<Record<string, string>> = {
  '(table)': 'table',
  '(location)': 'location',
  '(columns)': 'columns',
  '(identifier)': 'identifier',
  '(partition)': 'partitionBy',
  '(sort order)': 'sortBy',
}

/** The places of a file without mistakes: of each column, at any depth, its name. */
export function placesIn({ root, place }: Document): Places {
  const places = new Map<string, Place>()
  for (const [path, key] of Object.entries(keysByPath)) {
    const property = root?.children?.find(candidate => candidate.children?.[0]?.value === key)
    if (property !== undefined) places.set(path, place(property))
  }
  visitFields(root && member(root, 'columns'), '')
  return places

  function visitFields(fields: Node | undefined, prefix: string): void {
    for (const column of fields?.children ?? []) {
      const name = member(column, 'name')
      if (name === undefined) continue
      const path = `${prefix}${String(name.value)}`
      places.set(path, place(name))
      visitType(member(column, 'type'), path)
    }
  }

  function visitType(type: Node | undefined, path: string): void {
    if (type?.type !== 'object') return
    visitFields(member(type, 'fields'), `${path}.`)
    for (const part of ['element', 'key', 'value']) {
      const node = member(type, part)
      if (node === undefined) continue
      places.set(`${path}.${part}`, place(node))
      visitType(node, `${path}.${part}`)
    }
  }
}

function member(object: Node, key: string): Node | undefined {
  return object.children?.find(property => property.children?.[0]?.value === key)?.children?.[1]
}
