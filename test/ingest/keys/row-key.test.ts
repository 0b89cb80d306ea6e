import { describe, expect, test } from 'vitest'
import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import { type Appended, appendOnce } from '../../../src/ingest/keys/append-once.ts'
import { rowKey } from '../../../src/ingest/keys/row-key.ts'
import type { ColumnDeclaration, Declaration } from '../../../src/schema/declaration.ts'
import { apply, openTable, seededContext } from '../../support/crash-table.ts'
import { PowerDisk } from '../../support/power-file-io.ts'
import { failure, readRows } from '../../support/table.ts'
import { directory, interrupted } from './appending.ts'

describe('a row key', () => {
  async function tableOf(
    columns: readonly ColumnDeclaration[],
    identifier: readonly string[],
  ): Promise<{ catalog: Catalog; add: (rows: readonly Row[]) => Promise<Appended>; declaration: Declaration }> {
    const disk = new PowerDisk()
    await disk.io.makeDirectory('/home')
    const catalog = openTable(disk.io, directory, seededContext(1))
    const declaration: Declaration = { table: 't', release: 1, columns, identifier, partitionBy: [], sortBy: [] }
    await apply(catalog, directory, declaration, seededContext(1))
    let seed = 1
    return {
      catalog,
      declaration,
      add: async rows => appendOnce(catalog, await catalog.load(), rows, rowKey(identifier), seededContext(++seed)),
    }
  }

  const host: ColumnDeclaration = {
    name: 'origin',
    required: true,
    type: {
      type: 'struct',
      fields: [
        { name: 'host', type: 'string', required: true },
        { name: 'port', type: 'int' },
      ],
    },
  }

  test('without columns tells no rows apart: all are stored', async () => {
    const { add, catalog } = await tableOf([{ name: 'id', type: 'string' }], [])
    expect(await add([{ id: 'a' }, { id: 'a' }])).toMatchObject({ rows: 2, duplicates: 0 })
    expect(await add([{ id: 'a' }])).toMatchObject({ rows: 1, duplicates: 0 })
    expect(await readRows(await catalog.load())).toHaveLength(3)
  })

  test.each([
    ['alone', ['origin.host']],
    ['first', ['origin.host', 'id']],
    ['last', ['id', 'origin.host']],
  ])('can have a member of a struct, %s', async (_place, identifier) => {
    const { add } = await tableOf([{ name: 'id', type: 'string', required: true }, host], identifier)
    const row = (id: string, name: string, port: number): Row => ({ id, origin: { host: name, port } })
    expect(await add([row('a', 'x', 1), row('a', 'y', 1), row('a', 'x', 2)])).toMatchObject({ rows: 2, duplicates: 1 })
    expect(await add([row('a', 'x', 3), row('a', 'z', 1), row('a', 'y', 1)])).toMatchObject({ rows: 1, duplicates: 2 })
  })

  test('can have a column whose name has a dot', async () => {
    const { add } = await tableOf([{ name: 'origin.host', type: 'string', required: true }], ['origin.host'])
    expect(await add([{ 'origin.host': 'x' }, { 'origin.host': 'y' }])).toMatchObject({ rows: 2 })
    expect(await add([{ 'origin.host': 'x' }])).toMatchObject({ rows: 0, duplicates: 1 })
  })

  test.each<[string, NonNullable<Row[string]>, NonNullable<Row[string]>]>([
    ['long', 7, 7n],
    ['binary', Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
    ['string', 'a\ud800', 'a\ufffd'],
    ['timestamptz', 5n, 5n],
    ['boolean', true, true],
    ['decimal(9,2)', 150n, 150n],
    ['date', 3, 3],
  ])('of a %s is found in whatever form the row has it', async (type, given, same) => {
    const columns: ColumnDeclaration[] = [
      { name: 'k', type, required: true },
      { name: 'n', type: 'int', required: true },
    ]
    for (const identifier of [['k'], ['k', 'n'], ['n', 'k']]) {
      const { add } = await tableOf(columns, identifier)
      expect(await add([{ k: given, n: 1 }])).toMatchObject({ rows: 1 })
      expect(await add([{ k: same, n: 1 }])).toMatchObject({ rows: 0, duplicates: 1 })
      expect(await add([{ k: given, n: 1 }])).toMatchObject({ rows: 0, duplicates: 1 })
    }
  })

  test('is found although another writer gave its column another name meanwhile', async () => {
    const columns = (name: string): ColumnDeclaration[] => [
      { name, type: 'string', required: true, renamedFrom: 'id' },
      { name: 'text', type: 'string' },
    ]
    const { catalog, declaration } = await tableOf(columns('id'), ['id'])
    const base = await catalog.load()
    const others = async (): Promise<void> => {
      await appendOnce(catalog, base, [{ id: 'a', text: 'theirs' }], rowKey(['id']), seededContext(30))
      const renamed = { ...declaration, release: 2, columns: columns('name'), identifier: ['name'] }
      await apply(catalog, directory, renamed, seededContext(31))
    }
    const rows = [
      { id: 'a', text: 'ours' },
      { id: 'b', text: 'ours' },
    ]
    const appended = await appendOnce(interrupted(catalog, others), base, rows, rowKey(['id']), seededContext(32))
    expect(appended).toMatchObject({ rows: 1, duplicates: 1 })
    expect(await readRows(await catalog.load())).toEqual([
      { name: 'b', text: 'ours' },
      { name: 'a', text: 'theirs' },
    ])
  })

  test('that the table has no columns for is refused', async () => {
    const { catalog } = await tableOf([{ name: 'id', type: 'string' }], [])
    const rejected = appendOnce(catalog, await catalog.load(), [{ id: 'a' }], rowKey(['other']), seededContext(2))
    await expect(rejected).rejects.toEqual(failure('ROW_INVALID', 'no column other'))
  })
})
