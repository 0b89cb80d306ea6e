/*
 * The rule catalogue: every change that a plan can hold, what becomes of it,
 * and why. `hyp plan` prints from it and docs/rules.md is generated from it.
 */

/** in-place: metadata only. tolerated: nothing is done. breaking: refused. */
export type ChangeKind = 'in-place' | 'tolerated' | 'breaking'

/** What stands at the beginning of a plan's line; it carries the meaning without colour. */
export type Sign = '+' | '~' | '>' | '!' | '·'

interface RuleEntry {
  readonly kind: ChangeKind
  readonly sign: Sign
  readonly title: string
  /** Why it is so, in a sentence or two, for docs and as the default reason of a refusal. */
  readonly why: string
  /** The safe way, where the change itself is refused. */
  readonly fix?: string
}

/** AD: added or changed in place. TO: tolerated. BR: breaking. A code is never used again for another rule. */
export type RuleCode =
  | 'AD101'
  | 'AD102'
  | 'AD103'
  | 'AD104'
  | 'AD105'
  | 'AD106'
  | 'AD107'
  | 'TO301'
  | 'TO302'
  | 'BR201'
  | 'BR202'
  | 'BR203'
  | 'BR204'
  | 'BR205'
  | 'BR206'
  | 'BR207'
  | 'BR208'
  | 'BR209'
  | 'BR210'

export const rules: Readonly<Record<RuleCode, RuleEntry>> = {
  AD101: {
    kind: 'in-place',
    sign: '+',
    title: 'add an optional column',
    why: 'The column gets a field id that was never used. Old rows read it as null; no data file is touched.',
  },
  AD102: {
    kind: 'in-place',
    sign: '~',
    title: 'promote a type',
    why: 'int → long, float → double and more decimal digits at the same scale hold every old value, so old files are read as the wider type without a rewrite.',
  },
  AD103: {
    kind: 'in-place',
    sign: '~',
    title: 'make a required column optional',
    why: 'Every old row has a value, and new ones may leave it out.',
  },
  AD104: {
    kind: 'in-place',
    sign: '~',
    title: 'change a column’s documentation',
    why: 'The sentence stands in the schema only.',
  },
  AD105: {
    kind: 'in-place',
    sign: '~',
    title: 'change the order of columns',
    why: 'Columns are found by field id; their order is how they are shown.',
  },
  AD106: {
    kind: 'in-place',
    sign: '>',
    title: 'rename a column, declared with renamedFrom',
    why: 'The field id stays, so old rows keep their values under the new name.',
  },
  AD107: {
    kind: 'in-place',
    sign: '~',
    title: 'change the sort order',
    why: 'New files are sorted the new way; every file says by which order it is sorted.',
  },
  TO301: {
    kind: 'tolerated',
    sign: '·',
    title: 'the table has an optional column that the declaration does not name',
    why: 'The column and its values are kept; new rows leave it null.',
    fix: 'Declare the column to fill it again. If it was renamed, say so with renamedFrom.',
  },
  TO302: {
    kind: 'tolerated',
    sign: '·',
    title: 'the table is wider or laxer than declared, and the declaration did not change',
    why: 'Another program promoted the type or made the column optional. Every declared value still fits.',
    fix: 'Declare what the table has.',
  },
  BR201: {
    kind: 'breaking',
    sign: '!',
    title: 'add a required column',
    why: 'Stored rows have no value for it, and format version 2 has no initial default.',
    fix: 'Declare it optional.',
  },
  BR202: {
    kind: 'breaking',
    sign: '!',
    title: 'change a type to one that does not hold every old value',
    why: 'Stored values cannot be read as the new type.',
    fix: 'Declare a new column of that type beside the old one.',
  },
  BR203: {
    kind: 'breaking',
    sign: '!',
    title: 'make an optional column required',
    why: 'Stored rows may have no value for it.',
    fix: 'Leave it optional.',
  },
  BR204: {
    kind: 'breaking',
    sign: '!',
    title: 'a required column of the table is not declared',
    why: 'New rows would have no value for a column that must have one.',
    fix: 'Declare the column, or declare it optional first.',
  },
  BR205: {
    kind: 'breaking',
    sign: '!',
    title: 'change the partition key',
    why: 'Stored files are laid out, and duplicates looked for, by the present key. Rows under two keys would be probed in the wrong place and could be stored twice.',
    fix: 'Keep the present partition key.',
  },
  BR206: {
    kind: 'breaking',
    sign: '!',
    title: 'change the row key (identifier)',
    why: 'The row key decides which rows are the same. With another one, rows that are stored would no longer be recognised.',
    fix: 'Keep the present identifier.',
  },
  BR207: {
    kind: 'breaking',
    sign: '!',
    title: 'a name that differs from another only by upper and lower case',
    why: 'Engines that do not tell them apart refuse the whole table.',
    fix: 'Choose another name.',
  },
  BR208: {
    kind: 'breaking',
    sign: '!',
    title: 'a name that a partition field has',
    why: 'The two would be one name in the partition’s own columns, and engines refuse the table.',
    fix: 'Choose another name.',
  },
  BR209: {
    kind: 'breaking',
    sign: '!',
    title: 'a reserved name',
    why: 'Engines show their own metadata columns under this name.',
    fix: 'Choose another name.',
  },
  BR210: {
    kind: 'breaking',
    sign: '!',
    title: 'rename a member of a struct',
    why: 'Queries find members of a struct by name: rows that are stored would lose the member.',
    fix: 'Keep the name, or add a member beside it.',
  },
}

/** One rule with its code. */
export interface Rule extends RuleEntry {
  readonly code: RuleCode
}

export function ruleOf(code: RuleCode): Rule {
  return { code, ...rules[code] }
}
