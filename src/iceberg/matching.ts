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
 * for; undefined where it is new. A field whose own name the table has was
 * renamed already, so what it says of earlier names is history. Names have to
 * tell the fields apart: {@link contestedNames} are refused by a plan.
 */
export function matchFields<Field extends { readonly name: string }>(
  wanted: readonly Named[],
  current: readonly Field[],
): (Field | undefined)[] {
  const byName = new Map(current.map(field => [field.name, field]))
  const taken = new Set(wanted.map(field => field.name))
  return wanted.map(field => {
    const name = byName.has(field.name)
      ? field.name
      : earlierNames(field).find(old => byName.has(old) && !taken.has(old))
    if (name === undefined) return undefined
    taken.add(name)
    return byName.get(name)
  })
}

/**
 * Names of the table that a field asks for which is yet to be renamed, and that another wanted field has or had too.
 * Nothing in the table tells then whose values they are.
 * @returns the wanted field's own name with the name in question
 */
export function contestedNames(
  wanted: readonly Named[],
  current: readonly { readonly name: string }[],
): readonly { readonly name: string; readonly contested: string }[] {
  const there = new Set(current.map(field => field.name))
  const claims = new Map<string, number>()
  for (const field of wanted)
    for (const name of new Set([field.name, ...earlierNames(field)])) claims.set(name, (claims.get(name) ?? 0) + 1)
  return wanted
    .filter(field => !there.has(field.name))
    .flatMap(({ name, ...field }) => {
      const contested = earlierNames({ name, ...field }).find(old => there.has(old) && (claims.get(old) ?? 0) > 1)
      return contested === undefined ? [] : [{ name, contested }]
    })
}
