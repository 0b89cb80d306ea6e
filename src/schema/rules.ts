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

/** AD: added or changed in place. TO: tolerated. BR: breaking. A code is never used again for another rule; BR210 is gone. */
export type RuleCode =
  | 'AD101'
  | 'AD102'
  | 'AD103'
  | 'AD104'
  | 'AD105'
  | 'AD106'
  | 'AD107'
  | 'AD108'
  | 'AD109'
  | 'TO301'
  | 'TO302'
  | 'TO303'
  | 'TO304'
  | 'BR201'
  | 'BR202'
  | 'BR203'
  | 'BR204'
  | 'BR205'
  | 'BR206'
  | 'BR207'
  | 'BR208'
  | 'BR209'
  | 'BR211'
  | 'BR212'
  | 'BR213'
  | 'BR214'
  | 'BR215'
  | 'BR216'
  | 'BR217'
  | 'BR218'
  | 'BR219'

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
    why: 'int → long, float → double and more decimal digits at the same scale hold every old value, so old files are read as the wider type without a rewrite. A table of format version 3 also takes date → timestamp and unknown → anything.',
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
  AD108: {
    kind: 'in-place',
    sign: '+',
    title: 'add a column with a default',
    why: 'Old rows read the default, new ones have it where they give no value. Only format version 3 has defaults, which hyp reads and does not write.',
  },
  AD109: {
    kind: 'in-place',
    sign: '~',
    title: 'change the default of new rows',
    why: 'The default that old rows read never changes; the one that new rows get may. Format version 3 only.',
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
    fix: 'Nothing is to be done. Where the column is one of yours, declare what the table has.',
  },
  TO303: {
    kind: 'tolerated',
    sign: '·',
    title: 'the table’s name mapping cannot be read',
    why: 'Files without field ids are found by it. It is left as it is, so such files do not get the names that change now.',
    fix: 'Mend the property schema.name-mapping.default with the program that set it.',
  },
  TO304: {
    kind: 'tolerated',
    sign: '·',
    title: 'another program dropped a column and made it again',
    why: 'The column has another field id now. Values that were stored under the old one are not read any more.',
    fix: 'If that was not meant, let the program that did it go back to the schema before.',
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
  BR211: {
    kind: 'breaking',
    sign: '!',
    title: 'a default in a table of format version 2',
    why: 'Version 2 has no defaults: rows that are stored would read null.',
    fix: 'Leave the default out, and put it into queries with coalesce.',
  },
  BR212: {
    kind: 'breaking',
    sign: '!',
    title: 'a type of format version 3 in a table of version 2',
    why: 'Engines that read version 2 do not know the type.',
    fix: 'Declare a type of version 2, for most kinds of text "string".',
  },
  BR213: {
    kind: 'breaking',
    sign: '!',
    title: 'another program renamed or dropped a declared column',
    why: 'The values that are stored are under its field id. A new column of its name would have another id, and those rows would read null.',
    fix: 'Let that program take its change back, or declare the new name with renamedFrom. To begin anew with an empty column, accept the table as it is.',
  },
  BR214: {
    kind: 'breaking',
    sign: '!',
    title: 'two columns with one full name',
    why: 'A column a.b and a member b of a column a have the same full name, and the format allows each only once.',
    fix: 'Choose a name without a dot.',
  },
  BR215: {
    kind: 'breaking',
    sign: '!',
    title: 'no field ids are left',
    why: 'Ids above 2147483447 are kept for columns that engines make up, and the table has used up those below.',
    fix: 'Declare no further columns for this table.',
  },
  BR216: {
    kind: 'breaking',
    sign: '!',
    title: 'an optional column in the row key',
    why: 'A row without a value in its key could not be told from others, and the format forbids it.',
    fix: 'Leave the column required, and the structs around it.',
  },
  BR217: {
    kind: 'breaking',
    sign: '!',
    title: 'a default that is no value of its type',
    why: 'Rows would read something that their column cannot hold.',
    fix: 'Write the default as the type has it: docs/declaring.md shows how.',
  },
  BR218: {
    kind: 'breaking',
    sign: '!',
    title: 'an earlier name that another column has, or had',
    why: 'The table has a column of that name, and nothing tells which of the two it became.',
    fix: 'Apply the rename first. Then declare the other column, and leave renamedFrom out.',
  },
  BR219: {
    kind: 'breaking',
    sign: '!',
    title: 'partitions that say one thing twice',
    why: 'The day of a time tells its month and year already. The format lets no new table say both.',
    fix: 'Keep the finest of them.',
  },
}

/** What becomes of a change of each kind. */
export const kindTexts: Readonly<Record<ChangeKind, string>> = {
  'in-place': 'Done by one commit of the table’s metadata. No data file is read or written.',
  tolerated: 'Nothing is done, and rows go on being read and written.',
  breaking: 'Refused. One breaking change refuses the whole plan, and nothing is written.',
}

/** One rule with its code. */
export interface Rule extends RuleEntry {
  readonly code: RuleCode
}

export function ruleOf(code: RuleCode): Rule {
  return { code, ...rules[code] }
}
