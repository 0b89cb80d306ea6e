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
  const takers = new Map<Field, number>()
  const take = (index: number, field: Field): true => {
    matches[index] = field
    takers.set(field, index)
    return true
  }
  /**
   * Takes a field under one of its earlier names, the newest that is free. Where none is, whoever took one goes back to
   * an older name of its own if it can: with a to b and b to c, and then b to c and c to d, a table that has a and b is
   * two renames behind, and its b is d.
   */
  const takeEarlier = (index: number, tried: Set<Field>): boolean => {
    const fields = earlierNames(wanted[index] as Named).flatMap(name => byName.get(name) ?? [])
    const free = fields.find(field => !takers.has(field))
    if (free !== undefined) return take(index, free)
    for (const field of fields) {
      if (tried.has(field)) continue
      tried.add(field)
      const taker = takers.get(field)
      const mayGiveUp = taker !== undefined && !byName.has((wanted[taker] as Named).name)
      if (mayGiveUp && takeEarlier(taker, tried)) return take(index, field)
    }
    return false
  }
  wanted.forEach((field, index) => {
    if (!byName.has(field.name)) takeEarlier(index, new Set())
  })
  // What had its name taken by a rename may itself come from elsewhere: a to b while b went to c.
  const displaced: number[] = []
  wanted.forEach((field, index) => {
    const own = byName.get(field.name)
    if (own === undefined) return
    if (takers.has(own)) displaced.push(index)
    else take(index, own)
  })
  for (const index of displaced) takeEarlier(index, new Set())
  return matches
}
