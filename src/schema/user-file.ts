import { getNodeValue, type Node } from 'jsonc-parser'
import type { ColumnDeclaration, Declaration } from './declaration.ts'
import { canonicalJson } from './fingerprint.ts'
import { readColumn } from './user-file/column.ts'
import { checkFullNames, checkNames, checkTableNames } from './user-file/column-names.ts'
import { type Document, readDocument } from './user-file/document.ts'
import { kindOf, type Members, readMembers } from './user-file/members.ts'
import type { Mistake } from './user-file/mistake.ts'

export { declarationInvalid, formatMistakes, type Mistake } from './user-file/mistake.ts'

export interface UserFile {
  readonly text: string
  /** Where the text comes from, as a person knows it, e.g. `schema/ai_gateway_messages.json`. */
  readonly path: string
  /** The built-in declaration that the file extends. */
  readonly base: Declaration
}

/** The whole declaration, or every mistake in the file, in its order. */
export type UserFileResult = { readonly declaration: Declaration } | { readonly mistakes: readonly Mistake[] }

/** What a file may repeat for its reader, and what is said when it sets something else. */
const fixed: Readonly<Record<string, string>> = {
  table: 'The file’s name says which table it extends.',
  release: 'It comes with hyp itself; `--as-release` runs as an earlier one.',
  identifier: 'The row key is built in, because exactly-once rests on it.',
  partitionBy: 'Partitions are built in, because the row key is looked up by them.',
  sortBy: 'The sort order is built in.',
}

/** Allowed so that an editor can find the JSON Schema; its value means nothing here. */
const editorKey = '$schema'

const keys = {
  allowed: ['columns', ...Object.keys(fixed), editorKey],
  advice: { fields: 'Did you mean `columns`?' },
}

/**
 * Reads the file by which a user adds columns of their own to a built-in
 * table: JSON, in which comments and commas before a closing bracket are
 * allowed. The result is the built-in columns followed by the file's, in its
 * order. A file with a mistake gives no declaration at all, and every mistake
 * is told at once, so that one round of mending is enough.
 */
export function readUserFile({ text, path, base }: UserFile): UserFileResult {
  const document = readDocument(text)
  const columns = readRoot(document, path, base)
  const mistakes = document.mistakes()
  return mistakes.length > 0 ? { mistakes } : { declaration: { ...base, columns: [...base.columns, ...columns] } }
}

function readRoot(document: Document, path: string, base: Declaration): readonly ColumnDeclaration[] {
  const { root, report } = document
  if (root === undefined) return []
  if (root.type !== 'object') {
    report(root, 'wrong-kind', `The file holds ${kindOf(root)} in place of an object.`, 'Write {"columns": […]}.')
    return []
  }
  const members = readMembers(root, 'The file', keys, report)
  checkFixed(members, path, base, document)
  const columns = members.get('columns')?.value
  if (columns === undefined) {
    // In a torn file the key may well stand behind the tear.
    if (!document.isTorn(root)) report(root, 'missing-key', 'The file has no `columns`.', 'Write {"columns": […]}.')
    return []
  }
  if (columns.type !== 'array') {
    report(columns, 'wrong-kind', `\`columns\` is an array, not ${kindOf(columns)}.`, 'Write {"columns": […]}.')
    return []
  }
  return readColumns(columns.children ?? [], base, document)
}

function readColumns(nodes: readonly Node[], base: Declaration, document: Document): readonly ColumnDeclaration[] {
  const { report } = document
  // What a syntax mistake tore apart would only give mistakes that are none.
  const entries = nodes.filter(node => !document.isTorn(node)).map(node => readColumn(node, 'A column', report))
  checkNames(entries, report)
  checkTableNames(entries, base, report)
  checkFullNames(entries, base, report)
  for (const { name, required } of entries) {
    if (required === undefined) continue
    const subject = name === undefined ? 'A new column' : `The new column "${name.text}"`
    const message = `${subject} cannot be required: the rows that are stored already have no value for it.`
    report(required, 'required-column', message, 'Leave `required` out; rows without a value read as null.')
  }
  return entries.flatMap(entry => entry.column ?? [])
}

function checkFixed(members: Members, path: string, base: Declaration, { report }: Document): void {
  for (const [key, reason] of Object.entries(fixed)) {
    const node = members.get(key)?.value
    const builtin = base[key as keyof Declaration]
    if (node === undefined || canonicalJson(getNodeValue(node)) === canonicalJson(builtin)) continue
    const message = `\`${key}\` is ${canonicalJson(builtin)} and cannot be set in ${path}.`
    report(node, 'not-extensible', message, `Leave it out. ${reason}`)
  }
}
