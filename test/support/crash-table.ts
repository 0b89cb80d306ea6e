import { randomUUID } from 'node:crypto'
import type { AppendContext } from '../../src/iceberg/append.ts'
import type { Catalog } from '../../src/iceberg/catalog/catalog.ts'
import { fileCatalog, tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { type Appended, appendOnce } from '../../src/ingest/keys/append-once.ts'
import { rowKey } from '../../src/ingest/keys/row-key.ts'
import type { ColumnDeclaration, Declaration } from '../../src/schema/declaration.ts'
import { applyTable, type Receipt, type StoreContext } from '../../src/stores/table/store.ts'

/*
 * A small table like the built-in one, and the work that crash and race tests
 * do on it, the same in the test and in the processes it starts.
 */

export type WorkContext = AppendContext & StoreContext

export const systemClock: WorkContext = {
  now: Date.now,
  monotonic: () => performance.now(),
  random: Math.random,
  newUuid: randomUUID,
  uniqueName: randomUUID,
  version: '0.0.0-test',
}

/** Numbers in [0, 1) that come out the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A clock, chance and names that come out the same for the same seed. */
export function seededContext(seed: number, now: () => number = () => 1_700_000_000_000): WorkContext {
  const random = seeded(seed)
  let names = 0
  const name = (): string => `${seed.toString(16).padStart(8, '0')}-0000-4000-8000-${String(++names).padStart(12, '0')}`
  return { now, monotonic: () => 0, random, newUuid: name, uniqueName: name, version: '0.0.0-test' }
}

const baseColumns: readonly ColumnDeclaration[] = [
  { name: 'session_id', type: 'string', required: true },
  { name: 'part_id', type: 'string', required: true },
  { name: 'count', type: 'int' },
  { name: 'text', type: 'string', required: true },
]

/** The table as it is created; changes come in by name. */
export function declare(
  extra: readonly ColumnDeclaration[] = [],
  replaced: Readonly<Record<string, Partial<ColumnDeclaration>>> = {},
): Declaration {
  return {
    table: 'ai_gateway_messages',
    release: 9,
    columns: [...baseColumns.map(column => ({ ...column, ...replaced[column.name] })), ...extra],
    identifier: ['session_id', 'part_id'],
    partitionBy: [{ column: 'session_id', transform: 'bucket[4]' }],
    sortBy: ['session_id'],
  }
}

export const key = rowKey(['session_id', 'part_id'])

/** Rows that nobody else writes: their keys begin with the name. */
export function batch(name: string, rows = 6): Row[] {
  return Array.from({ length: rows }, (_, index) => ({
    session_id: `${name}-${index % 2}`,
    part_id: `${name}#${index}`,
    count: index,
    text: `${name} `.repeat(1 + (index % 3)),
  }))
}

export function openTable(io: FileIO, directory: string, context: WorkContext): Catalog {
  return fileCatalog({ io, directory, now: context.now, uniqueName: context.uniqueName })
}

export function apply(
  catalog: Catalog,
  directory: string,
  declaration: Declaration,
  context: WorkContext,
): Promise<Receipt> {
  return applyTable({ catalog, declaration, location: tableLocation(directory), context })
}

export async function append(catalog: Catalog, rows: readonly Row[], context: WorkContext): Promise<Appended> {
  return appendOnce(catalog, await catalog.load(), rows, key, context)
}
