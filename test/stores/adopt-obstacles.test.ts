import { randomUUID } from 'node:crypto'
import { chmod, cp, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { beforeEach, describe, expect, test } from 'vitest'
import { commitAppend, prepareAppend } from '../../src/iceberg/append.ts'
import { tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { writeDataFiles } from '../../src/iceberg/data-files.ts'
import type { DataFile } from '../../src/iceberg/manifest/data-file.ts'
import { nameMappingProperty } from '../../src/iceberg/name-mapping.ts'
import type { Field } from '../../src/iceberg/types.ts'
import { dataFilesOf, deletePositions } from '../support/deletes.ts'
import { append, contentsOf, context, createTable, optional, type TestTable } from '../support/table.ts'
import { columns, foreign, newPlace, type Place, tamper } from './adopting.ts'

let place: Place
let target: TestTable

beforeEach(async () => {
  place = await newPlace()
  target = await foreign(join(place.folder, 'orders'))
})

/** What is in the way, and where. */
async function inTheWay(): Promise<(readonly [string, string])[]> {
  const before = await contentsOf(place.folder)
  const found = await place.obstacles(target.directory)
  expect(await contentsOf(place.folder)).toEqual(before)
  return found.map(({ what, where }) => [what, where])
}

/** Appends a data file that the manifest describes in another way than it is. */
async function appendFile(change: (file: DataFile) => DataFile): Promise<void> {
  const { catalog, table } = target
  const rows = [{ id: 7n, name: 'seven', at: 0n }]
  const files = await writeDataFiles(table, rows, { uniqueName: randomUUID, rowGroupRows: 10 })
  const prepared = await prepareAppend(table, files.map(change), context)
  target = {
    ...target,
    table: await commitAppend(catalog, table, prepared, context, async (_new, _old, again) => again),
  }
}

async function dataPaths(): Promise<string[]> {
  return (await dataFilesOf(target)).map(({ file }) => target.table.path(file.location))
}

describe('by its metadata', () => {
  test('a table of format version 1 is to be upgraded first', async () => {
    await tamper(target, metadata => ({ ...metadata, 'format-version': 1 }))
    expect(await inTheWay()).toEqual([['format version 1', '(table)']])
    const [{ fix } = { fix: '' }] = await place.obstacles(target.directory)
    expect(fix).toContain("'format-version'='2'")
  })

  test('a table of format version 3 with variant columns is refused with each of them named', async () => {
    const variant: Field = { id: 101, name: 'body', required: false, type: 'variant' }
    const inside: Field = {
      id: 102,
      name: 'raw',
      required: false,
      type: { type: 'list', 'element-id': 103, 'element-required': false, element: 'variant' },
    }
    await tamper(target, metadata => ({
      ...metadata,
      'format-version': 3,
      'next-row-id': 2,
      'last-column-id': 103,
      schemas: metadata.schemas.map(schema => ({ ...schema, fields: [...schema.fields, variant, inside] })),
    }))
    expect(await inTheWay()).toEqual([
      ['format version 3', '(table)'],
      ['a column of type variant', 'body'],
      ['a column of type variant', 'raw.element'],
    ])
  })

  test('a format version that nobody knows yet is told by its number', async () => {
    await tamper(target, metadata => ({ ...metadata, 'format-version': 4 }))
    const [obstacle] = await place.obstacles(target.directory)
    expect(obstacle?.why).toContain('version 4')
  })

  test('columns that differ by case, at any level, are named together', async () => {
    const twin: Field = { id: 101, name: 'NAME', required: false, type: 'string' }
    const nested: Field = {
      id: 102,
      name: 'origin',
      required: false,
      type: {
        type: 'struct',
        fields: [
          { id: 103, name: 'host', required: false, type: 'string' },
          { id: 104, name: 'Host', required: false, type: 'string' },
        ],
      },
    }
    await tamper(target, metadata => ({
      ...metadata,
      'last-column-id': 104,
      schemas: metadata.schemas.map(schema => ({ ...schema, fields: [...schema.fields, twin, nested] })),
    }))
    const what = '2 columns that differ only by upper and lower case'
    expect(await inTheWay()).toEqual([
      [what, 'name, NAME'],
      [what, 'origin.host, origin.Host'],
    ])
  })

  test('transforms that are not known are named, of partitions and of the sort order', async () => {
    await tamper(target, metadata => ({
      ...metadata,
      'partition-specs': [
        { 'spec-id': 0, fields: [{ 'source-id': 1, 'field-id': 1000, name: 'z', transform: 'zorder' }] },
      ],
      'sort-orders': metadata['sort-orders'].map(order => ({
        ...order,
        fields: order.fields.map(field => ({ ...field, transform: 'hilbert' })),
      })),
    }))
    expect(await inTheWay()).toEqual([
      ['a partition by the transform zorder', 'z'],
      ['a sort order by the transform hilbert', '(sort order)'],
    ])
  })

  test.each([
    ['a property', { properties: { 'encryption.key-id': 'k' } }, 'encryption.key-id'],
    ['keys', { 'encryption-keys': [{ 'key-id': 'k' }] }, 'encryption-keys'],
  ])('%s that says it is encrypted is enough', async (_, more, where) => {
    await tamper(target, metadata => ({ ...metadata, ...more }))
    expect(await inTheWay()).toEqual([['the table is encrypted', where]])
  })

  test.each([
    ['write.metadata.path', '/elsewhere'],
    ['write.data.path', 's3://bucket/data'],
    ['write.object-storage.path', '/elsewhere/data'],
    ['write.folder-storage.path', '/elsewhere/data'],
  ])('%s leads other programs elsewhere', async (name, value) => {
    await tamper(target, metadata => ({ ...metadata, properties: { [name]: value } }))
    expect(await inTheWay()).toEqual([['a property that leads other programs elsewhere', `${name}=${value}`]])
  })

  test('a data path within the table is in nobody’s way', async () => {
    await tamper(target, metadata => ({ ...metadata, properties: { 'write.data.path': `${metadata.location}/data` } }))
    expect((await place.adopt(target.directory)).action).toBe('adopt')
  })

  test('what a declaration cannot say is told by the words of its reader', async () => {
    const padded: Field = { id: 102, name: ' padded', required: false, type: 'string' }
    const reserved: Field = { id: 101, name: '_file', required: false, type: 'string' }
    await tamper(target, metadata => ({
      ...metadata,
      'last-column-id': 102,
      schemas: metadata.schemas.map(schema => ({ ...schema, fields: [...schema.fields, reserved, padded] })),
    }))
    const found = await place.obstacles(target.directory)
    expect(found.every(({ what }) => what === 'something that cannot be declared')).toBe(true)
    expect(found.map(({ where }) => where).toSorted()).toEqual([' padded', '_file'])
  })
})

describe('by its place', () => {
  test('two metadata files of one version are a fork that only a catalog can tell apart', async () => {
    const metadata = join(target.directory, 'metadata')
    const names = [`00002-${randomUUID()}.metadata.json`, `00002-${randomUUID()}.metadata.json`].toSorted()
    for (const name of names) await cp(join(metadata, 'v2.metadata.json'), join(metadata, name))
    await rm(join(metadata, 'v2.metadata.json'))
    expect(await inTheWay()).toEqual([['2 metadata files of version 2', names.join(', ')]])
  })

  test.skipIf(process.getuid?.() === 0)('a directory that cannot be written is said to be one', async () => {
    await chmod(join(target.directory, 'metadata'), 0o500)
    expect(await inTheWay()).toEqual([['a directory that cannot be written', join(target.directory, 'metadata')]])
    await chmod(join(target.directory, 'metadata'), 0o700)
  })

  test('files in an object store are counted, and the first are named', async () => {
    await appendFile(file => ({ ...file, location: 's3://bucket/data/a.parquet' }))
    await appendFile(file => ({ ...file, location: 's3://bucket/data/b.parquet' }))
    expect(await inTheWay()).toEqual([['2 files lie elsewhere', expect.stringMatching(/^s3:.*, s3:[^,]*$/)]])
  })

  test('a snapshot in an object store is told without asking for it', async () => {
    await tamper(target, metadata => ({
      ...metadata,
      snapshots: metadata.snapshots.map(snapshot => ({ ...snapshot, 'manifest-list': 's3://bucket/snap.avro' })),
    }))
    expect(await inTheWay()).toEqual([['1 file lies elsewhere', 's3://bucket/snap.avro']])
  })

  test('a whole table of an object store, copied here, is adopted as the copy it is', async () => {
    const [path = ''] = await dataPaths()
    const from = tableLocation(target.directory)
    expect(path.startsWith(target.directory)).toBe(true)
    await tamper(
      target,
      metadata =>
        JSON.parse(JSON.stringify(metadata).replaceAll(from, 's3://bucket/t')) as object as Record<string, unknown>,
    )
    // The snapshot's own files name the old place; an empty table has none.
    await tamper(target, metadata => ({
      ...metadata,
      snapshots: [],
      refs: {},
      'current-snapshot-id': -1,
      'snapshot-log': [],
    }))
    expect(await place.adopt(target.directory)).toMatchObject({ action: 'adopt', notices: [{ code: 'moved' }] })
  })
})

describe('by its files', () => {
  test.each(['ORC', 'AVRO'])('data files that are %s are counted and named', async format => {
    await appendFile(file => ({ ...file, format }))
    const [first = ''] = (await dataPaths()).slice(-1)
    expect(await inTheWay()).toEqual([[`1 data file is ${format}`, first]])
    for (let more = 0; more < 6; more++) await appendFile(file => ({ ...file, format }))
    const [[what, where] = ['', '']] = await inTheWay()
    expect(what).toBe(`7 data files are ${format}`)
    expect(where).toMatch(/ and 2 more$/)
  })

  test('deletes that are not Parquet are told apart from data', async () => {
    const [entry] = await dataFilesOf(target)
    const file = entry?.file.location as string
    target = await deletePositions(target, [{ file, pos: 0 }], { change: each => ({ ...each, format: 'PUFFIN' }) })
    expect(await inTheWay()).toEqual([['1 delete file is PUFFIN', expect.stringContaining('deletes')]])
  })

  test('deletes that are Parquet are in nobody’s way', async () => {
    const [entry] = await dataFilesOf(target)
    target = await deletePositions(target, [{ file: entry?.file.location as string, pos: 0 }])
    expect((await place.adopt(target.directory)).action).toBe('adopt')
  })

  describe('that carry no field ids', () => {
    async function withoutIds(): Promise<string> {
      const bytes = parquetWriteBuffer({
        columnData: [
          { name: 'id', data: [7n], type: 'INT64', nullable: false },
          { name: 'name', data: ['seven'], type: 'STRING' },
        ],
      })
      await appendFile(file => ({ ...file, fileSize: bytes.byteLength }))
      const [path = ''] = (await dataPaths()).slice(-1)
      await writeFile(path, Buffer.from(bytes))
      return path
    }

    test('are refused where nothing else says whose columns they have', async () => {
      const path = await withoutIds()
      expect(await inTheWay()).toEqual([[expect.stringMatching(/^1 file carries no field ids/), path]])
    })

    test('are taken where the table has a name mapping', async () => {
      await withoutIds()
      const mapping = JSON.stringify([{ 'field-id': 1, names: ['id'] }])
      await tamper(target, metadata => ({ ...metadata, properties: { [nameMappingProperty]: mapping } }))
      expect((await place.adopt(target.directory)).action).toBe('adopt')
    })
  })

  test('files that are not there, or cannot be read, are all named', async () => {
    await appendFile(file => file)
    await appendFile(file => file)
    const [, missing = '', damaged = ''] = await dataPaths()
    await rm(missing)
    await truncate(damaged, 20)
    expect(await inTheWay()).toEqual([
      ['1 file of the current snapshot is not there', missing],
      ['a file that cannot be read', damaged],
    ])
  })

  test.each([
    ['manifest list', /^snap-/],
    ['manifest', /-m0\.avro$/],
  ])('a %s that is damaged or missing is the snapshot that cannot be read', async (_, name) => {
    const metadata = join(target.directory, 'metadata')
    const path = join(metadata, (await readdir(metadata)).find(each => name.test(each)) as string)
    await rename(path, `${path}.away`)
    expect(await inTheWay()).toEqual([['the current snapshot cannot be read', path]])
    await writeFile(path, 'hello')
    expect(await inTheWay()).toEqual([['the current snapshot cannot be read', path]])
  })
})

test('everything that is in the way is told at once, and one thing as one thing', async () => {
  await appendFile(file => ({ ...file, format: 'ORC' }))
  const [gone = ''] = await dataPaths()
  await rm(gone)
  await tamper(target, metadata => ({
    ...metadata,
    'format-version': 3,
    properties: { 'write.data.path': '/elsewhere', 'encryption.key-id': 'k' },
    'last-column-id': 101,
    schemas: metadata.schemas.map(schema => ({
      ...schema,
      fields: [...schema.fields, { id: 101, name: 'Name', required: false, type: 'geometry' }],
    })),
  }))
  const found = await inTheWay()
  expect(found.map(([what]) => what)).toEqual([
    'format version 3',
    'a column of type geometry',
    '2 columns that differ only by upper and lower case',
    'the table is encrypted',
    'a property that leads other programs elsewhere',
    '1 data file is ORC',
    '1 file of the current snapshot is not there',
  ])
  const { message } = await place.refusal(target.directory)
  expect(message).toMatch(/^\/.* cannot be adopted as it is\. 7 things are in the way: /)
})

test('a table that is adopted already is not looked through file by file again', async () => {
  await place.adopt(target.directory)
  const [gone = ''] = await dataPaths()
  await rm(gone)
  expect((await place.adopt(target.directory)).action).toBe('none')
})

test('an empty table has no file to be in the way', async () => {
  const empty = await createTable({ columns }, join(place.folder, 'empty'))
  expect((await place.adopt(empty.directory)).action).toBe('adopt')
  const one = await append(await createTable({ columns: [optional('a', 'int')] }, join(place.folder, 'one')), [
    { a: 1 },
  ])
  expect((await place.adopt(one.directory)).action).toBe('adopt')
})
