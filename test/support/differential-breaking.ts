import { partitionName } from '../../src/schema/evolve/partition-name.ts'
import { freeName, identifierCandidates, primitives, randomColumn, randomType } from './differential-declaration.ts'
import {
  add,
  giveAwayName,
  insert,
  isNamed,
  type Mutation,
  otherCase,
  promotions,
  rename,
  slot,
} from './differential-mutation.ts'
import { slotsOf } from './differential-slots.ts'

/** Types whose values look the same in files, but are not promoted. */
const alike: Readonly<Record<string, string>> = {
  'fixed[16]': 'uuid',
  string: 'binary',
  binary: 'string',
  'decimal(9,2)': 'decimal(9,3)',
  'decimal(18,2)': 'decimal(9,3)',
}

const defaults: Readonly<Record<string, number | string>> = { int: 7, long: 7, string: 'none' }

/** Changes that a plan should refuse. */
export const breaking: Readonly<Record<string, Mutation>> = {
  'add a required column': (draft, chance) =>
    add(draft, chance, column => {
      column.required = true
    }),
  'change a type': (draft, chance) => {
    const found = slot(draft, chance, ({ type, path }) => typeof type === 'string' && !isNamed(draft, path))
    const allowed = [found?.type, ...(promotions[found?.type as string] ?? [])]
    const other = chance.pick(primitives.filter(type => !allowed.includes(type)))
    if (found === undefined || other === undefined) return false
    found.setType(other)
    return true
  },
  'change a type to one that is alike': (draft, chance) => {
    const found = slot(draft, chance, ({ type, path }) => alike[type as string] !== undefined && !isNamed(draft, path))
    found?.setType(alike[found.type as string] ?? 'string')
    return found !== undefined
  },
  'change the kind of a type': (draft, chance) => {
    const found = slot(draft, chance, ({ path }) => !isNamed(draft, path))
    if (found === undefined) return false
    const kind = typeof found.type === 'string' ? 'primitive' : found.type.type
    for (let attempt = 0; attempt < 20; attempt++) {
      const type = attempt === 19 ? 'string' : randomType(chance, 2)
      if ((typeof type === 'string' ? 'primitive' : type.type) === kind) continue
      found.setType(type)
      return true
    }
    return false
  },
  'make required': (draft, chance) => {
    const found = slot(draft, chance, ({ required, setRequired }) => !required && setRequired !== undefined)
    found?.setRequired?.(true)
    return found !== undefined
  },
  'rename without saying so': (draft, chance) => {
    const found = slot(
      draft,
      chance,
      ({ path, required, siblings }) => required && (siblings?.length ?? 0) > 1 && !isNamed(draft, path),
    )
    if (found?.column === undefined) return false
    rename(draft, found, freeName(chance, found.siblings ?? []))
    return true
  },
  'take out a required column': (draft, chance) => {
    const found = slot(
      draft,
      chance,
      ({ path, required, siblings }) =>
        required && siblings !== undefined && siblings.length > 1 && !isNamed(draft, path),
    )
    if (found?.column === undefined) return false
    found.siblings?.splice(found.siblings.indexOf(found.column), 1)
    return true
  },
  'change a map key': (draft, chance) => {
    const keys = slotsOf(draft.columns).filter(({ isInKey }) => isInKey)
    const found = chance.pick(keys)
    if (found === undefined) return false
    if (typeof found.type !== 'string' && found.type.type === 'struct') {
      insert(found.type.fields, randomColumn(chance, found.type.fields, 0), chance)
      return true
    }
    if (found.column !== undefined && chance.percent(50)) {
      if (chance.percent(50)) found.setRequired?.(!found.required)
      else found.column.doc = `Said otherwise: ${chance.below(100)}.`
      return true
    }
    const other = promotions[found.type as string]?.[0] ?? (found.type === 'string' ? 'long' : 'string')
    found.setType(other)
    return true
  },
  'hand a name on': (draft, chance) => {
    const found = slot(
      draft,
      chance,
      ({ column, siblings, path }) => column !== undefined && (siblings?.length ?? 0) > 1 && !isNamed(draft, path),
    )
    const heir = slotsOf(draft.columns).find(
      ({ siblings, column, path, required }) =>
        // One that is required would be missed as well.
        siblings === found?.siblings && column !== found?.column && !required && !isNamed(draft, path),
    )
    if (found?.column === undefined || heir?.column === undefined) return false
    if (found.column.renamedFrom !== undefined || heir.column.renamedFrom !== undefined) return false
    const { name } = found.column
    found.column.renamedFrom = name
    heir.column.renamedFrom = heir.column.name
    rename(draft, found, freeName(chance, found.siblings ?? []))
    rename(draft, heir, name)
    return true
  },
  'give the old name to a new column': (draft, chance) =>
    giveAwayName(draft, chance, ({ path }) => !isNamed(draft, path)),
  'add a name that differs by case': (draft, chance) =>
    add(draft, chance, (column, siblings) => {
      const twin = chance.pick(siblings)
      if (twin !== undefined) column.name = otherCase(twin.name)
    }),
  'add the name of a partition field': (draft, chance) => {
    const [part] = draft.partitionBy
    if (part === undefined) return false
    // By its own name an identity is no other column.
    if (part.transform === 'identity') return false
    const name = partitionName(part.column, part.transform)
    insert(draft.columns, { ...randomColumn(chance, draft.columns, 1), name, required: false }, chance)
    return true
  },
  'add a reserved name': (draft, chance) => {
    insert(
      draft.columns,
      {
        ...randomColumn(chance, draft.columns, 1),
        name: chance.one(['_file', '_pos', '_partition', '_deleted']),
        required: false,
      },
      chance,
    )
    return true
  },
  'shorten the row key': draft => {
    const [, ...others] = draft.identifier
    const isShorter = draft.identifier.length > 0
    draft.identifier = others
    return isShorter
  },
  'lengthen the row key': (draft, chance) => {
    const candidate = chance.pick(identifierCandidates(draft.columns).filter(path => !draft.identifier.includes(path)))
    if (candidate !== undefined) draft.identifier = [...draft.identifier, candidate]
    return candidate !== undefined
  },
  'make the row key optional': (draft, chance) => {
    const found = chance.pick(
      slotsOf(draft.columns).filter(({ path }) => draft.identifier.some(key => `${key}.`.startsWith(`${path}.`))),
    )
    found?.setRequired?.(false)
    return found !== undefined
  },
  'add a type of version 3': (draft, chance) =>
    add(draft, chance, column => {
      column.type = chance.one(['timestamp_ns', 'timestamptz_ns'])
    }),
  'give a default': (draft, chance) => {
    const found = slot(
      draft,
      chance,
      ({ column, type }) => column !== undefined && defaults[type as string] !== undefined,
    )
    if (found?.column === undefined || chance.percent(50)) {
      return add(draft, chance, column => {
        column.type = 'int'
        column.default = 7
      })
    }
    found.column.default = defaults[found.type as string] as number | string
    return true
  },
}

/** A column with a dot in its name, which is the full name of a member of a struct too. */
export const fullNameTwice: Mutation = (draft, chance) => {
  const found = slot(draft, chance, ({ path, column }) => column !== undefined && path.split('.').length === 2)
  if (found === undefined) return false
  insert(draft.columns, { ...randomColumn(chance, draft.columns, 0), name: found.path, required: false }, chance)
  return true
}
