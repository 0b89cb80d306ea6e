import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorOf, rowsOf } from './asking.ts'
import { column, realTable, session } from './real-table.ts'

test('a query sees the rows of every live file, in a view named like the table', async () => {
  const notes = await realTable([column('id', 'long'), column('text', 'string')])
  await notes.append([{ id: 1n, text: 'one' }])
  await notes.append([{ id: 2n, text: null }])
  const query = await session({ tables: { notes: notes.table() } })
  expect(await rowsOf(query, 'SELECT * FROM notes ORDER BY id')).toEqual([
    { id: 1, text: 'one' },
    { id: 2, text: null },
  ])
})

test('a session keeps seeing the rows that were there when it was opened', async () => {
  const notes = await realTable([column('id', 'long')])
  await notes.append([{ id: 1n }])
  const query = await session({ tables: { notes: notes.table() } })
  await notes.append([{ id: 2n }])
  expect(await rowsOf(query, 'SELECT count(*) AS n FROM notes')).toEqual([{ n: 1 }])
})

test('an added column is null in old rows, and a renamed one keeps its values', async () => {
  const notes = await realTable([column('id', 'long'), column('content', 'string')])
  await notes.append([{ id: 1n, content: 'old' }])
  await notes.evolve([column('id', 'long'), column('body', 'string', 'content'), column('mood', 'string')])
  await notes.append([{ id: 2n, body: 'new', mood: 'fine' }])
  const query = await session({ tables: { notes: notes.table() } })
  expect(await rowsOf(query, 'SELECT * FROM notes ORDER BY id')).toEqual([
    { id: 1, body: 'old', mood: null },
    { id: 2, body: 'new', mood: 'fine' },
  ])
})

test('a column that was dropped and added again under its name does not get the old values back', async () => {
  const notes = await realTable([column('id', 'long'), column('mark', 'string')])
  await notes.append([{ id: 1n, mark: 'old meaning' }])
  await notes.evolve([column('id', 'long')])
  await notes.evolve([column('id', 'long'), column('mark', 'string')])
  await notes.append([{ id: 2n, mark: 'new meaning' }])
  const query = await session({ tables: { notes: notes.table() } })
  expect(await rowsOf(query, 'SELECT * FROM notes ORDER BY id')).toEqual([
    { id: 1, mark: null },
    { id: 2, mark: 'new meaning' },
  ])
})

test('two columns that swapped their names do not swap their values', async () => {
  const notes = await realTable([column('a', 'string'), column('b', 'string')])
  await notes.append([{ a: 'was a', b: 'was b' }])
  const { metadata } = notes.table()
  await notes.evolve([column('c', 'string', 'a'), column('b', 'string')])
  await notes.evolve([column('c', 'string'), column('a', 'string', 'b')])
  await notes.evolve([column('b', 'string', 'c'), column('a', 'string')])
  expect(notes.table().metadata['last-column-id']).toBe(metadata['last-column-id'])
  const query = await session({ tables: { notes: notes.table() } })
  expect(await rowsOf(query, 'SELECT a, b FROM notes')).toEqual([{ a: 'was b', b: 'was a' }])
})

test('promoted columns read old files in the wider type', async () => {
  const before = [column('n', 'int'), column('x', 'float'), column('d', 'decimal(4,2)')]
  const numbers = await realTable(before)
  await numbers.append([{ n: 7, x: 0.5, d: 1234n }])
  await numbers.evolve([column('n', 'long'), column('x', 'double'), column('d', 'decimal(20,2)')])
  await numbers.append([{ n: 2n ** 62n, x: 0.1, d: 123456789012345678n }])
  const query = await session({ tables: { numbers: numbers.table() } })
  expect(
    await rowsOf(query, 'SELECT *, typeof(n) AS tn, typeof(x) AS tx, typeof(d) AS td FROM numbers ORDER BY n'),
  ).toEqual([
    { n: 7, x: 0.5, d: '12.34', tn: 'BIGINT', tx: 'DOUBLE', td: 'DECIMAL(20,2)' },
    { n: '4611686018427387904', x: 0.1, d: '1234567890123456.78', tn: 'BIGINT', tx: 'DOUBLE', td: 'DECIMAL(20,2)' },
  ])
})

test('every Iceberg type comes as the SQL type that fits it', async () => {
  const values = await realTable([
    column('bool', 'boolean'),
    column('i', 'int'),
    column('l', 'long'),
    column('f', 'float'),
    column('d', 'double'),
    column('dec', 'decimal(38,10)'),
    column('day', 'date'),
    column('clock', 'time'),
    column('local', 'timestamp'),
    column('at', 'timestamptz'),
    column('s', 'string'),
    column('id', 'uuid'),
    column('bin', 'binary'),
    column('fix', 'fixed[3]'),
  ])
  await values.append([
    {
      bool: true,
      i: -1,
      l: -(2n ** 63n),
      f: 0.25,
      d: 1e300,
      dec: -(10n ** 38n) + 1n,
      day: -1,
      clock: 86_399_999_999n,
      local: -1n,
      at: 1_780_000_000_123_456n,
      s: 'é\u0000💥',
      id: '0f8fad5b-d9cb-469f-a165-70867728950e',
      bin: new Uint8Array([0, 255]),
      fix: new Uint8Array([1, 2, 3]),
    },
    {},
  ])
  const query = await session({ tables: { values: values.table() } })
  const types = await rowsOf(query, 'SELECT column_type FROM (DESCRIBE "values")')
  expect(types.map(row => row['column_type'])).toEqual([
    'BOOLEAN',
    'INTEGER',
    'BIGINT',
    'FLOAT',
    'DOUBLE',
    'DECIMAL(38,10)',
    'DATE',
    'TIME',
    'TIMESTAMP',
    'TIMESTAMP WITH TIME ZONE',
    'VARCHAR',
    'UUID',
    'BLOB',
    'BLOB',
  ])
  const [filled, empty] = await rowsOf(query, 'SELECT * FROM "values" ORDER BY i')
  expect(filled).toEqual({
    bool: true,
    i: -1,
    l: '-9223372036854775808',
    f: 0.25,
    d: 1e300,
    dec: '-9999999999999999999999999999.9999999999',
    day: '1969-12-31',
    clock: '23:59:59.999999',
    local: '1969-12-31T23:59:59.999999',
    at: '2026-05-28T20:26:40.123456Z',
    s: 'é\u0000💥',
    id: '0f8fad5b-d9cb-469f-a165-70867728950e',
    bin: 'AP8=',
    fix: 'AQID',
  })
  expect(new Set(Object.values(empty ?? {}))).toEqual(new Set([null]))
})

test('nested columns keep their names and shapes, and a member that was added later is null', async () => {
  const point = (...members: string[]): Parameters<typeof column>[1] => ({
    type: 'struct',
    fields: members.map(name => column(name, 'int')),
  })
  const tags = { type: 'map', key: 'string', value: 'long', valueRequired: false } as const
  const shapes = await realTable([
    column('at', point('x "left"')),
    column('path', { type: 'list', elementRequired: false, element: point('x') }),
    column('tags', tags),
  ])
  await shapes.append([{ at: { 'x "left"': 1 }, path: [{ x: 1 }, null], tags: [['a b', 1n]] }])
  await shapes.evolve([
    column('at', point('x "left"', 'y')),
    column('path', { type: 'list', elementRequired: false, element: point('x', 'y') }),
    column('tags', tags),
  ])
  const query = await session({ tables: { shapes: shapes.table() } })
  expect(await rowsOf(query, 'SELECT * FROM shapes')).toEqual([
    { at: { 'x "left"': 1, y: null }, path: [{ x: 1, y: null }, null], tags: { 'a b': 1 } },
  ])
})

test('a table without files has its columns and types, and no rows', async () => {
  const columns = [
    column('id', 'long'),
    column('at', 'timestamptz'),
    column('tags', { type: 'map', key: 'string', value: 'int', valueRequired: false }),
    column('in', { type: 'struct', fields: [column('a b', 'decimal(9,2)')] }),
  ]
  const empty = await realTable(columns)
  const filled = await realTable(columns)
  await filled.append([{ id: 1n }])
  const query = await session({ tables: { empty: empty.table(), filled: filled.table() } })
  expect(await rowsOf(query, 'SELECT * FROM empty')).toEqual([])
  expect(await rowsOf(query, 'DESCRIBE empty')).toEqual(await rowsOf(query, 'DESCRIBE filled'))
})

test('names may hold quotes, spaces and ü', async () => {
  const odd = await realTable([column('sel"ect', 'string'), column("it's ü", 'string')])
  await odd.append([{ 'sel"ect': 'quote', "it's ü": 'umlaut' }])
  const query = await session({ tables: { 'my "table"': odd.table() } })
  expect(await rowsOf(query, 'FROM "my ""table"""')).toEqual([{ 'sel"ect': 'quote', "it's ü": 'umlaut' }])
})

test('paths may hold quotes, spaces, ü, wildcards and what looks like a partition', async () => {
  const path = `a=7/it's "ü" {y} [x]*?`
  const notes = await realTable([column('a', 'int')], { path })
  await notes.append([{ a: 1 }])
  // Taken for a pattern, the path would match this file, which is not the table's.
  const other = await realTable([column('a', 'int')])
  await other.append([{ a: 2 }])
  const [name] = await readdir(join(notes.directory, 'data'))
  const [decoy] = await readdir(join(other.directory, 'data'))
  const decoyDirectory = join(notes.directory.replace('[x]*?', 'x y'), 'data')
  await mkdir(decoyDirectory, { recursive: true })
  await copyFile(join(other.directory, 'data', decoy as string), join(decoyDirectory, name as string))
  const query = await session({ tables: { notes: notes.table() } })
  expect(await rowsOf(query, 'FROM notes')).toEqual([{ a: 1 }])
})

test('a partition column is a column like all others', async () => {
  const notes = await realTable([column('session', 'string'), column('id', 'int')], {
    partition: ['session', 'identity'],
  })
  await notes.append([
    { session: 'a', id: 1 },
    { session: 'b', id: 2 },
    { session: 'a', id: 3 },
  ])
  const query = await session({ tables: { notes: notes.table() } })
  expect(await rowsOf(query, 'SELECT session, sum(id) AS ids FROM notes GROUP BY session ORDER BY 1')).toEqual([
    { session: 'a', ids: 4 },
    { session: 'b', ids: 2 },
  ])
})

test('times are in UTC, whatever the zone of the machine', async () => {
  const notes = await realTable([column('at', 'timestamptz')])
  await notes.append([{ at: 1_780_000_000_000_000n }])
  const query = await session({ tables: { notes: notes.table() } })
  expect(
    await rowsOf(
      query,
      `SELECT current_setting('TimeZone') AS zone, "at"::VARCHAR AS text, hour("at") AS hour FROM notes`,
    ),
  ).toEqual([{ zone: 'UTC', text: '2026-05-28 20:26:40+00', hour: 20 }])
})

test('several tables can be joined', async () => {
  const one = await realTable([column('id', 'int')])
  const two = await realTable([column('id', 'int'), column('name', 'string')])
  await one.append([{ id: 1 }, { id: 2 }])
  await two.append([{ id: 2, name: 'two' }])
  const query = await session({ tables: { one: one.table(), two: two.table() } })
  expect(await rowsOf(query, 'SELECT id, name FROM one LEFT JOIN two USING (id) ORDER BY id')).toEqual([
    { id: 1, name: null },
    { id: 2, name: 'two' },
  ])
})

test('a missing data file is named, with the code for it', async () => {
  const notes = await realTable([column('id', 'int')])
  await notes.append([{ id: 1 }])
  const [first] = await readdir(join(notes.directory, 'data'))
  await notes.append([{ id: 2 }])
  const later = (await readdir(join(notes.directory, 'data'))).find(name => name !== first) as string
  const missing = join(notes.directory, 'data', later)
  await rm(missing)
  const opened = session({ tables: { notes: notes.table() } }).then(query => rowsOf(query, 'FROM notes'))
  expect(await errorOf(opened)).toMatchObject({
    code: 'FILE_MISSING',
    message: `the table names ${missing}, which does not exist`,
    details: { file: missing },
  })
})

test('a data file that goes missing while a session is open is named', async () => {
  const notes = await realTable([column('id', 'int')])
  await notes.append([{ id: 1 }])
  const query = await session({ tables: { notes: notes.table() } })
  const file = join(notes.directory, 'data', (await readdir(join(notes.directory, 'data')))[0] as string)
  await rm(file)
  expect(await errorOf(rowsOf(query, 'FROM notes'))).toMatchObject({ code: 'FILE_MISSING', details: { file } })
})

test('a missing manifest is named', async () => {
  const notes = await realTable([column('id', 'int')])
  await notes.append([{ id: 1 }])
  const metadata = join(notes.directory, 'metadata')
  for (const name of await readdir(metadata)) if (name.endsWith('.avro')) await rm(join(metadata, name))
  expect(await errorOf(session({ tables: { notes: notes.table() } }))).toMatchObject({
    code: 'FILE_MISSING',
    message: expect.stringContaining('.avro'),
  })
})

test('a damaged data file fails with the file named', async () => {
  const notes = await realTable([column('id', 'int')])
  await notes.append([{ id: 1 }])
  const data = join(notes.directory, 'data')
  const file = join(data, (await readdir(data))[0] as string)
  await writeFile(file, 'not parquet, but long enough to be looked at')
  const opened = session({ tables: { notes: notes.table() } }).then(query => rowsOf(query, 'FROM notes'))
  expect(await errorOf(opened)).toMatchObject({ code: 'DATA_INVALID', message: expect.stringContaining(file) })
})
