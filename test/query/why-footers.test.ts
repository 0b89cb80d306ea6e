import { expect, test } from 'vitest'
import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import type { Field, TableMetadata } from '../../src/iceberg/types.ts'
import { applyUpdates } from '../../src/iceberg/updates/index.ts'
import { whyFooters } from '../../src/query/why-footers.ts'
import { append, createTable, ioWith, newMetadata, optional, type TableShape } from '../support/table.ts'
import { rowsOf } from './asking.ts'
import { asForeign } from './both-readers.ts'
import { creation, session } from './real-table.ts'

const struct = { type: 'struct' as const, fields: [optional('a', 'int'), optional('b', 'int')] }
const shape: TableShape = {
  columns: [
    optional('id', 'int'),
    optional('s', struct),
    optional('l', { type: 'list', element: struct, elementRequired: false }),
  ],
  properties: creation,
}
const ours = newMetadata(shape)

/** The metadata after the columns became others. */
function after(metadata: TableMetadata, change: (fields: readonly Field[]) => readonly Field[]): TableMetadata {
  const fields = change(metadata.schemas.at(-1)?.fields ?? [])
  return applyUpdates(
    metadata,
    [
      { action: 'add-schema', schema: { type: 'struct', 'schema-id': 0, fields } },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
    { nowMs: 1_700_000_000_001 },
  )
}

function withMembers(change: (members: readonly Field[]) => readonly Field[]): (fields: readonly Field[]) => Field[] {
  return fields =>
    fields.map(field =>
      field.name === 's' && typeof field.type !== 'string' && field.type.type === 'struct'
        ? { ...field, type: { ...field.type, fields: change(field.type.fields) } }
        : field,
    )
}

const member = (id: number, name: string): Field => ({ id, name, required: false, type: 'int' })

test('a table of this product needs none', () => {
  expect(whyFooters(ours)).toBeUndefined()
})

test('without need for them a session opens no data file, with need each once', async () => {
  let target = await createTable({ columns: [optional('id', 'int')], properties: creation })
  for (let id = 0; id < 20; id++) target = await append(target, [{ id }])
  let opened = 0
  const io = ioWith({
    open: async path => {
      opened++
      return localFileIO.open(path)
    },
  })
  const table = { ...target.table, io }
  const ask = async (of: Table): Promise<unknown> =>
    rowsOf(await session({ tables: { t: of } }), 'SELECT count(*) AS n FROM t')
  expect(await ask(table)).toEqual([{ n: 20 }])
  expect(opened).toBe(0)
  expect(await ask(asForeign(table))).toEqual([{ n: 20 }])
  expect(opened).toBe(20)
})

test.each<[string, (fields: readonly Field[]) => readonly Field[]]>([
  ['renamed', fields => fields.map(field => (field.name === 's' ? { ...field, name: 't' } : field))],
  ['dropped, with its members', fields => fields.filter(({ name }) => name !== 's')],
  ['added', fields => [...fields, member(20, 'new')]],
  ['moved', fields => fields.toReversed()],
  ['promoted', fields => fields.map(field => (field.name === 'id' ? { ...field, type: 'long' } : field))],
])('nor with a column that was %s', (_, change) => {
  expect(whyFooters(after(ours, change))).toBeUndefined()
})

test.each<[string, (members: readonly Field[]) => readonly Field[]]>([
  ['added', members => [...members, member(20, 'new')]],
  ['moved', members => members.toReversed()],
  ['promoted', members => members.map(field => ({ ...field, type: 'long' }))],
])('nor with a member that was %s', (_, change) => {
  expect(whyFooters(after(ours, withMembers(change)))).toBeUndefined()
})

test.each<[string, (members: readonly Field[]) => readonly Field[]]>([
  ['renamed', members => members.map(field => (field.name === 'a' ? { ...field, name: 'c' } : field))],
  ['renamed in case', members => members.map(field => (field.name === 'a' ? { ...field, name: 'A' } : field))],
  ['dropped', members => members.filter(field => field.name !== 'a')],
  ['put in the place of another', members => members.map(field => (field.name === 'a' ? member(20, 'a') : field))],
])('but with a member that was %s', (_, change) => {
  expect(whyFooters(after(ours, withMembers(change)))).toContain('s.a is not what it was')
})

test('a member that has its first name again needs them, as files between have another', () => {
  const renamed = after(
    ours,
    withMembers(members => members.map(field => ({ ...field, name: `${field.name}2` }))),
  )
  const back = after(
    renamed,
    withMembers(members => members.map(field => ({ ...field, name: field.name.slice(0, 1) }))),
  )
  expect(back['current-schema-id']).toBe(0)
  expect(whyFooters(back)).toContain('s.a2 is not what it was')
})

test.each<[string, TableMetadata]>([
  ['another program made the table', { ...ours, properties: {} }],
  [
    'another program made the table',
    {
      ...ours,
      properties: { 'hyp.evolution.1': JSON.stringify({ kind: 'adoption', from: { release: null, schema: 0 } }) },
    },
  ],
  ['the table has names', { ...ours, properties: { ...ours.properties, 'schema.name-mapping.default': '[]' } }],
  [
    'a schema of the table was forgotten',
    { ...ours, schemas: ours.schemas.map(schema => ({ ...schema, 'schema-id': 1 })), 'current-schema-id': 1 },
  ],
  [
    'a column has a default value',
    {
      ...ours,
      schemas: ours.schemas.map(schema => ({
        ...schema,
        fields: [...schema.fields, { ...member(20, 'd'), 'initial-default': 5 }],
      })),
    },
  ],
])('%s', (reason, metadata) => {
  expect(whyFooters(metadata)).toContain(reason)
})

test('identity partitions need them where files can be older than the column', () => {
  const parted = newMetadata({ ...shape, partitionBy: ['identity(id)'] })
  expect(whyFooters(parted)).toBeUndefined()
  const [schema] = parted.schemas
  const later = {
    ...parted,
    schemas: [
      { ...schema, fields: schema?.fields.slice(1) ?? [] },
      { ...schema, 'schema-id': 1 },
    ],
    'current-schema-id': 1,
  }
  expect(whyFooters(later as TableMetadata)).toContain('a file may lack the column of the partition field id')
})
