import type { Declaration, PartitionDeclaration } from '../../src/schema/declaration.ts'
import { type Chance, chance as chanceOf } from './differential-random.ts'

/*
 * Declarations that mutations can work on, and the random ones they begin with.
 */

/** A declared column that can be changed. */
export interface Column {
  name: string
  type: ColumnType
  required?: boolean
  doc?: string
  renamedFrom?: string | string[]
  default?: number | string
}

export type ColumnType = string | StructColumnType | ListColumnType | MapColumnType

export interface StructColumnType {
  readonly type: 'struct'
  fields: Column[]
}

export interface ListColumnType {
  readonly type: 'list'
  element: ColumnType
  elementRequired: boolean
}

export interface MapColumnType {
  readonly type: 'map'
  key: ColumnType
  value: ColumnType
  valueRequired: boolean
}

/** A declaration that can be changed. */
export interface Draft extends Declaration {
  columns: Column[]
  identifier: string[]
  partitionBy: PartitionDeclaration[]
  sortBy: string[]
}

/** The types of format version 2, and those they may be promoted to. */
export const primitives = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'string',
  'uuid',
  'binary',
  'fixed[3]',
  'fixed[16]',
  'decimal(9,2)',
  'decimal(18,2)',
  'decimal(9,3)',
  'decimal(38,2)',
] as const

// Floating point is no key: whether NaN equals itself is another matter.
const keyTypes = ['string', 'int', 'long', 'date', 'uuid', 'decimal(9,2)', 'boolean'] as const

const words = ['id', 'at', 'text', 'Count', 'größe', 'user name', 'x', 'kind', 'total', 'Ort', 'seq', 'data'] as const

/** A random type that is nested so many times at most. */
export function randomType(chance: Chance, depth: number): ColumnType {
  if (depth === 0 || chance.percent(60)) return chance.one(primitives)
  const required = chance.percent(30)
  switch (chance.below(3)) {
    case 0:
      return { type: 'struct', fields: randomColumns(chance, 1 + chance.below(3), depth - 1) }
    case 1:
      return { type: 'list', element: randomType(chance, depth - 1), elementRequired: required }
    default:
      return {
        type: 'map',
        key: chance.percent(85) ? chance.one(keyTypes) : keyStruct(chance),
        value: randomType(chance, depth - 1),
        valueRequired: required,
      }
  }
}

function keyStruct(chance: Chance): StructColumnType {
  return {
    type: 'struct',
    fields: [
      { name: 'part', type: chance.one(keyTypes), required: true },
      { name: 'other', type: chance.one(keyTypes), required: chance.percent(50) },
    ],
  }
}

function randomColumns(chance: Chance, count: number, depth: number): Column[] {
  const columns: Column[] = []
  while (columns.length < count) columns.push(randomColumn(chance, columns, depth))
  return columns
}

/** A random column with a name that its siblings have not, in upper or lower case. */
export function randomColumn(chance: Chance, siblings: readonly Column[], depth: number): Column {
  return {
    name: freeName(chance, siblings),
    type: randomType(chance, depth),
    ...(chance.percent(30) ? { required: true } : {}),
    ...(chance.percent(30) ? { doc: `What ${chance.one(words)} means, “${chance.below(100)}”.` } : {}),
  }
}

export function freeName(chance: Chance, siblings: readonly Column[]): string {
  const taken = new Set(siblings.map(({ name }) => name.toLowerCase()))
  for (;;) {
    const word = chance.one(words)
    const name = chance.percent(50) ? word : `${word}_${chance.below(30)}`
    if (!taken.has(name.toLowerCase())) return name
  }
}

/** The declaration of a seed: four to eight columns, often with a key, a partition and an order. */
export function randomDeclaration(seed: number): Draft {
  const chance = chanceOf(seed)
  const columns = randomColumns(chance, 4 + chance.below(5), 3)
  const candidates = identifierCandidates(columns)
  const [first, second] = candidates
  const identifier = first === undefined || chance.percent(25) ? [] : [first]
  if (identifier.length > 0 && second !== undefined && chance.percent(50)) identifier.push(second)
  return {
    table: 'differential',
    release: 1,
    columns,
    identifier,
    partitionBy: chance.percent(70) ? randomPartition(chance, columns) : [],
    sortBy: chance.percent(30)
      ? columns
          .filter(({ type }) => typeof type === 'string')
          .slice(0, 1)
          .map(({ name }) => name)
      : [],
  }
}

/** Paths of columns that can be part of a row key. */
export function identifierCandidates(columns: readonly Column[], parent = ''): string[] {
  return columns.flatMap(({ name, type, required }) => {
    if (required !== true) return []
    if (typeof type === 'string') return type === 'float' || type === 'double' ? [] : [`${parent}${name}`]
    return type.type === 'struct' ? identifierCandidates(type.fields, `${parent}${name}.`) : []
  })
}

const bucketed: ReadonlySet<string> = new Set(['int', 'long', 'date', 'timestamp', 'timestamptz', 'string', 'uuid'])
const truncated: ReadonlySet<string> = new Set(['int', 'long', 'string', 'decimal(9,2)'])

function randomPartition(chance: Chance, columns: readonly Column[]): PartitionDeclaration[] {
  const column = chance.pick(columns.filter(({ type }) => typeof type === 'string'))
  if (column === undefined) return []
  const type = column.type as string
  const transforms: [string, ...string[]] = ['identity']
  if (bucketed.has(type)) transforms.push('bucket[4]', 'bucket[4]', 'bucket[4]')
  if (truncated.has(type)) transforms.push('truncate[2]', 'truncate[2]')
  if (type === 'date') transforms.push('month')
  if (type === 'timestamptz') transforms.push('day')
  return [{ column: column.name, transform: chance.one(transforms) }]
}
