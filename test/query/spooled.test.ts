import { randomBytes, randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import { fileCatalog, tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { createDataFile } from '../../src/iceberg/parquet/write.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { flush } from '../../src/ingest/flush/flush.ts'
import { openSpool } from '../../src/ingest/spool/spool.ts'
import { type SpooledRows, spooledRows } from '../../src/ingest/spooled-rows.ts'
import { liveTable } from '../../src/query/live-view.ts'
import type { QuerySession } from '../../src/query/session.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { applyTable } from '../../src/stores/table/store.ts'
import { systemClock } from '../support/crash-table.ts'
import { dataFilesOf, deletePositions } from '../support/deletes.ts'
import { append, createTable, evolve, optional, temporaryFolder } from '../support/table.ts'
import { errorOf, rowsOf } from './asking.ts'
import { column, creation, realTable, session } from './real-table.ts'

/** Rows in a file as a spool gives them to a query. */
async function spooledFile(table: Table, rows: readonly Row[]): Promise<string> {
  const path = join(await temporaryFolder(), 'spooled ü.parquet')
  const writer = await createDataFile(localFileIO, path, currentSchema(table.metadata))
  await writer.writeRowGroup(rows)
  await writer.finish()
  return path
}

async function withSpooled(table: Table, rows: readonly Row[]): Promise<QuerySession> {
  return session({ tables: { notes: { ...table, spooled: await spooledFile(table, rows) } } })
}

test('spooled rows are seen beside those of the live files', async () => {
  const notes = await realTable([column('id', 'long'), column('text', 'string')])
  await notes.append([{ id: 1n, text: 'one' }])
  const query = await withSpooled(notes.table(), [{ id: 2n, text: 'two' }])
  expect(await rowsOf(query, 'SELECT * FROM notes ORDER BY id')).toEqual([
    { id: 1, text: 'one' },
    { id: 2, text: 'two' },
  ])
})

test('spooled rows are seen in a table without a file', async () => {
  const notes = await realTable([column('id', 'long'), column('text', 'string')])
  const query = await withSpooled(notes.table(), [{ id: 2n, text: 'two' }])
  expect(await rowsOf(query, 'SELECT * FROM notes')).toEqual([{ id: 2, text: 'two' }])
})

test('spooled rows are seen where files were written under other names, and where rows were deleted', async () => {
  const columns = (member: string) => [
    optional('id', 'int'),
    optional('o', { type: 'struct', fields: [{ ...optional(member, 'string'), renamedFrom: 'x' }] }),
  ]
  let target = await createTable({ columns: columns('x'), properties: creation })
  target = await append(target, [
    { id: 1, o: { x: 'one' } },
    { id: 2, o: { x: 'two' } },
  ])
  target = await evolve(target, columns('y'))
  const [entry] = await dataFilesOf(target)
  target = await deletePositions(target, [{ file: entry?.file.location ?? '', pos: 0 }])
  const query = await withSpooled(target.table, [{ id: 3, o: { y: 'three' } }])
  expect(await rowsOf(query, 'SELECT id, o.y AS y FROM notes ORDER BY id')).toEqual([
    { id: 2, y: 'two' },
    { id: 3, y: 'three' },
  ])
})

test('without spooled rows a view is what it was', async () => {
  const notes = await realTable([column('id', 'long')])
  await notes.append([{ id: 1n }])
  const live = await liveTable('notes', notes.table())
  expect(await liveTable('notes', { ...notes.table(), spooled: undefined })).toMatchObject({
    rows: live.rows,
    paths: live.paths,
  })
})

test('a session reads the spooled file and no other beside it', async () => {
  const notes = await realTable([column('id', 'long')])
  const spooled = await spooledFile(notes.table(), [{ id: 1n }])
  const other = join(await temporaryFolder(), 'other.csv')
  await writeFile(other, 'a\n1\n')
  const query = await session({ tables: { notes: { ...notes.table(), spooled } } })
  expect(await errorOf(rowsOf(query, `SELECT * FROM '${other}'`))).toMatchObject({ name: 'HypError' })
  expect(await rowsOf(query, 'SELECT count(*) AS n FROM notes')).toEqual([{ n: 1 }])
})

const declared: Declaration = builtinDeclaration(9)

function record(n: number): object {
  return {
    gateway_id: 'g',
    schema_version: 9,
    session_id: `s${n % 3}`,
    provider: 'anthropic',
    client_name: 'claude',
    model: 'claude',
    conversation_started_at: '2026-01-01T00:00:00Z',
    message_id: `m${n}`,
    message_index: n,
    message_created_at: '2026-01-01T00:00:00Z',
    role: 'assistant',
    part_id: `m${n}#0`,
    part_index: 0,
    part_type: 'text',
    provider_uuid: `msg_${n}`,
    date: '2026-01-01',
    input_tokens: n,
    output_tokens: 1,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
  }
}

test.each([
  ['with a row key', declared],
  ['without one', { ...declared, table: 'notes', identifier: [] }],
])('a query during a flush sees every row once, in the views too: a table %s', async (_kind, declaration) => {
  const home = await temporaryFolder()
  const directory = join(home, 'table')
  const catalog = fileCatalog({ io: localFileIO, directory, now: Date.now, uniqueName: randomUUID })
  await applyTable({ catalog, declaration, location: tableLocation(directory), context: systemClock })
  const paths = { spool: join(home, 'spool'), quarantine: join(home, 'quarantine'), rejects: join(home, 'rejects') }
  const spool = await openSpool({
    io: localFileIO,
    directory: paths.spool,
    table: declaration.table,
    now: Date.now,
    randomBytes: count => new Uint8Array(randomBytes(count)),
  })
  onTestFinished(() => spool.close())
  const take = (from: number, rows: number): Promise<unknown> => {
    const lines = Array.from({ length: rows }, (_, n) => `${JSON.stringify(record(from + n))}\n`)
    return spool.append({ rows, bytes: Buffer.from(lines.join('')) }, declaration)
  }
  const run = async (): Promise<void> => {
    const segments = await spool.rotate()
    const result = await flush({ ...paths, catalog, io: localFileIO, segments, declaration, context: systemClock })
    await spool.release(result.positions)
  }
  const look = (name: string): Promise<SpooledRows> =>
    spooledRows({ io: localFileIO, catalog, spool: paths.spool, declaration, file: join(home, `${name}.parquet`) })
  const see = async ({ table, spooled }: SpooledRows): Promise<unknown> => {
    const query = await session({ tables: { [declaration.table]: { ...table, spooled } } })
    const [all] = await rowsOf(query, `SELECT count(*) AS n, sum(message_index) AS s FROM ${declaration.table}`)
    if (declaration.table === 'notes') return all
    return [all, ...(await rowsOf(query, 'SELECT sum(input_tokens) AS tokens FROM usage'))]
  }
  const expected = (n: number): unknown => {
    const sum = (n * (n - 1)) / 2
    return declaration.table === 'notes' ? { n, s: sum } : [{ n, s: sum }, { tokens: sum }]
  }
  await take(0, 10)
  const waiting = await look('1')
  await run()
  // What was looked up before the flush is seen after it as it was, although its segments are gone.
  expect(await see(waiting)).toEqual(expected(10))
  expect(await see(await look('2'))).toEqual(expected(10))
  await take(10, 5)
  const [mixed] = await Promise.all([look('3'), run()])
  expect(mixed.spooled === undefined ? 0 : mixed.rows).toBeOneOf([0, 5])
  expect(await see(mixed)).toEqual(expected(15))
  await take(15, 5)
  expect(await see(await look('4'))).toEqual(expected(20))
})
