import { expect, test } from 'vitest'
import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import { currentSchema } from '../../../src/iceberg/ids.ts'
import type { Long, Row } from '../../../src/iceberg/types.ts'
import { appendOnce } from '../../../src/ingest/keys/append-once.ts'
import { type FirstKeys, readFirstKeys } from '../../../src/ingest/keys/first-keys.ts'
import { firstOfEachKey, rowKey } from '../../../src/ingest/keys/row-key.ts'
import type { ColumnDeclaration, Declaration } from '../../../src/schema/declaration.ts'
import { append, apply, batch, declare, key, openTable, seededContext } from '../../support/crash-table.ts'
import { deleteEqual } from '../../support/deletes.ts'
import { PowerDisk } from '../../support/power-file-io.ts'
import { append as appendRows, createTable, readRows, required } from '../../support/table.ts'

const context = seededContext(1)

async function newTable(): Promise<Catalog> {
  const { io } = new PowerDisk()
  await io.makeDirectory('/home')
  const catalog = openTable(io, '/home/table', context)
  await apply(catalog, '/home/table', declare(), context)
  return catalog
}

async function suspects(known: FirstKeys, catalog: Catalog, name: string): Promise<number> {
  return known.suspects(await catalog.load(), firstOfEachKey(batch(name), key).rows).size
}

async function addKnowing(catalog: Catalog, name: string, known: FirstKeys): Promise<number> {
  return (await appendOnce(catalog, await catalog.load(), batch(name), key, context, { firstKeys: known })).rows
}

test('rows are suspected to be stored only where their first key is', async () => {
  const catalog = await newTable()
  const known = await readFirstKeys(await catalog.load(), key)
  expect(await suspects(known, catalog, 'a')).toBe(0)
  await addKnowing(catalog, 'a', known)
  expect(await suspects(known, catalog, 'a')).toBe(6)
  expect(await suspects(await readFirstKeys(await catalog.load(), key), catalog, 'a')).toBe(6)
})

test('rows that somebody else added in between are not stored twice', async () => {
  const catalog = await newTable()
  const known = await readFirstKeys(await catalog.load(), key)
  await addKnowing(catalog, 'a', known)
  await append(catalog, batch('b'), context)
  expect(await addKnowing(catalog, 'b', known)).toBe(0)
  expect(await addKnowing(catalog, 'c', known)).toBe(6)
  expect(await addKnowing(catalog, 'c', known)).toBe(0)
  expect((await readRows(await catalog.load())).length).toBe(18)
})

test('rows that somebody else adds right before the commit are not stored twice, now or later', async () => {
  const catalog = await newTable()
  const known = await readFirstKeys(await catalog.load(), key)
  const base = await catalog.load()
  await append(catalog, batch('a'), context)
  const { rows } = await appendOnce(catalog, base, [...batch('a'), ...batch('b')], key, context, { firstKeys: known })
  expect(rows).toBe(6)
  expect(await addKnowing(catalog, 'a', known)).toBe(0)
})

test('when somebody else stored all of a batch and more right before the commit, the more is not stored twice later', async () => {
  const catalog = await newTable()
  const known = await readFirstKeys(await catalog.load(), key)
  const base = await catalog.load()
  await append(catalog, [...batch('a'), ...batch('more')], context)
  expect((await appendOnce(catalog, base, batch('a'), key, context, { firstKeys: known })).rows).toBe(0)
  expect(await addKnowing(catalog, 'more', known)).toBe(0)
  expect((await readRows(await catalog.load())).length).toBe(12)
})

test('what others added in between is known once it is followed', async () => {
  const catalog = await newTable()
  const known = await readFirstKeys(await catalog.load(), key)
  await addKnowing(catalog, 'a', known)
  await append(catalog, batch('b'), context)
  await append(catalog, batch('c'), context)
  expect(await suspects(known, catalog, 'new')).toBe(6)
  await known.follow(await catalog.load())
  expect(await suspects(known, catalog, 'new')).toBe(0)
  for (const name of ['a', 'b', 'c']) expect(await suspects(known, catalog, name)).toBe(6)
  expect(await addKnowing(catalog, 'c', known)).toBe(0)
  expect(await addKnowing(catalog, 'new', known)).toBe(6)
  expect(await suspects(known, catalog, 'other')).toBe(0)
})

test('of very many values nothing is known', async () => {
  const catalog = await newTable()
  const rows = Array.from({ length: 250_001 }, (_, n) => ({ session_id: `s${n}`, part_id: 'p', count: n, text: 't' }))
  const few = rows.slice(0, 10)
  await append(catalog, rows.slice(0, 200_000), context)
  const known = await readFirstKeys(await catalog.load(), key)
  const suspected = async (of: FirstKeys): Promise<number> =>
    of.suspects(await catalog.load(), firstOfEachKey(batch('new'), key).rows).size
  expect(await suspected(known)).toBe(0)
  await appendOnce(catalog, await catalog.load(), rows.slice(200_000), key, context, { firstKeys: known })
  expect(await suspected(known)).toBe(6)
  expect(await suspected(await readFirstKeys(await catalog.load(), key))).toBe(6)
  expect((await appendOnce(catalog, await catalog.load(), few, key, context, { firstKeys: known })).rows).toBe(0)
})

test('a first key inside a struct is known too', async () => {
  const { io } = new PowerDisk()
  await io.makeDirectory('/home')
  const catalog = openTable(io, '/home/table', context)
  const origin: ColumnDeclaration = {
    name: 'origin',
    required: true,
    type: { type: 'struct', fields: [{ name: 'host', type: 'string', required: true }] },
  }
  const declaration: Declaration = {
    table: 't',
    release: 1,
    columns: [origin],
    identifier: ['origin.host'],
    partitionBy: [],
    sortBy: [],
  }
  await apply(catalog, '/home/table', declaration, context)
  const nested = rowKey(declaration.identifier)
  const row = (host: string): Row => ({ origin: { host } })
  const known = await readFirstKeys(await catalog.load(), nested)
  const add = async (...rows: Row[]): Promise<number> =>
    (await appendOnce(catalog, await catalog.load(), rows, nested, context, { firstKeys: known })).rows
  expect(await add(row('a'), row('b'))).toBe(2)
  expect(await add(row('a'), row('c'))).toBe(1)
  const again = await readFirstKeys(await catalog.load(), nested)
  const candidates = firstOfEachKey([row('c'), row('d')], nested).rows
  expect([...again.suspects(await catalog.load(), candidates).values()]).toEqual([row('c')])
})

test('rows that are back because another program rolled back are suspected', async () => {
  const target = await appendRows(await createTable({ columns: [required('id', 'int')] }), [{ id: 1 }])
  const { catalog } = target
  const before = (await catalog.load()).metadata['current-snapshot-id'] as Long
  const [idField] = currentSchema(target.table.metadata).fields
  await deleteEqual(target, [idField?.id as number], [{ id: 1 }])
  const byId = rowKey(['id'])
  const known = await readFirstKeys(await catalog.load(), byId)
  await catalog.commit(await catalog.load(), {
    requirements: [],
    updates: [{ action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': before }],
  })
  const now = await catalog.load()
  await known.follow(now)
  expect((await appendOnce(catalog, now, [{ id: 1 }], byId, context, { firstKeys: known })).rows).toBe(0)
})
