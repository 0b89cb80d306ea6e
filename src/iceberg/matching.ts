import type { Field } from './types.ts'

/** A wanted field as far as it says which field of the table it stands for. */
export interface Named {
  readonly name: string
  /** Names it had before, the newest first; a table may be several renames behind. */
  readonly renamedFrom?: string | readonly string[] | undefined
}

/** The names a field had before, the newest first. */
export function earlierNames({ renamedFrom }: Named): readonly string[] {
  if (renamedFrom === undefined) return []
  return typeof renamedFrom === 'string' ? [renamedFrom] : renamedFrom
}

/**
 * For each wanted field of one struct the field of the table that it stands
 * for; undefined where it is new. A declared rename goes before an equal name:
 * where `b` was renamed to `c` and another `b` is wanted, the table's `b` is
 * `c` from now on. A field whose own name the table has was renamed already,
 * so what it says of earlier names is history.
 */
export function matchFields(wanted: readonly Named[], current: readonly Field[]): (Field | undefined)[] {
  const byName = new Map(current.map(field => [field.name, field]))
  const matches = new Array<Field | undefined>(wanted.length).fill(undefined)
  const taken = new Set<Field>()
  const take = (index: number, names: readonly string[]): void => {
    const found = names.map(name => byName.get(name)).find(field => field !== undefined && !taken.has(field))
    if (found === undefined) return
    matches[index] = found
    taken.add(found)
  }
  wanted.forEach((field, index) => {
    if (!byName.has(field.name)) take(index, earlierNames(field))
  })
  wanted.forEach((field, index) => {
    if (byName.has(field.name)) take(index, [field.name])
  })
  // What had its name taken by a rename may itself come from elsewhere: a to b while b went to c.
  wanted.forEach((field, index) => {
    if (matches[index] === undefined && byName.has(field.name)) take(index, earlierNames(field))
  })
  return matches
}
