import { HypError } from '../../errors.ts'

/** What is wrong at one place of the user's file. */
export interface Mistake {
  readonly code: MistakeCode
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units as editors count. */
  readonly column: number
  /** JSON Pointer to the value or the key; empty for the file as a whole. */
  readonly path: string
  /** One sentence that stands by itself. */
  readonly message: string
  /** The way out. */
  readonly hint?: string
}

export type MistakeCode =
  /** The file's name is not a declared table's. */
  | 'unknown-table'
  /** Not JSON. */
  | 'syntax'
  /** A key stands twice in one object. */
  | 'duplicate-key'
  /** A key that means nothing here. */
  | 'unknown-key'
  /** A key that must be there is not. */
  | 'missing-key'
  /** A number where a text belongs, and the like. */
  | 'wrong-kind'
  /** The file sets what only the built-in declaration sets. */
  | 'not-extensible'
  /** Not a type of an Iceberg table. */
  | 'unknown-type'
  /** A type that came with a later version of the Iceberg format. */
  | 'v3-type'
  /** A required column, for which stored rows have no value. */
  | 'required-column'
  /** A name that is empty, has white space around it or control characters in it. */
  | 'bad-name'
  /** A name that the Iceberg format keeps for itself. */
  | 'reserved-name'
  /** The name of a built-in column, in whatever case. */
  | 'builtin-name'
  /** The name of a field of the table's partitions. */
  | 'partition-name'
  /** Two columns with one name, in whatever case. */
  | 'duplicate-name'
  /** `from` is no JSON Pointer. */
  | 'bad-pointer'
  /** `renamedFrom` names a column that this column cannot come from. */
  | 'bad-rename'

/**
 * The mistakes as lines for a person: `file:line:column`, which editors and
 * terminals turn into links, the path, the sentence, and the way out below.
 */
export function formatMistakes(mistakes: readonly Mistake[], file: string): readonly string[] {
  return mistakes.flatMap(({ line, column, path, message, hint }) => [
    [`${file}:${line}:${column}`, path, message].filter(part => part !== '').join('  '),
    ...(hint === undefined ? [] : [`    hint: ${hint}`]),
  ])
}

/** The error of a file with mistakes; `details.mistakes` holds all of them. */
export function declarationInvalid(mistakes: readonly Mistake[], file: string): HypError {
  const [first] = mistakes
  const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`
  const where = first === undefined ? '' : `; line ${first.line}: ${first.message}`
  return new HypError('DECLARATION_INVALID', `${file} has ${count}${where}`, { details: { file, mistakes } })
}
