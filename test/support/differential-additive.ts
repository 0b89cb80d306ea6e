import { freeName } from './differential-declaration.ts'
import { add, isNamed, type Mutation, otherCase, promotions, rename, slot } from './differential-mutation.ts'
import { structsOf } from './differential-slots.ts'

/** Changes that a plan should find additive or tolerable. */
export const additive: Readonly<Record<string, Mutation>> = {
  'add an optional column': (draft, chance) => add(draft, chance, () => {}),
  promote: (draft, chance) => {
    const found = slot(draft, chance, ({ type }) => typeof type === 'string' && promotions[type] !== undefined)
    const wider = chance.pick(promotions[found?.type as string] ?? [])
    if (found === undefined || wider === undefined) return false
    found.setType(wider)
    return true
  },
  'make optional': (draft, chance) => {
    const found = slot(draft, chance, ({ required, path }) => required && !isNamed(draft, path))
    found?.setRequired?.(false)
    return found !== undefined
  },
  document: (draft, chance) => {
    const found = slot(draft, chance, ({ column }) => column !== undefined)
    if (found?.column === undefined) return false
    found.column.doc = `Said otherwise: ${chance.below(100)}.`
    return true
  },
  rename: (draft, chance) => {
    const found = slot(draft, chance, ({ column }) => column !== undefined)
    if (found?.column === undefined) return false
    const earlier = [found.column.name, ...[found.column.renamedFrom ?? []].flat()]
    // The table may be several renames behind.
    found.column.renamedFrom = chance.percent(30) ? ['name in between', ...earlier] : earlier
    rename(draft, found, freeName(chance, found.siblings ?? []))
    return true
  },
  'change the case by a rename': (draft, chance) => {
    const found = slot(draft, chance, ({ column }) => column !== undefined && column.renamedFrom === undefined)
    if (found?.column === undefined) return false
    found.column.renamedFrom = found.column.name
    rename(draft, found, otherCase(found.column.name))
    return true
  },
  reorder: (draft, chance) => {
    const fields = chance.pick(structsOf(draft.columns).filter(struct => struct.fields.length > 1))?.fields
    if (fields === undefined) return false
    const [moved] = fields.splice(chance.below(fields.length), 1)
    if (moved !== undefined) fields.splice(chance.below(fields.length + 1), 0, moved)
    return true
  },
  'take out an optional column': (draft, chance) => {
    const found = slot(
      draft,
      chance,
      ({ path, required, siblings }) =>
        !required && siblings !== undefined && siblings.length > 1 && !isNamed(draft, path),
    )
    if (found?.column === undefined) return false
    found.siblings?.splice(found.siblings.indexOf(found.column), 1)
    return true
  },
  'take out a sentence': (draft, chance) => {
    const found = slot(draft, chance, ({ column }) => column?.doc !== undefined)
    delete found?.column?.doc
    return found !== undefined
  },
  'add a column with a dot in its name': (draft, chance) =>
    add(draft, chance, (column, siblings) => {
      column.name = `${freeName(chance, siblings)}.part`
    }),
}
