import { describe, expect, test } from 'vitest'
import type { Row, TableMetadata } from '../../../src/iceberg/types.ts'
import { RowFault } from '../../../src/ingest/flush/captured-value.ts'
import { type Shape, shapeOf } from '../../../src/ingest/flush/shapes.ts'
import { tableAsDeclared } from '../../../src/schema/as-declared.ts'
import { builtinDeclaration } from '../../../src/schema/builtin.ts'
import type { ColumnDeclaration, Declaration } from '../../../src/schema/declaration.ts'

function declared(columns: readonly ColumnDeclaration[], more: Partial<Declaration> = {}): Declaration {
  return { table: 'events', release: 1, columns, identifier: [], partitionBy: [], sortBy: [], ...more }
}

/** How rows of one declaration go into a table that another one made. */
function shape(
  captured: Declaration,
  now: Declaration,
  metadata: TableMetadata = tableAsDeclared(now).metadata,
): Shape {
  return shapeOf(captured, now, metadata)
}

function rowOf(captured: Declaration, now: Declaration, record: unknown): Row {
  const found = shape(captured, now)
  if (found.kind === 'held') throw new Error(found.reason)
  return found.shape(typeof record === 'string' ? record : JSON.stringify(record))
}

function reason(captured: Declaration, now: Declaration): string {
  const found = shape(captured, now)
  return found.kind === 'held' ? `${found.code}: ${found.reason}` : 'fits'
}

const id: ColumnDeclaration = { name: 'id', type: 'string', required: true }

describe('rows of the very declaration', () => {
  test('hold of many columns only what has a value, so that many short rows fit into memory', () => {
    const others = Array.from({ length: 200 }, (_, index): ColumnDeclaration => ({ name: `c${index}`, type: 'int' }))
    const wide = declared([id, ...others, { name: 'toString', type: 'int' }, { name: '__proto__', type: 'int' }])
    const row = rowOf(wide, wide, '{"id":"a","c7":0,"c8":null,"__proto__":3}')
    expect(new Map(Object.entries(row))).toEqual(
      new Map<string, unknown>([
        ['__proto__', 3],
        ['c7', 0],
        ['id', 'a'],
        ['toString', null],
      ]),
    )
  })

  test('have every type in the form of a cell', () => {
    const columns: ColumnDeclaration[] = [
      { name: 'b', type: 'boolean' },
      { name: 'i', type: 'int' },
      { name: 'l', type: 'long' },
      { name: 'f', type: 'float' },
      { name: 'd', type: 'double' },
      { name: 'm', type: 'decimal(9,2)' },
      { name: 'day', type: 'date' },
      { name: 'at', type: 'timestamptz' },
      { name: 's', type: 'string' },
      { name: 'u', type: 'uuid' },
      { name: 'x', type: 'binary' },
      { name: 'o', type: { type: 'struct', fields: [{ name: 'host', type: 'string' }] } },
      { name: 'list', type: { type: 'list', element: 'long' } },
      { name: 'map', type: { type: 'map', key: 'string', value: 'int' } },
    ]
    const record = {
      b: true,
      i: -7,
      l: '9223372036854775807',
      f: 0.1,
      d: 0.1,
      m: '1.5',
      day: '1970-01-02',
      at: '1970-01-01T00:00:01Z',
      s: 'ü\ud800',
      u: 'AAAAAAAA-0000-4000-8000-000000000000',
      x: 'AQI=',
      o: { host: 'h' },
      list: [1, null],
      map: { a: 1 },
    }
    expect(rowOf(declared(columns), declared(columns), record)).toEqual({
      b: true,
      i: -7,
      l: 2n ** 63n - 1n,
      f: Math.fround(0.1),
      d: 0.1,
      m: 150n,
      day: 1,
      at: 1_000_000n,
      s: 'ü\ufffd',
      u: 'aaaaaaaa-0000-4000-8000-000000000000',
      x: Uint8Array.of(1, 2),
      o: { host: 'h' },
      list: [1n, null],
      map: [['a', 1]],
    })
  })

  test('keep every digit of an integer, also inside what becomes JSON text', () => {
    const columns: ColumnDeclaration[] = [
      { name: 'l', type: 'long' },
      { name: 'm', type: 'decimal(38,0)' },
      { name: 's', type: 'string' },
      { name: 'o', type: { type: 'struct', fields: [{ name: 'n', type: 'long' }] } },
    ]
    const json =
      '{"l":9007199254740993,"m":12345678901234567890123456789,"s":{"n":[-9007199254740995]},"o":{"n":9007199254740997}}'
    expect(rowOf(declared(columns), declared(columns), json)).toEqual({
      l: 9007199254740993n,
      m: 12345678901234567890123456789n,
      s: '{"n":[-9007199254740995]}',
      o: { n: 9007199254740997n },
    })
  })

  test('take the member of a name, and only where there is none what `from` points at', () => {
    const columns: ColumnDeclaration[] = [{ name: 'reason', type: 'string', from: '/message/stop' }]
    const taken = (record: unknown): unknown => rowOf(declared(columns), declared(columns), record)['reason']
    expect(taken({ message: { stop: 'end' } })).toBe('end')
    expect(taken({ message: { stop: 'end' }, reason: 'own' })).toBe('own')
    expect(taken({ message: { stop: 'end' }, reason: null })).toBeNull()
    expect(taken({})).toBeNull()
  })

  test('with columns that are named like what every object has, have only what the record says', () => {
    const columns = ['constructor', '__proto__', 'toString'].map(
      (name): ColumnDeclaration => ({ name, type: 'string' }),
    )
    const row = rowOf(declared(columns), declared(columns), '{"__proto__":"a"}')
    expect(Object.entries(row)).toEqual([
      ['constructor', null],
      ['__proto__', 'a'],
      ['toString', null],
    ])
  })

  test.each([
    ['{"id":', undefined, 'is not JSON'],
    ['[]', undefined, 'is not a JSON object'],
    ['null', undefined, 'is not a JSON object'],
    ['{"id":null}', 'id', 'has no value'],
    ['{"id":"secret","n":"secret"}', 'n', 'has a value of another type'],
  ])('are refused one by one where they are none: %s', (json, column, why) => {
    const columns: ColumnDeclaration[] = [id, { name: 'n', type: 'int' }]
    try {
      rowOf(declared(columns), declared(columns), json)
    } catch (error) {
      expect(error).toBeInstanceOf(RowFault)
      expect(error).toMatchObject({ column, reason: why })
      expect(String(error)).not.toContain('secret')
      return
    }
    expect.unreachable()
  })
})

describe('rows of an earlier declaration', () => {
  test('get null for columns that came since', () => {
    expect(
      rowOf(declared([id]), declared([id, { name: 'note', type: 'string' }], { release: 2 }), { id: 'a' }),
    ).toEqual({
      id: 'a',
      note: null,
    })
  })

  test('follow a rename, also several of them, and one inside a struct', () => {
    const before = declared([
      { name: 'a', type: 'string' },
      { name: 'o', type: { type: 'struct', fields: [{ name: 'x', type: 'int' }] } },
    ])
    const now = declared(
      [
        { name: 'c', type: 'string', renamedFrom: ['b', 'a'] },
        {
          name: 'origin',
          renamedFrom: 'o',
          type: {
            type: 'struct',
            fields: [
              { name: 'new', type: 'string' },
              { name: 'y', type: 'int', renamedFrom: 'x' },
            ],
          },
        },
      ],
      { release: 2 },
    )
    expect(rowOf(before, now, { a: 'value', o: { x: 1 } })).toEqual({ c: 'value', origin: { new: null, y: 1 } })
    expect(rowOf(before, now, { a: 'value', o: null })).toEqual({ c: 'value', origin: null })
  })

  test('are promoted, at every depth', () => {
    const of = (int: string, float: string, decimal: string): Declaration =>
      declared([
        { name: 'i', type: int },
        { name: 'f', type: float },
        { name: 'd', type: decimal },
        { name: 'l', type: { type: 'list', element: { type: 'struct', fields: [{ name: 'n', type: int }] } } },
        { name: 'm', type: { type: 'map', key: 'string', value: int } },
      ])
    const record = { i: 1, f: 0.1, d: '0.5', l: [{ n: 2 }, null], m: { k: 3 } }
    expect(rowOf(of('int', 'float', 'decimal(4,1)'), of('long', 'double', 'decimal(9,1)'), record)).toEqual({
      i: 1n,
      f: Math.fround(0.1),
      d: 5n,
      l: [{ n: 2n }, null],
      m: [['k', 3n]],
    })
  })

  test('become moments from days only where the format has that promotion', () => {
    const before = declared([{ name: 'at', type: 'date' }])
    const now = declared([{ name: 'at', type: 'timestamp' }])
    const { metadata } = tableAsDeclared(now)
    expect(shape(before, now, metadata).kind).toBe('held')
    const found = shape(before, now, { ...metadata, 'format-version': 3 })
    expect(found.kind === 'fits' && found.shape('{"at":"1970-01-02"}')).toEqual({ at: 86_400_000_000n })
  })

  test('go into a table that is wider and laxer than what is declared', () => {
    const now = declared([id, { name: 'n', type: 'int', required: true }])
    const wider = tableAsDeclared(
      declared([id, { name: 'n', type: 'long' }, { name: 'others', type: 'string' }]),
    ).metadata
    const found = shape(now, now, wider)
    expect(found.kind === 'fits' && found.shape('{"id":"a","n":1}')).toEqual({ id: 'a', n: 1n, others: null })
  })
})

describe('rows are held', () => {
  test('when they were taken under a later release', () => {
    expect(reason(declared([id], { release: 3 }), declared([id], { release: 2 }))).toBe(
      'newer: Rows of events that were taken under release 3 wait: release 2 is applied, which knows less.',
    )
  })

  test.each<[string, ColumnDeclaration, ColumnDeclaration, string]>([
    [
      'a column has no place',
      { name: 'gone', type: 'string' },
      { name: 'other', type: 'string' },
      'no-place: Rows of events that were taken under release 1 wait: their column gone has no place in the table.',
    ],
    [
      'a type is another one',
      { name: 'n', type: 'string' },
      { name: 'n', type: 'int' },
      "type: Rows of events that were taken under release 1 wait: their column n is string, and the table's is int.",
    ],
    [
      'a type became narrower',
      { name: 'n', type: 'long' },
      { name: 'n', type: 'int' },
      "type: Rows of events that were taken under release 1 wait: their column n is long, and the table's is int.",
    ],
    [
      'a member of a struct has no place',
      { name: 'o', type: { type: 'struct', fields: [{ name: 'x', type: 'int' }] } },
      { name: 'o', type: { type: 'struct', fields: [{ name: 'y', type: 'int' }] } },
      'no-place: Rows of events that were taken under release 1 wait: their column o.x has no place in the table.',
    ],
    [
      'a list may have empty elements that the table does not take',
      { name: 'l', type: { type: 'list', element: 'int' } },
      { name: 'l', type: { type: 'list', element: 'int', elementRequired: true } },
      "type: Rows of events that were taken under release 1 wait: their column l is list<int>, and the table's is list<int>.",
    ],
    [
      'a column may be empty that the table wants',
      { name: 'n', type: 'int' },
      { name: 'n', type: 'int', required: true },
      "required: Rows of events that were taken under release 1 wait: their column n may be empty, which the table's may not.",
    ],
  ])('when %s', (_why, before, now, expected) => {
    expect(reason(declared([id, before]), declared([id, now], { release: 2 }))).toBe(expected)
  })

  test('when a column that must have a value came since', () => {
    const now = declared([id, { name: 'must', type: 'string', required: true }], { release: 2 })
    expect(reason(declared([id]), now)).toBe(
      'required: Rows of events that were taken under release 1 wait: they have nothing for the column must, which must have a value.',
    )
  })

  test('when two of their columns are one of the table', () => {
    const before = declared([
      { name: 'a', type: 'string' },
      { name: 'b', type: 'string' },
    ])
    expect(reason(before, declared([{ name: 'b', type: 'string', renamedFrom: 'a' }], { release: 2 }))).toMatch(
      /^no-place: .* their column a has no place/,
    )
  })
})

describe('rows of the built-in table', () => {
  const five = builtinDeclaration(5)
  const nine = builtinDeclaration(9)
  const record = (more: object): object => ({
    conversation_id: 'c-1',
    provider: 'anthropic',
    conversation_started_at: '2026-01-01T00:00:00Z',
    message_id: 'm',
    message_index: 0,
    message_created_at: '2026-01-01T00:00:00Z',
    role: 'user',
    part_id: 'm#0',
    part_index: 0,
    part_type: 'text',
    date: '2026-01-01',
    ...more,
  })

  test('of before the session split get their session from the conversation', () => {
    expect(rowOf(five, nine, record({ client_name: 'claude' }))).toMatchObject({
      session_id: 'c-1',
      conversation_id: null,
      agent_id: null,
      git_remote: null,
    })
    expect(rowOf(five, nine, record({ client_name: 'codex', provider: 'openai' }))).toMatchObject({
      session_id: 'c-1',
      conversation_id: 'c-1',
    })
  })

  test('without a client are Claude’s where the provider is', () => {
    expect(rowOf(five, nine, record({}))).toMatchObject({ session_id: 'c-1', conversation_id: null })
    expect(rowOf(five, nine, record({ provider: 'openai' }))).toMatchObject({ conversation_id: 'c-1' })
    expect(rowOf(five, nine, record({ client_name: 'codex' }))).toMatchObject({ conversation_id: 'c-1' })
  })

  test('stay as they are in a table that is of before the split', () => {
    const { metadata } = tableAsDeclared(five)
    const found = shapeOf(builtinDeclaration(4), five, metadata)
    const row = found.kind === 'fits' ? found.shape(JSON.stringify(record({}))) : undefined
    expect(row).toMatchObject({ conversation_id: 'c-1' })
    expect(row).not.toHaveProperty('session_id')
  })

  test('of after the split wait for a table that is of before it', () => {
    const found = shapeOf(nine, nine, tableAsDeclared(five).metadata)
    expect(found).toMatchObject({ kind: 'held', code: 'no-place' })
    expect(shapeOf(nine, five, tableAsDeclared(five).metadata)).toMatchObject({ kind: 'held', code: 'newer' })
  })

  test('get the machine and the release they were taken under where they do not say', () => {
    const { metadata } = tableAsDeclared(nine)
    const named = { ...metadata, properties: { ...metadata.properties, 'hyp.gateway-id': 'this machine' } }
    const eight = builtinDeclaration(8)
    const found = shapeOf(eight, nine, named)
    const shaped = (more: object): unknown =>
      found.kind === 'fits' && found.shape(JSON.stringify({ session_id: 's', ...record(more) }))
    expect(shaped({})).toMatchObject({ gateway_id: 'this machine', schema_version: 8 })
    expect(shaped({ gateway_id: 'other', schema_version: 4 })).toMatchObject({ gateway_id: 'other', schema_version: 4 })
  })

  test('of a table that is not built in get nothing of the kind', () => {
    const columns: ColumnDeclaration[] = [
      { name: 'gateway_id', type: 'string' },
      { name: 'conversation_id', type: 'string' },
    ]
    expect(rowOf(declared(columns), declared(columns), { conversation_id: 'c' })).toEqual({
      gateway_id: null,
      conversation_id: 'c',
    })
  })
})
