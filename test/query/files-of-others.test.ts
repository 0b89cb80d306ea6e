import { describe, expect, test } from 'vitest'
import type { Cell, Field, Row } from '../../src/iceberg/types.ts'
import { append, createTable, evolve, optional, type TableShape, type TestTable } from '../support/table.ts'
import { errorOf, rowsOf } from './asking.ts'
import { asForeign, expectSameRows, queriedRows } from './both-readers.ts'
import { addFiles, type Element, setProperties, withoutId } from './foreign-files.ts'
import { creation, session } from './real-table.ts'

function field(id: number, name: string, type: Field['type']): Field {
  return { id, name, required: false, type }
}

const nested: TableShape = {
  columns: [
    optional('id', 'int'),
    optional('at', { type: 'struct', fields: [optional('lat', 'double'), optional('note', 'string')] }),
    optional('tags', {
      type: 'map',
      key: 'string',
      value: { type: 'list', element: { type: 'struct', fields: [optional('n', 'int')] }, elementRequired: false },
      valueRequired: false,
    }),
  ],
}

/** The fields of a table's file, and the ids that a mapping gives them. */
function fieldsOf({ table }: TestTable): readonly Field[] {
  return table.metadata.schemas.at(-1)?.fields ?? []
}

describe('files without field ids', () => {
  const mapping = [
    { 'field-id': 1, names: ['id', 'ID'] },
    {
      'field-id': 2,
      names: ['at'],
      fields: [
        { 'field-id': 4, names: ['lat', 'latitude'] },
        { 'field-id': 5, names: ['note'] },
      ],
    },
    {
      'field-id': 3,
      names: ['tags'],
      fields: [
        { 'field-id': 6, names: ['key'] },
        {
          'field-id': 7,
          names: ['value'],
          fields: [{ 'field-id': 8, names: ['element'], fields: [{ 'field-id': 9, names: ['n'] }] }],
        },
      ],
    },
  ]
  const row = { id: 1, at: { lat: 0.5, note: 'x' }, tags: [['k', [{ n: 1 }, null]]] } as const

  test('are read by the names that the table gives for them, also after a rename', async () => {
    let target = await createTable({ ...nested, properties: creation })
    expect(fieldsOf(target).map(({ id }) => id)).toEqual([1, 2, 3])
    target = await setProperties(target, { 'schema.name-mapping.default': JSON.stringify(mapping) })
    target = await addFiles(target, [{ fields: fieldsOf(target), rows: [row] }])
    const [id, , tags] = nested.columns as [never, never, never]
    const at = { type: 'struct' as const, fields: [{ ...optional('latitude', 'double'), renamedFrom: 'lat' }] }
    target = await evolve(target, [id, { ...optional('position', at), renamedFrom: 'at' }, tags])
    target = await append(target, [{ id: 2, position: { latitude: 0.25 } }])
    const { rows } = await expectSameRows(target.table)
    expect(rows).toEqual([
      { id: 1, position: { latitude: 0.5 }, tags: row.tags },
      { id: 2, position: { latitude: 0.25 }, tags: null },
    ])
  })

  test('are refused by name where the table has no names for them, and never read as nulls', async () => {
    let target = await append(await createTable(nested), [row])
    target = await addFiles(target, [{ fields: fieldsOf(target), rows: [row], name: 'data/anonymous.parquet' }])
    const error = await errorOf(session({ tables: { t: target.table } }))
    expect(error).toMatchObject({
      code: 'FORMAT_UNSUPPORTED',
      details: { file: `${target.directory}/data/anonymous.parquet` },
    })
  })

  test('have their partition in the name of their directory and not in the file', async () => {
    let target = await createTable({
      columns: [
        optional('id', 'int'),
        optional('day', 'date'),
        optional('who', 'string'),
        optional('x', 'decimal(5,2)'),
      ],
      partitionBy: ['identity(day)', 'identity(who)', 'identity(x)'],
      properties: {
        'schema.name-mapping.default': JSON.stringify([
          { 'field-id': 1, names: ['id'] },
          { 'field-id': 3, names: ['who'] },
        ]),
      },
    })
    const partition = (day: Cell, who: Cell, x: Cell): ReadonlyMap<number, Cell> =>
      new Map([
        [1000, day],
        [1001, who],
        [1002, x],
      ])
    const fields = [field(1, 'id', 'int')]
    target = await addFiles(target, [
      {
        fields,
        rows: [{ id: 1 }, { id: 2 }],
        partition: partition(-1, "it's\u0000", -5n),
        name: `data/day=x/id=9/a.parquet`,
      },
      { fields, rows: [{ id: 3 }], partition: partition(18_993, 'b', 12345n) },
      { fields, rows: [{ id: 4 }], partition: partition(null, null, null) },
      // What the partition says comes before what the file holds under a name.
      {
        fields: [...fields, field(3, 'who', 'string')],
        rows: [{ id: 5, who: 'file' }],
        partition: partition(0, 'directory', 0n),
      },
    ])
    target = await append(target, [{ id: 6, day: 1, who: 'own', x: 1n }])
    const { rows } = await expectSameRows(target.table)
    expect(rows).toEqual([
      { id: 1, day: -1, who: "it's\u0000", x: -5n },
      { id: 2, day: -1, who: "it's\u0000", x: -5n },
      { id: 3, day: 18_993, who: 'b', x: 12345n },
      { id: 4, day: null, who: null, x: null },
      { id: 5, day: 0, who: 'directory', x: 0n },
      { id: 6, day: 1, who: 'own', x: 1n },
    ])
    const query = await session({ tables: { t: target.table } })
    expect(await rowsOf(query, `SELECT id FROM t WHERE "day" = DATE '2022-01-01'`)).toEqual([{ id: 3 }])
    expect(await rowsOf(query, `SELECT count(*) AS n, sum(x) AS x FROM t`)).toEqual([{ n: 6, x: '123.36' }])
  })
})

describe('files with the ids and without the care of this product', () => {
  test('may have more columns than the table, in another order, with names that differ in case only', async () => {
    let target = await createTable({
      columns: [optional('a', 'int'), optional('s', { type: 'struct', fields: [optional('m', 'int')] })],
    })
    const [a, s] = fieldsOf(target) as [Field, Field]
    const m = (s.type as { readonly fields: readonly Field[] }).fields[0] as Field
    const struct = { type: 'struct' as const, fields: [field(20, 'M', 'int'), m, field(21, 'm_1', 'int')] }
    const fields = [
      field(10, 'A', 'int'),
      field(11, 'filename', 'string'),
      { ...s, type: struct },
      a,
      field(12, 'c0', 'int'),
    ]
    const rows = [{ A: 1, filename: 'x', s: { M: 1, m: 2, m_1: 3 }, a: 4, c0: 5 }]
    target = await addFiles(target, [
      { fields, rows, element: element => element },
      // Without its id the engine would still take it for the one of its name.
      {
        fields,
        rows: [{ A: 6, filename: 'y', s: { M: 7, m: 8, m_1: 9 }, a: 10, c0: 11 }],
        element: element => (/^(?:A|M|m_1)$/.test(element.name) ? withoutId(element) : element),
      },
      { fields: [a], rows: [{ a: 5 }], element: element => element },
    ])
    const { rows: found } = await expectSameRows(target.table, 'a')
    expect(found).toEqual([
      { a: 4, s: { m: 2 } },
      { a: 5, s: null },
      { a: 10, s: { m: 8 } },
    ])
  })

  test('may lack annotations', async () => {
    const columns = [
      optional('id', 'int'),
      optional('text', 'string'),
      optional('day', 'date'),
      optional('clock', 'time'),
      optional('local', 'timestamp'),
      optional('at', 'timestamptz'),
      optional('uuid', 'uuid'),
      optional('bytes', 'binary'),
      optional('inside', { type: 'list', element: 'string', elementRequired: false }),
    ]
    let target = await createTable({ columns })
    const row: Row = {
      id: 1,
      text: 'é\u0000💥',
      day: -1,
      clock: 86_399_999_999n,
      local: -1n,
      at: 1_780_000_000_123_456n,
      uuid: '0f8fad5b-d9cb-469f-a165-70867728950e',
      bytes: new Uint8Array([0, 255]),
      inside: ['ü', null],
    }
    const bare = (element: Element): Element => {
      const { converted_type: _converted, logical_type: _logical, ...rest } = element
      return element.num_children === undefined && element.name !== 'uuid' ? rest : element
    }
    target = await addFiles(target, [{ fields: fieldsOf(target), rows: [row, { id: 2 }], element: element => element }])
    // The writer goes by the annotations: without them it takes what it would write.
    const raw = { ...row, text: Buffer.from(row['text'] as string), inside: [Buffer.from('ü'), null] } as unknown as Row
    const plain = fieldsOf(target).map(found =>
      found.name === 'text'
        ? { ...found, type: 'binary' }
        : found.name === 'inside'
          ? { ...found, type: { ...(found.type as object), element: 'binary' } as Field['type'] }
          : found,
    )
    target = await addFiles(target, [{ fields: plain, rows: [{ ...raw, id: 3 }], element: bare }])
    const { rows } = await expectSameRows(target.table)
    expect(rows).toEqual([
      row,
      { ...Object.fromEntries(columns.map(({ name }) => [name, null])), id: 2 },
      { ...row, id: 3 },
    ])
  })

  test('are refused as the scanner refuses them where a column is of a type that cannot be read', async () => {
    let target = await createTable({ columns: [optional('a', 'int')] })
    target = await addFiles(target, [
      { fields: [field(1, 'a', 'string')], rows: [{ a: '5' }], element: element => element },
    ])
    expect(await errorOf(session({ tables: { t: target.table } }))).toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringContaining('column a is string, which cannot be read as int'),
    })
  })

  test('are read where paths hold quotes, wildcards and what looks like a partition', async () => {
    let target = await createTable({ columns: [optional('a', 'int')] })
    const name = `data/a=7/it's "ü" {y} [x]*?.parquet`
    target = await addFiles(target, [{ fields: fieldsOf(target), rows: [{ a: 1 }], name, element: element => element }])
    expect(await queriedRows(asForeign(target.table), 'a')).toEqual([{ a: 1 }])
  })

  test('may have lists of old writers, in which the repeated node is the element', async () => {
    const struct = { type: 'struct' as const, fields: [optional('x', 'int'), optional('y', 'int')] }
    const columns = [
      optional('id', 'int'),
      optional('structs', { type: 'list', element: struct, elementRequired: false }),
    ]
    const target = await createTable({ columns })
    const [, list] = fieldsOf(target) as [Field, Field]
    const element = (list.type as { readonly 'element-id': number })['element-id']
    const optionalList = { repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 } as const
    const old = await addFiles(target, [
      {
        fields: [],
        rows: [{ id: 1 }, { id: 2 }],
        raw: {
          schema: [
            { name: 'root', num_children: 2 },
            { name: 'id', type: 'INT32', repetition_type: 'OPTIONAL', field_id: 1 },
            { name: 'structs', ...optionalList, field_id: 2 },
            { name: 'array', repetition_type: 'REPEATED', num_children: 1, field_id: element },
            { name: 'old x', type: 'INT32', repetition_type: 'OPTIONAL', field_id: element + 1 },
          ],
          columns: [
            { name: 'id', data: [1, 2] },
            { name: 'structs', data: [[5, null], []] },
          ],
        },
      },
    ])
    const { rows } = await expectSameRows(old.table)
    expect(rows).toEqual([
      {
        id: 1,
        structs: [
          { x: 5, y: null },
          { x: null, y: null },
        ],
      },
      { id: 2, structs: [] },
    ])
  })
})

test('names that differ in case only are refused by name, in structs too', async () => {
  const flat = await createTable({ columns: [optional('a', 'int'), optional('A', 'int')] })
  expect(await errorOf(session({ tables: { t: flat.table } }))).toMatchObject({
    code: 'FORMAT_UNSUPPORTED',
    message: 't has a and A: a query cannot tell them apart, as SQL does not distinguish case',
  })
  const struct = { type: 'struct' as const, fields: [optional('x y', 'int'), optional('X y', 'int')] }
  const deep = await createTable({
    columns: [optional('l', { type: 'list', element: struct, elementRequired: false })],
  })
  expect(await errorOf(session({ tables: { t: deep.table } }))).toMatchObject({
    message: expect.stringContaining('t.l.element has x y and X y'),
  })
})
