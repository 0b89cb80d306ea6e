import { describe, expect, test } from 'vitest'
import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import { currentSchema, schemaById } from '../../src/iceberg/ids.ts'
import type { Field, Json, Row, Schema } from '../../src/iceberg/types.ts'
import { append, createTable, evolve, failure, optional, readRows, required, type TestTable } from '../support/table.ts'

/** The table with other columns, which another program gave it. */
async function reshape(target: TestTable, change: (fields: readonly Field[]) => readonly Field[]): Promise<TestTable> {
  const schema = currentSchema(target.table.metadata)
  const table = await target.catalog.commit(target.table, {
    requirements: [],
    updates: [
      { action: 'add-schema', schema: { ...schema, fields: change(schema.fields) } },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  })
  return { ...target, table }
}

/** The table as if its schema were this, whatever its rules say: for what only other programs write. */
function seenAs(target: TestTable, fields: readonly Field[], formatVersion = 3): Table {
  const { metadata } = target.table
  const schema: Schema = { type: 'struct', 'schema-id': 77, fields }
  return {
    ...target.table,
    metadata: {
      ...metadata,
      'format-version': formatVersion,
      schemas: [...metadata.schemas, schema],
      'current-schema-id': 77,
    },
  }
}

const point = { type: 'struct', fields: [optional('x', 'int')] } as const

describe('old files', () => {
  test('#187 have null in a column that is newer, and are no rows of one that is required without a default', async () => {
    const old = await append(await createTable({ columns: [required('name', 'string')] }), [{ name: 'Alice' }])
    const target = await evolve(old, [required('name', 'string'), optional('score', 'double')])
    expect(await readRows(target.table)).toEqual([{ name: 'Alice', score: null }])
    const strict = seenAs(old, [
      ...currentSchema(old.table.metadata).fields,
      { id: 9, name: 'score', required: true, type: 'double' },
    ])
    await expect(readRows(strict)).rejects.toEqual(failure('DATA_INVALID', 'score'))
  })

  test('#188 have null in a member that is newer, wherever it is, and null where the struct was null', async () => {
    const wide = { type: 'struct', fields: [...point.fields, optional('y', 'long')] } as const
    const columns = (type: typeof point | typeof wide): Parameters<typeof evolve>[1] => [
      optional('s', type),
      optional('l', { type: 'list', element: type, elementRequired: false }),
      optional('m', { type: 'map', key: 'string', value: type, valueRequired: false }),
    ]
    const old = await append(await createTable({ columns: columns(point) }), [
      { s: { x: 1 }, l: [{ x: 2 }, null], m: [['k', { x: 3 }]] },
      { s: null, l: [], m: null },
    ])
    const target = await append(await evolve(old, columns(wide)), [{ s: { x: 4, y: 5n }, l: null, m: [] }])
    expect(await readRows(target.table)).toEqual([
      { s: { x: 4, y: 5n }, l: null, m: [] },
      { s: { x: 1, y: null }, l: [{ x: 2, y: null }, null], m: [['k', { x: 3, y: null }]] },
      { s: null, l: [], m: null },
    ])
  })

  test('#189 are read by id, whatever the names are now', async () => {
    const old = await append(
      await createTable({ columns: [optional('a', 'string'), optional('b', 'string'), optional('c', 'string')] }),
      [{ a: 'a', b: 'b', c: 'c' }],
    )
    const target = await reshape(old, fields => [
      { ...(fields[2] as Field), name: 'measurement' },
      { ...(fields[1] as Field), name: 'name' },
      { id: 4, name: 'a', required: false, type: 'string' },
    ])
    expect(await readRows(target.table)).toEqual([{ measurement: 'c', name: 'b', a: null }])
  })

  test('#190 have null in a column that was dropped and made again', async () => {
    const old = await append(await createTable({ columns: [optional('a', 'int'), optional('b', 'int')] }), [
      { a: 1, b: 2 },
    ])
    const dropped = await reshape(old, fields => fields.slice(0, 1))
    const target = await append(
      await reshape(dropped, fields => [...fields, { id: 3, name: 'b', required: false, type: 'int' }]),
      [{ a: 3, b: 4 }],
    )
    expect(await readRows(target.table)).toEqual([
      { a: 3, b: 4 },
      { a: 1, b: null },
    ])
  })

  const partitioned = async (transform: string): Promise<TestTable> =>
    append(
      await createTable({
        columns: [optional('day', 'string'), optional('n', 'int')],
        partitionBy: [`${transform}(day)`],
      }),
      [{ day: 'monday', n: 1 }],
    )

  /** The same rows in a file that lacks the column: the id in the schema is one that no file has. */
  function without(target: TestTable): Table {
    const fields = currentSchema(target.table.metadata).fields.map(field =>
      field.name === 'day' ? { ...field, id: 50 } : field,
    )
    const seen = seenAs(target, fields)
    const specs = seen.metadata['partition-specs'].map(spec => ({
      ...spec,
      fields: spec.fields.map(field => ({ ...field, 'source-id': 50 })),
    }))
    return { ...seen, metadata: { ...seen.metadata, 'partition-specs': specs } }
  }

  test('#191 have the partition value in the column whose identity it is', async () => {
    expect(await readRows(without(await partitioned('identity')))).toEqual([{ day: 'monday', n: 1 }])
  })

  test.each(['bucket[4]', 'truncate[3]'])('#192 have null in the column of which it is the %s', async transform => {
    expect(await readRows(without(await partitioned(transform)))).toEqual([{ day: null, n: 1 }])
  })
})

describe('defaults of version 3', () => {
  async function table(): Promise<TestTable> {
    return append(await createTable({ columns: [required('id', 'long')] }), [{ id: 1n }])
  }

  const id: Field = { id: 1, name: 'id', required: true, type: 'long' }

  test.each<[type: string, value: Json, cell: Row[string]]>([
    ['int', 34, 34],
    ['string', 'x', 'x'],
    ['decimal(9,2)', '14.20', 1420n],
    ['date', '2017-11-16', 17486],
    ['boolean', false, false],
  ])('#193 stand in for what old files lack: %s %s', async (type, value, cell) => {
    for (const isRequired of [true, false]) {
      const field: Field = {
        id: 9,
        name: 'c',
        required: isRequired,
        type,
        'initial-default': value,
        'write-default': null,
      }
      expect(await readRows(seenAs(await table(), [id, field]))).toEqual([{ id: 1n, c: cell }])
    }
  })

  test('#193 of new rows do not stand in for what old files lack', async () => {
    const field: Field = { id: 9, name: 'c', required: false, type: 'int', 'write-default': 35 }
    expect(await readRows(seenAs(await table(), [id, field]))).toEqual([{ id: 1n, c: null }])
  })

  test.each<[whole: Json, member: Json, cell: Row[string]]>([
    [null, null, null],
    [null, 3, null],
    [{}, null, { x: null }],
    [{}, 3, { x: 3 }],
  ])('#193 of a struct, %o, and of its member, %o', async (whole, member, cell) => {
    const x: Field = { id: 10, name: 'x', required: false, type: 'int', 'initial-default': member }
    const field: Field = {
      id: 9,
      name: 's',
      required: false,
      type: { type: 'struct', fields: [x] },
      'initial-default': whole,
    }
    expect(await readRows(seenAs(await table(), [id, field]))).toEqual([{ id: 1n, s: cell }])
  })

  test('#193 of a member stand in where old files have the struct', async () => {
    const old = await append(await createTable({ columns: [optional('s', point)] }), [{ s: { x: 1 } }, { s: null }])
    const [s] = currentSchema(old.table.metadata).fields
    const y: Field = { id: 9, name: 'y', required: true, type: 'int', 'initial-default': 7 }
    const { type } = s as Field
    if (typeof type !== 'object' || type.type !== 'struct') throw new Error('s is a struct')
    const seen = seenAs(old, [{ ...(s as Field), type: { ...type, fields: [...type.fields, y] } }])
    expect(await readRows(seen)).toEqual([{ s: { x: 1, y: 7 } }, { s: null }])
  })
})

test('#194 a snapshot says under which schema it was made, and that stays so when columns are added', async () => {
  const old = await append(await createTable({ columns: [optional('a', 'int')] }), [{ a: 1 }])
  const target = await evolve(old, [optional('a', 'int'), optional('b', 'int')])
  const { metadata } = target.table
  const [snapshot] = metadata.snapshots
  expect([snapshot?.['schema-id'], metadata['current-schema-id'], metadata.snapshots.length]).toEqual([0, 1, 1])
  expect(schemaById(metadata, snapshot?.['schema-id'] as number).fields.map(({ name }) => name)).toEqual(['a'])
  expect(await readRows(target.table)).toEqual([{ a: 1, b: null }])
})
