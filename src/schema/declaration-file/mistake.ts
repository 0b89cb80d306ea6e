import { HypError } from '../../errors.ts'

/** What is wrong at one place of a declaration file. */
export interface Mistake {
  /** The file as it was named. */
  readonly file: string
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
  /** The file's name and what it says of its table do not fit. */
  | 'bad-table'
  /** Two files declare one table, or one place for two tables. */
  | 'duplicate-table'
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
  /** Not a value of the column's type. */
  | 'bad-default'
  /** Not a release: a number from 1. */
  | 'bad-release'
  /** Not the whole path of a directory. */
  | 'bad-location'
  /** The row key, partitions or sort order name what is no column. */
  | 'unknown-column'
  /** A column that cannot be part of the row key. */
  | 'bad-identifier'
  /** Not a transform, or none of the column's type. */
  | 'bad-transform'
  /** One column, or one partition, twice. */
  | 'duplicate-column'
  /** Not one of the few words that may stand there. */
  | 'unknown-word'
  /** `renamedFrom` names a column that this column cannot come from. */
  | 'bad-rename'

/**
 * The mistakes as lines for a person: `file:line:column`, which editors and
 * terminals turn into links, the path, the sentence, and the way out below.
 */
export function formatMistakes(mistakes: readonly Mistake[]): readonly string[] {
  return mistakes.flatMap(({ file, line, column, path, message, hint }) => [
    [`${file}:${line}:${column}`, path, message].filter(part => part !== '').join('  '),
    ...(hint === undefined ? [] : [`    hint: ${hint}`]),
  ])
}

/** The error of files with mistakes; `details.mistakes` holds all of them, `details.file` names the first file. */
export function declarationInvalid(mistakes: readonly Mistake[]): HypError {
  const [first] = mistakes
  const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`
  const files = new Set(mistakes.map(({ file }) => file))
  const others = files.size > 1 ? ` and ${files.size - 1} more` : ''
  const where = first === undefined ? '' : `; line ${first.line}: ${first.message}`
  return new HypError(
    'DECLARATION_INVALID',
    `${first?.file}${others} ${files.size > 1 ? 'have' : 'has'} ${count}${where}`,
    {
      details: { file: first?.file, mistakes },
    },
  )
}
