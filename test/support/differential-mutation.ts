import { type Column, type Draft, freeName, randomColumn } from './differential-declaration.ts'
import type { Chance } from './differential-random.ts'
import { type Slot, slotsOf, structsOf } from './differential-slots.ts'

/** Changes a declaration in one way; false where it has no place for it. */
export type Mutation = (draft: Draft, chance: Chance) => boolean

/** Promotions as the format allows them, written down again and not taken from what is tested. */
export const promotions: Readonly<Record<string, readonly string[]>> = {
  int: ['long'],
  float: ['double'],
  'decimal(9,2)': ['decimal(18,2)', 'decimal(38,2)'],
  'decimal(18,2)': ['decimal(38,2)'],
}

/** Puts a column somewhere, often at the end. */
export function insert(fields: Column[], column: Column, chance: Chance): void {
  fields.splice(chance.percent(50) ? fields.length : chance.below(fields.length + 1), 0, column)
}

/** Adds an optional column to some struct, or to the table. */
export function add(
  draft: Draft,
  chance: Chance,
  change: (column: Column, siblings: readonly Column[]) => void,
): boolean {
  const fields = chance.pick(structsOf(draft.columns))?.fields ?? draft.columns
  const column = randomColumn(chance, fields, 2)
  delete column.required
  change(column, fields)
  insert(fields, column, chance)
  return true
}

/** One of the slots of a kind, outside of keys. */
export function slot(draft: Draft, chance: Chance, fits: (slot: Slot) => boolean): Slot | undefined {
  return chance.pick(slotsOf(draft.columns).filter(candidate => !candidate.isInKey && fits(candidate)))
}

/** Whether the row key, the partition or the order speaks of a column, or of one in it. */
export function isNamed(draft: Draft, path: string): boolean {
  const named = [...draft.identifier, ...draft.partitionBy.map(({ column }) => column), ...draft.sortBy]
  return named.some(name => name === path || name.startsWith(`${path}.`))
}

/** Gives a column another name, in the row key, the partition and the order too. */
export function rename(draft: Draft, { path, column }: Slot, name: string): void {
  if (column === undefined) return
  const next = `${path.slice(0, path.length - column.name.length)}${name}`
  const renamed = (named: string): string =>
    named === path || named.startsWith(`${path}.`) ? `${next}${named.slice(path.length)}` : named
  draft.identifier = draft.identifier.map(renamed)
  draft.partitionBy = draft.partitionBy.map(part => ({ ...part, column: renamed(part.column) }))
  draft.sortBy = draft.sortBy.map(renamed)
  column.name = name
}

export function otherCase(name: string): string {
  return name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase()
}

/** Renames a column and gives its old name to a new one. */
export function giveAwayName(draft: Draft, chance: Chance, fits: (slot: Slot) => boolean): boolean {
  const found = slot(
    draft,
    chance,
    candidate => candidate.column !== undefined && candidate.column.renamedFrom === undefined && fits(candidate),
  )
  if (found?.column === undefined || found.siblings === undefined) return false
  const { name } = found.column
  found.column.renamedFrom = name
  rename(draft, found, freeName(chance, found.siblings))
  insert(found.siblings, { ...randomColumn(chance, found.siblings, 1), name, required: false }, chance)
  return true
}
