import { findNodeAtLocation, type Node } from 'jsonc-parser'
import type { Declaration } from './declaration.ts'
import { readDocument } from './declaration-file/document.ts'
import { readExtension } from './declaration-file/extension.ts'
import { kindOf } from './declaration-file/members.ts'
import type { Mistake } from './declaration-file/mistake.ts'
import { type Places, placesIn } from './declaration-file/places.ts'
import { readWhole } from './declaration-file/whole.ts'

export { declarationInvalid, formatMistakes, type Mistake } from './declaration-file/mistake.ts'
export type { Places } from './declaration-file/places.ts'
export { withoutLocation } from './declaration-file/without-location.ts'

export interface DeclarationFile {
  readonly text: string
  /** Where the text comes from, as a person knows it, e.g. `schema/ai_gateway_messages.json`. */
  readonly path: string
  /** The built-in declaration that the file extends, if that is what it does. */
  readonly base: Declaration
  /** The table that the file's name stands for; undefined where it was named by hand, and `table` in it decides. */
  readonly table?: string
  /** What a file is that says no table, by its name or in it: an extension when left out. */
  readonly unnamed?: 'extension' | 'whole'
}

/** The whole declaration and where its columns stand, or every mistake in the file, in its order. */
export type DeclarationFileResult =
  | { readonly declaration: Declaration; readonly places: Places }
  | { readonly mistakes: readonly Mistake[] }

/**
 * Reads a declaration file: JSON, in which comments and commas before a closing
 * bracket are allowed. One for the built-in table adds columns to it; one for
 * another table declares that whole. A file with a mistake gives no declaration
 * at all, and every mistake is told at once, so that one round of mending is
 * enough.
 */
export function readDeclarationFile(file: DeclarationFile): DeclarationFileResult {
  const document = readDocument(file.text, file.path)
  const { root, report } = document
  let declaration: Declaration | undefined
  if (root !== undefined && root.type !== 'object') {
    report(root, 'wrong-kind', `The file holds ${kindOf(root)} in place of an object.`, 'Write {"columns": […]}.')
  } else if (root !== undefined) {
    declaration = isExtension(root, file)
      ? readExtension(root, file.path, file.base, document)
      : readWhole(root, file.table, document)
  }
  const mistakes = document.mistakes()
  if (mistakes.length > 0 || declaration === undefined) return { mistakes }
  return { declaration, places: placesIn(document) }
}

function isExtension(root: Node, { table, base, unnamed = 'extension' }: DeclarationFile): boolean {
  if (table !== undefined) return table === base.table
  const said = findNodeAtLocation(root, ['table'])
  return said === undefined ? unnamed === 'extension' : said.value === base.table
}
