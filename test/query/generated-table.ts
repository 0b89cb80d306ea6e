import type { Cell, Field, Row, StructType, Type } from '../../src/iceberg/types.ts'
import { dataFilesOf, deleteEqual, deletePositions } from '../support/deletes.ts'
import { append, createTable, optional, type TestTable } from '../support/table.ts'
import { addFiles } from './foreign-files.ts'
import { creation } from './real-table.ts'

/*
 * Tables with a history that a seed decides: nested columns that are renamed,
 * dropped, added again, promoted and moved at any depth, rows between that,
 * and deletes. They say nothing of what is right; two readers compare notes.
 */

/** A number from 0 up to a limit, without it. */
export type Chance = (limit: number) => number

/** The same numbers for the same seed. */
function chanceOf(seed: number): Chance {
  let state = seed
  return limit => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

/** So many seeds from one on. */
export function seeds(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index)
}

export interface History {
  /** With deletes the session has to read footers. */
  readonly deletes: boolean
  /** With members that keep their names it need not. */
  readonly keepsNames: boolean
}

/** A table by its seed; its column `id` tells its rows apart. */
export async function generatedTable(seed: number, history: History): Promise<TestTable> {
  const chance = chanceOf(seed)
  const isParted = chance(3) === 0
  let target = await createTable({
    columns: [optional('id', 'int'), optional('part', chance(2) === 0 ? 'string' : 'date')],
    ...(isParted ? { partitionBy: ['identity(part)'] } : {}),
    properties: creation,
  })
  let lastId = 2
  const ids = (): number => ++lastId
  let fields: readonly Field[] = target.table.metadata.schemas[0]?.fields ?? []
  let nextRow = 1
  const commitFields = async (next: readonly Field[]): Promise<void> => {
    fields = next
    target = await withFields(target, fields)
  }
  const rows = (count: number): Row[] =>
    Array.from({ length: count }, () => ({
      ...structCell(fields, chance),
      id: nextRow++,
      part: partOf(fields, chance),
    }))

  const columns = Array.from({ length: 2 + chance(3) }, (_, index) => newField(`column ${index}`, ids, chance, 3))
  await commitFields([...fields, ...columns])
  for (let step = 0; step < 8; step++) {
    const what = chance(history.deletes ? 5 : 3)
    if (what < 2 || step === 0) {
      target = await append(target, rows(1 + chance(5)), 2)
      continue
    }
    const files = await dataFilesOf(target)
    const picked = files[chance(files.length)]
    if (what === 2 || picked === undefined) {
      const [id, part, ...others] = fields as readonly [Field, Field, ...Field[]]
      await commitFields([id, part, ...changed(others, ids, chance, history.keepsNames ? 0 : undefined)])
    } else if (what === 3) {
      const positions = [0, 2].map(pos => ({ file: picked.file.location, pos: pos + chance(2) }))
      target = await deletePositions(target, positions, { partition: picked.file.partition })
    } else {
      const byId = Array.from({ length: 3 }, () => ({ id: 1 + chance(nextRow) }))
      target = await deleteEqual(target, [1], byId, { partition: picked.file.partition })
    }
  }
  if (!isParted && !history.keepsNames) {
    const reversed = fields.toReversed()
    target = await addFiles(target, [{ fields: reversed, rows: rows(2), element: element => element }])
  }
  return append(target, rows(3), 2)
}

async function withFields(target: TestTable, fields: readonly Field[]): Promise<TestTable> {
  const { catalog, table } = target
  const committed = await catalog.commit(table, {
    requirements: [],
    updates: [
      { action: 'add-schema', schema: { type: 'struct', 'schema-id': 0, fields } },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  })
  return { ...target, table: committed }
}

function partOf(fields: readonly Field[], chance: Chance): Cell {
  const value = chance(3)
  if (value === 2) return null
  return fields[1]?.type === 'date' ? value : ['a', `it's "b" | 1`][value]
}

const primitives = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'decimal(9,2)',
  'decimal(30,5)',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'string',
  'uuid',
  'binary',
  'fixed[3]',
]

const oddNames = ['a', 'B', 'x.y', 'q"uote', "it's", 'br[ack]et*', 'ü', 'select', 'element', 'key', 'value', '$1', 'c0']

type NewId = () => number

function newField(name: string, ids: NewId, chance: Chance, depth: number): Field {
  const id = ids()
  return { id, name, required: false, type: newType(ids, chance, depth) }
}

function newType(ids: NewId, chance: Chance, depth: number): Type {
  const kind = depth === 0 ? 0 : chance(5)
  if (kind < 2) return primitives[chance(primitives.length)] as string
  if (kind === 2) return newStruct(ids, chance, depth)
  if (kind === 3) {
    const element = ids()
    const type = chance(2) === 0 ? newStruct(ids, chance, depth) : newType(ids, chance, depth - 1)
    return { type: 'list', 'element-id': element, 'element-required': false, element: type }
  }
  const [key, value] = [ids(), ids()]
  return {
    type: 'map',
    'key-id': key,
    key: ['string', 'int', 'long'][chance(3)] as string,
    'value-id': value,
    'value-required': false,
    value: newType(ids, chance, depth - 1),
  }
}

function newStruct(ids: NewId, chance: Chance, depth: number): StructType {
  let fields: readonly Field[] = []
  for (let count = 1 + chance(4); count > 0; count--) fields = added(fields, ids, chance, depth - 1)
  return { type: 'struct', fields }
}

/** Adds a field under a free name, which may be one that was dropped before. */
function added(fields: readonly Field[], ids: NewId, chance: Chance, depth: number): readonly Field[] {
  const name = freeName(fields, chance)
  if (name === undefined) return fields
  const at = chance(fields.length + 1)
  return [...fields.slice(0, at), newField(name, ids, chance, depth), ...fields.slice(at)]
}

function freeName(fields: readonly Field[], chance: Chance): string | undefined {
  const free = oddNames.filter(name => !fields.some(field => field.name.toLowerCase() === name.toLowerCase()))
  return free[chance(Math.max(1, free.length))]
}

const promotions: Readonly<Record<string, string>> = { int: 'long', float: 'double', 'decimal(9,2)': 'decimal(20,2)' }

/** The fields of a struct after some changes, there and in what is below. At depth 0 no name is changed or given up. */
function changed(fields: readonly Field[], ids: NewId, chance: Chance, depth: 0 | undefined): readonly Field[] {
  let next = fields.map(field => ({ ...field, type: changedType(field.type, ids, chance, depth) }))
  if (next.length > 1 && depth === undefined && chance(3) === 0) next = next.filter((_, index) => index !== 0)
  const renamed = chance(next.length * 2)
  const name = freeName(next, chance)
  if (depth === undefined && name !== undefined)
    next = next.map((field, index) => (index === renamed ? { ...field, name } : field))
  if (chance(3) === 0) next = next.toReversed()
  return chance(2) === 0 ? next : added(next, ids, chance, 1)
}

function changedType(type: Type, ids: NewId, chance: Chance, depth: 0 | undefined): Type {
  if (typeof type === 'string') return chance(2) === 0 ? (promotions[type] ?? type) : type
  switch (type.type) {
    case 'struct':
      return { ...type, fields: changed(type.fields, ids, chance, depth) }
    case 'list':
      return { ...type, element: changedType(type.element, ids, chance, depth) }
    case 'map':
      return { ...type, value: changedType(type.value, ids, chance, depth) }
  }
}

function structCell(fields: readonly Field[], chance: Chance): Row {
  return Object.fromEntries(fields.map(({ name, type }) => [name, cellOf(type, chance)]))
}

function cellOf(type: Type, chance: Chance): Cell {
  if (chance(4) === 0) return null
  if (typeof type === 'string') return primitiveOf(type, chance)
  if (type.type === 'struct') return structCell(type.fields, chance)
  const count = chance(3)
  if (type.type === 'list') return Array.from({ length: count }, () => cellOf(type.element, chance))
  return Array.from({ length: count }, (_, index) => {
    const key = type.key === 'string' ? `key ${index}` : type.key === 'int' ? index : BigInt(index)
    return [key, cellOf(type.value, chance)]
  })
}

function primitiveOf(type: string, chance: Chance): Cell {
  const number = chance(2001) - 1000
  switch (type) {
    case 'boolean':
      return number % 2 === 0
    case 'int':
    case 'date':
      return number
    case 'float':
    case 'double':
      return [0.25, -1.5, Number.NaN, Number.POSITIVE_INFINITY, number][chance(5)]
    case 'string':
      return ['', `text ${number} "ü' \u0000😀`][chance(2)]
    case 'uuid':
      return `0f8fad5b-d9cb-469f-a165-${String(number + 1000).padStart(12, '0')}`
    case 'binary':
      return Uint8Array.from({ length: chance(4) }, () => chance(256))
    case 'fixed[3]':
      return Uint8Array.from({ length: 3 }, () => chance(256))
    case 'time':
      return BigInt(number + 1000) * 1_000_003n
    case 'decimal(9,2)':
    case 'decimal(20,2)':
      return BigInt(number)
    default:
      return BigInt(number) * 4_000_000_007n
  }
}
