import type { Node } from 'jsonc-parser'
import { readColumn } from './column.ts'
import type { ColumnEntry } from './entry.ts'
import type { Form } from './form.ts'
import { kindOf, type Members } from './members.ts'

/** The entries of a file's `columns`, each with its own mistakes reported. */
export function readEntries(root: Node, members: Members, form: Form): readonly ColumnEntry[] {
  const { report, isTorn } = form.document
  const node = members.get('columns')?.value
  if (node === undefined) {
    // In a torn file the key may well stand behind the tear.
    if (!isTorn(root)) report(root, 'missing-key', 'The file has no `columns`.', 'Write {"columns": […]}.')
    return []
  }
  if (node.type !== 'array') {
    report(node, 'wrong-kind', `\`columns\` is an array, not ${kindOf(node)}.`, 'Write {"columns": […]}.')
    return []
  }
  const nodes = node.children ?? []
  if (form.isWhole && nodes.length === 0) report(node, 'missing-key', 'A table has at least one column.')
  // What a syntax mistake tore apart would only give mistakes that are none.
  return nodes.filter(entry => !isTorn(entry)).map(entry => readColumn(entry, 'A column', form))
}
