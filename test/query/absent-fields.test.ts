import { expect, test } from 'vitest'
import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import type { Field } from '../../src/iceberg/types.ts'
import { append, createTable, optional, type TestTable } from '../support/table.ts'
import { errorOf } from './asking.ts'
import { expectSameRows } from './both-readers.ts'
import { creation, session } from './real-table.ts'

async function filled(): Promise<TestTable> {
  const struct = { type: 'struct' as const, fields: [optional('a', 'int')] }
  const target = await createTable({
    columns: [
      optional('id', 'int'),
      optional('s', struct),
      optional('l', { type: 'list', element: struct, elementRequired: false }),
    ],
    properties: creation,
  })
  return append(target, [
    { id: 1, s: { a: 1 }, l: [{ a: 1 }, null] },
    { id: 2, s: null, l: null },
  ])
}

/** The table as its metadata would be after a change of the current schema. */
function withFields({ table }: TestTable, change: (fields: readonly Field[]) => readonly Field[]): Table {
  const [first] = table.metadata.schemas
  const second = { type: 'struct' as const, 'schema-id': 1, fields: change(first?.fields ?? []) }
  return {
    ...table,
    metadata: {
      ...table.metadata,
      'format-version': 3,
      schemas: [...table.metadata.schemas, second],
      'current-schema-id': 1,
    },
  }
}

function withDefault(id: number, name: string, type: Field['type'], value: Field['initial-default']): Field {
  return { id, name, required: true, type, ...(value === undefined ? {} : { 'initial-default': value }) }
}

test('a column that a file lacks has the default that the schema gives it, in structs too', async () => {
  const table = withFields(await filled(), fields => [
    ...fields.map(field =>
      field.name === 's' && typeof field.type !== 'string' && field.type.type === 'struct'
        ? { ...field, type: { ...field.type, fields: [...field.type.fields, withDefault(30, 'b', 'string', "it's")] } }
        : field,
    ),
    withDefault(20, 'n', 'long', 5),
    withDefault(21, 'd', 'decimal(5,2)', '14.20'),
    withDefault(22, 'day', 'date', '2017-11-16'),
    withDefault(23, 'at', 'timestamptz', '2017-11-16T22:31:08.000001+00:00'),
    withDefault(24, 'bytes', 'binary', '00ff'),
    withDefault(25, 'uuid', 'uuid', 'f79c3e09-677c-4bbd-a479-3f349cb785e7'),
    withDefault(26, 'flag', 'boolean', true),
    withDefault(27, 'x', 'double', 0.5),
  ])
  const { rows, byMetadata } = await expectSameRows(table)
  expect(byMetadata).toBe(false)
  expect(rows[0]).toMatchObject({ s: { a: 1, b: "it's" }, n: 5n, d: 1420n, day: 17_486, flag: true, x: 0.5 })
  expect(rows[1]).toMatchObject({ s: null, n: 5n })
})

test('a column whose type is unknown is null', async () => {
  const table = withFields(await filled(), fields => [
    ...fields,
    { ...withDefault(20, 'n', 'unknown', undefined), required: false },
  ])
  const { rows } = await expectSameRows(table)
  expect(rows.map(row => row['n'])).toEqual([null, null])
})

test('a required column that a file lacks and that has no default is refused, as the scanner refuses it', async () => {
  const table = withFields(await filled(), fields => [...fields, withDefault(20, 'n', 'long', undefined)])
  const foreign = { ...table, metadata: { ...table.metadata, properties: {} } }
  expect(await errorOf(session({ tables: { t: foreign } }))).toMatchObject({
    code: 'DATA_INVALID',
    message: expect.stringContaining('lacks the required column n'),
  })
})

test('a type that is not read is refused by name', async () => {
  const table = withFields(await filled(), fields => [
    ...fields,
    { ...withDefault(20, 'v', 'variant', undefined), required: false },
  ])
  expect(await errorOf(session({ tables: { t: table } }))).toMatchObject({
    code: 'FORMAT_UNSUPPORTED',
    message: expect.stringContaining('v (variant)'),
  })
})
