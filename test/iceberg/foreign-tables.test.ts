import { readFile } from 'node:fs/promises'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { expect, test } from 'vitest'
import { mergeFieldIdsFromTable, type WantedField } from '../../src/iceberg/ids.ts'
import { parseMetadata } from '../../src/iceberg/metadata.ts'
import { liveDataFiles } from '../../src/iceberg/snapshot.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { dataPath, describeWithData } from '../support/data.ts'
import { copyOf } from '../support/foreign-tables.ts'
import { append, catalogAt, evolve, optional, readRows, type TestTable } from '../support/table.ts'

/** The rows of a file of the table, by another reader, under the names of the file. */
async function rowsOf(file: string): Promise<Row[]> {
  const bytes = await readFile(dataPath('foreign-tables', 'java', 'bunnies', 'data', file))
  const whole = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  return (await parquetReadObjects({ file: whole, compressors })) as Row[]
}

/** What is in data/bunnies-initial.parquet, by another reader. */
const bunnies: readonly Row[] = (
  [
    ['Holland Lop', 1.8, 3, 7n, 'The Netherlands', 'Lop', 'Friendly', 1n],
    ['Netherland Dwarf', 0.9, 2.5, 10n, 'Netherlands', 'Erect', 'Shy', 2n],
    ['Flemish Giant', 4.5, 4, 5n, 'Belgium', 'Lop', 'Calm', 3n],
    ['English Lop', 3.6, 3.2, 6n, 'England', 'Lop', 'Docile', 4n],
    ['Rex', 2.5, 1.5, 6n, 'France', 'Erect', 'Intelligent', 5n],
    ['Mini Lop', 2.2, 3, 9n, 'Germany', 'Lop', 'Playful', 6n],
    ['Lionhead', 1.3, 7, 9n, 'Belgium', 'Erect', 'Friendly', 7n],
    ['American Fuzzy Lop', 1.4, 5, 8n, 'USA', 'Lop', 'Sociable', 8n],
    ['Dutch', 2.1, 2.3, 8n, 'Netherlands', 'Erect', 'Energetic', 9n],
    ['Polish', 1.1, 2, 9n, 'England', 'Erect', 'Curious', 10n],
    ['Californian', 3.2, 2.5, 5n, 'USA', 'Erect', 'Affectionate', 11n],
    ['French Angora', 3.5, 10, 12n, 'France', 'Lop', 'Gentle', 12n],
    ['Mini Rex', 1.5, 1.7, 7n, 'France', 'Erect', 'Amiable', 13n],
    ['Satin Angora', 2.8, 9, 9n, 'Turkey', 'Lop', 'Friendly', 14n],
    ['Silver Fox', 3.8, 3.5, 7n, 'USA', 'Erect', 'Docile', 15n],
    ['Thrianta', 2.5, 2.6, 8n, 'Netherlands', 'Erect', 'Bold', 16n],
    ['Himalayan', 2, 2.4, 5n, 'USA', 'Erect', 'Calm', 17n],
    ['English Angora', 2.7, 11, 10n, 'England', 'Lop', 'Sweet', 18n],
    ['Belgian Hare', 2.8, 2.1, 7n, 'Belgium', 'Erect', 'Active', 19n],
    ['Harlequin', 3, 2.8, 6n, 'France', 'Erect', 'Playful', 20n],
    ['New Zealand', 4, 2.7, 8n, 'New Zealand', 'Erect', 'Affectionate', 21n],
  ] as const
).map(([name, weight, fur, lifespan, country, ear, temperament, rank]) => ({
  'Breed Name': name,
  'Average Weight': weight,
  'Fur Length': fur,
  Lifespan: lifespan,
  'Origin Country': country,
  'Ear Type': ear,
  Temperament: temperament,
  'Popularity Rank': rank,
}))

describeWithData('a table that Java wrote', () => {
  test('is read row for row, its columns found by id under other names', async () => {
    const { table } = await copyOf('java/bunnies', 2)
    expect(table.version).toBe(2)
    expect(await readRows(table)).toEqual(bunnies)
  })

  test('has nulls in the column it was given later', async () => {
    const { table } = await copyOf('java/bunnies', 3)
    expect(await readRows(table)).toEqual(bunnies.map(row => ({ ...row, __happy__: null })))
  })

  test('has an empty first version', async () => {
    expect(await readRows((await copyOf('java/bunnies', 1)).table)).toEqual([])
  })

  test('lacks the rows that were deleted by position', async () => {
    const { table } = await copyOf('java/bunnies', 4)
    const positions = await rowsOf('bunnies-pos-deletes.parquet')
    expect(new Set(positions.map(({ file_path: path }) => (path as string).split('/').at(-1)))).toEqual(
      new Set(['bunnies-initial.parquet']),
    )
    const deleted = new Set(positions.map(({ pos }) => Number(pos)))
    expect(bunnies.filter((_, position) => deleted.has(position)).map(row => row['Breed Name'])).toEqual([
      'Flemish Giant',
      'English Lop',
      'Rex',
      'Mini Lop',
      'Lionhead',
      'French Angora',
    ])
    const left = bunnies.filter((_, position) => !deleted.has(position))
    expect(await readRows(table)).toEqual(left.map(row => ({ ...row, __happy__: null })))
  })

  test('has a row that was deleted by its values and written again', async () => {
    const { table } = await copyOf('java/bunnies', 5)
    const columns = Object.keys(bunnies[0] as Row)
    const plain = (row: Row): Row =>
      Object.fromEntries([
        ...columns.map(name => [name, row[name.replace(' ', '_x20')] ?? null]),
        ['__happy__', row['__happy__'] ?? null],
      ])
    const [written = {}] = await rowsOf('bunnies-updated-new-zealand.parquet')
    const [deleted = {}] = await rowsOf('bunnies-eq-delete-new-zealand.parquet')
    const before = await readRows((await copyOf('java/bunnies', 4)).table)
    expect(plain(deleted)['Breed Name']).toBe('New Zealand')
    const left = before.filter(row => row['Breed Name'] !== 'New Zealand')
    expect(left).toHaveLength(before.length - 1)
    const rows = await readRows(table)
    expect(rows).toEqual([plain(written), ...left])
    expect(rows[0]).toMatchObject({ 'Breed Name': 'New Zealand', __happy__: true })
    const where = { column: 'Breed Name', values: new Set(['New Zealand', 'Rex']) }
    expect(await readRows(table, { where })).toEqual([plain(written)])
  })

  test('takes further rows of this writer, and its deletes stay', async () => {
    let target = await copyOf('java/bunnies', 5)
    const before = await readRows(target.table)
    target = await append(target, [bunnies.at(-1) as Row])
    expect(await readRows(await catalogAt(target.directory).load())).toEqual([
      { ...bunnies.at(-1), __happy__: null },
      ...before,
    ])
    expect(target.table.metadata.snapshots.at(-1)?.summary).toMatchObject({
      'total-records': '23',
      'total-delete-files': '2',
    })
  })

  test('gets, by an added column, the metadata that Java gave it', async () => {
    const { table, catalog } = await copyOf('java/bunnies', 2)
    const theirs = parseMetadata(
      await readFile(dataPath('foreign-tables', 'java', 'bunnies', 'metadata', 'v3.metadata.json')),
      'v3',
    )
    const columns =
      theirs.schemas[0]?.fields.map(({ name, required, type }) => ({ name, required, type }) as WantedField) ?? []
    const { fields } = mergeFieldIdsFromTable([...columns, optional('__happy__', 'boolean')], table.metadata)
    const { metadata } = await catalog.commit(table, {
      requirements: [
        { type: 'assert-table-uuid', uuid: table.metadata['table-uuid'] },
        { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 8 },
        { type: 'assert-current-schema-id', 'current-schema-id': 0 },
      ],
      updates: [
        { action: 'add-schema', schema: { type: 'struct', 'schema-id': 0, fields } },
        { action: 'set-current-schema', 'schema-id': -1 },
      ],
    })
    expect({ ...metadata, 'last-updated-ms': 0 }).toEqual({ ...theirs, 'last-updated-ms': 0 })
    expect((await catalog.load()).metadata).toEqual(metadata)
  })

  test('goes on under this writer: rows appended, a column added, its first rows still there', async () => {
    let target = await copyOf('java/bunnies', 2)
    const lop = { ...(bunnies[0] as Row), 'Breed Name': 'Häsin' }
    target = await append(target, [lop])
    const columns =
      target.table.metadata.schemas[0]?.fields.map(
        ({ name, required, type }) => ({ name, required, type }) as WantedField,
      ) ?? []
    target = await evolve(target, [...columns, optional('mood', 'string')])
    target = await append(target, [{ ...lop, mood: 'good' }])
    const rows = await readRows(await target.catalog.load())
    expect(rows).toHaveLength(23)
    expect(rows.filter(row => row['Breed Name'] === 'Häsin').map(row => row['mood'])).toEqual(['good', null])
    expect(rows.slice(2)).toEqual(bunnies.map(row => ({ ...row, mood: null })))
    const last = target.table.metadata.snapshots.at(-1)
    expect(last?.summary).toMatchObject({ 'total-records': '23', 'total-data-files': '3' })
    expect(last).toMatchObject({ 'sequence-number': 3, 'schema-id': 1 })
  })
})

describeWithData('a table that Spark wrote, partitioned by bucket and date, with a column renamed', () => {
  const rabbits: readonly Row[] = [
    { id: 1, name: 'Flopsy 🐇', event_date: 18_993, price: 999n, active: true },
    { id: 2, name: 'Mopsy–Naïve', event_date: 18_993, price: -500n, active: false },
    { id: 3, name: 'Cottontail', event_date: null, price: 0n, active: true },
    { id: 4, name: 'Thumper', event_date: 18_994, price: 9_999_999_999n, active: false },
  ]

  async function sorted(target: TestTable): Promise<Row[]> {
    return (await readRows(target.table)).sort((a, b) => Number(a['id']) - Number(b['id']))
  }

  test('is read row for row under the new name', async () => {
    expect(await sorted(await copyOf('spark/rename_column', 3))).toEqual(rabbits)
  })

  test('was read under the old name before', async () => {
    const before = rabbits.map(({ event_date: date, ...row }) => ({ ...row, date }))
    expect(await sorted(await copyOf('spark/rename_column', 2))).toEqual(before)
  })

  test('has an empty first version', async () => {
    const { table } = await copyOf('spark/rename_column', 1)
    expect([await readRows(table), table.metadata.schemas[0]?.fields.map(field => field.name)]).toEqual([
      [],
      ['id', 'name', 'date', 'price', 'active'],
    ])
  })

  test('tells by bucket and by date in which files a row can be', async () => {
    const { table } = await copyOf('spark/rename_column', 3)
    expect(await liveDataFiles(table)).toHaveLength(3)
    for (const row of rabbits) {
      expect(await readRows(table, { where: { column: 'id', values: new Set([row['id'] as number]) } })).toEqual([row])
      const date = row['event_date']
      if (typeof date !== 'number') continue
      expect(await readRows(table, { where: { column: 'event_date', values: new Set([date]) } })).toEqual(
        rabbits.filter(other => other['event_date'] === date),
      )
    }
    expect(await readRows(table, { where: { column: 'id', values: new Set([5]) } })).toEqual([])
  })

  test('goes on under this writer in the partitions it has', async () => {
    const target = await append(await copyOf('spark/rename_column', 3), [
      { id: 5, name: 'Peter', event_date: null, price: -1n, active: null },
    ])
    expect(await sorted(target)).toEqual([
      ...rabbits,
      { id: 5, name: 'Peter', event_date: null, price: -1n, active: null },
    ])
    // Java writes decimal(10, 2): naming the same type in another way is no change.
    const columns: WantedField[] = [
      optional('id', 'long'),
      optional('name', 'string'),
      optional('event_date', 'date'),
      optional('price', 'decimal(10,2)'),
      optional('active', 'boolean'),
    ]
    const evolved = await evolve(target, columns)
    const { fields } = evolved.table.metadata.schemas.at(-1) ?? {}
    expect(fields?.map(field => field.id)).toEqual([1, 2, 3, 4, 5])
    expect((await sorted({ ...evolved })).map(row => row['id'])).toEqual([1n, 2n, 3n, 4n, 5n])
  })
})
