import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { commitAppend, prepareAppend } from '../../src/iceberg/append.ts'
import { fileCatalog, tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { stageCreate } from '../../src/iceberg/create.ts'
import { writeDataFiles } from '../../src/iceberg/data-files.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { assignFreshIds, mergeFieldIdsFromTable } from '../../src/iceberg/ids.ts'
import { scanRows } from '../../src/iceberg/scan.ts'
import { liveDataFiles } from '../../src/iceberg/snapshot.ts'
import type { Row } from '../../src/iceberg/types.ts'

const context = { now: Date.now, random: Math.random, uniqueName: randomUUID }
let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hyp table ü '))
})
afterEach(() => rm(directory, { recursive: true }))

test('rows come back as they were written, and an added column is null in old rows and filled in new ones', async () => {
  const catalog = fileCatalog({ io: localFileIO, directory, ...context })
  const columns = [
    { name: 'session_id', required: true, type: 'string' },
    { name: 'at', required: true, type: 'timestamptz' },
    { name: 'text', required: false, type: 'string' },
    { name: 'price', required: false, type: 'decimal(20,2)' },
    {
      name: 'tags',
      required: false,
      type: { type: 'map' as const, key: 'string', value: 'int', valueRequired: false },
    },
    {
      name: 'points',
      required: false,
      type: {
        type: 'list' as const,
        elementRequired: false,
        element: { type: 'struct' as const, fields: [{ name: 'x', required: false, type: 'long' }] },
      },
    },
  ]
  const { fields } = assignFreshIds(columns)
  let table = await catalog.create(
    stageCreate({
      uuid: randomUUID(),
      location: tableLocation(directory),
      schema: { type: 'struct', 'schema-id': 0, fields },
      spec: {
        'spec-id': 0,
        fields: [{ 'source-id': 1, 'field-id': 1000, name: 'session_id_bucket_4', transform: 'bucket[4]' }],
      },
      sortOrder: {
        'order-id': 1,
        fields: [{ transform: 'identity', 'source-id': 1, direction: 'asc', 'null-order': 'nulls-first' }],
      },
      properties: {},
    }),
  )
  const old: Row[] = Array.from({ length: 100 }, (_, index) => ({
    session_id: `s${index % 7}`,
    at: BigInt(index) * 1_000_001n,
    text: index % 3 === 0 ? null : `text ${index}`,
    price: index === 5 ? -12345678901234567890n : BigInt(index),
    tags:
      index % 2 === 0
        ? [
            ['a', index],
            ['b', null],
          ]
        : null,
    points: [{ x: 5n }, null],
  }))
  const append = async (rows: Row[]): Promise<void> => {
    const files = await writeDataFiles(table, rows, { uniqueName: randomUUID, rowGroupRows: 10 })
    table = await commitAppend(
      catalog,
      table,
      await prepareAppend(table, files, context),
      context,
      async (_fresh, _stale, prepared) => prepared,
    )
  }
  await append(old)
  const merged = mergeFieldIdsFromTable([...columns, { name: 'extra', required: false, type: 'int' }], table.metadata)
  table = await catalog.commit(table, {
    requirements: [],
    updates: [
      { action: 'add-schema', schema: { type: 'struct', 'schema-id': 0, fields: merged.fields } },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  })
  await append([{ ...old[0], session_id: 'new', extra: 7 }])
  const rows: Row[] = []
  for await (const batch of scanRows(await catalog.load())) rows.push(...batch)
  const byAt = rows
    .filter(row => row['session_id'] !== 'new')
    .sort((a, b) => Number((a['at'] as bigint) - (b['at'] as bigint)))
  expect(byAt).toEqual(old.map(row => ({ ...row, extra: null })))
  expect(rows.find(row => row['session_id'] === 'new')?.['extra']).toBe(7)
  expect(table.version).toBe(4)
  expect(await readFile(join(directory, 'metadata/version-hint.text'), 'utf8')).toBe('4')
  const filtered: Row[] = []
  for await (const batch of scanRows(table, {
    columns: ['text'],
    where: { column: 'session_id', values: new Set(['s3']) },
  }))
    filtered.push(...batch)
  expect(filtered.length).toBe(old.filter(row => row['session_id'] === 's3').length)
  expect((await liveDataFiles(table)).length).toBeGreaterThan(2)
})
