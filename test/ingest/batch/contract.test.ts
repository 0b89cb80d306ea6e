import { describe, expect, test } from 'vitest'
import { builtinDeclaration } from '../../../src/schema/builtin.ts'
import type { ColumnDeclaration, Contract, DeclaredType } from '../../../src/schema/declaration.ts'
import { check, keptText, table, told } from './checking.ts'

const origin: DeclaredType = {
  type: 'struct',
  fields: [
    { name: 'host', type: 'string', required: true },
    { name: 'port', type: 'int' },
    { name: 'deep', type: { type: 'struct', fields: [{ name: 'x', type: 'long' }] } },
  ],
}
const columns: readonly ColumnDeclaration[] = [
  { name: 'id', type: 'long', required: true },
  { name: 'at', type: 'timestamptz' },
  { name: 'total', type: 'decimal(9,2)' },
  { name: 'origin', type: origin },
  { name: 'lines', type: { type: 'list', element: origin } },
  { name: 'props', type: { type: 'map', key: 'int', value: origin } },
]
const orders = table(columns, { identifier: ['id'] })
const under = (contract: Contract): typeof orders => ({ ...orders, contract })
const lines = (...rows: readonly unknown[]): string => rows.map(row => `${JSON.stringify(row)}\n`).join('')

describe('a row that fits', () => {
  test('is kept to the byte, with its white space, escapes and the order of its members', async () => {
    const body =
      ' {"total":1.50 ,"id" : 1,"at":"2024-01-02T03:04:05+01:00"}\t\n{"id":"9223372036854775807","at":null}\n'
    const batch = await check(body, orders)
    expect(batch).toMatchObject({ rows: 2, kept: 2, refused: 0, discardedRows: 0, discardedValues: 0 })
    expect(batch).toMatchObject({ errors: [], rejects: [] })
    expect(keptText(batch)).toBe(body)
  })

  test('may leave out any column that is optional, or say null', async () => {
    const batch = await check(lines({ id: 1 }, { id: 2, origin: null, lines: null, props: null, total: null }), orders)
    expect(batch).toMatchObject({ kept: 2, refused: 0 })
  })

  test('may hold members twice: the last one counts, as everywhere in JavaScript', async () => {
    const body = '{"id":"x","id":1}\n{"id":1,"id":"x"}\n'
    const batch = await check(body, orders)
    expect(keptText(batch)).toBe('{"id":"x","id":1}\n')
    expect(told(batch)).toEqual([
      '1 id: a text, which is no long; write a whole number of at most 64 bits, as a number or a text',
    ])
  })
})

describe('under freeze, which holds where nothing is said', () => {
  test('every mistake of every row is told, with types and without values', async () => {
    const batch = await check(
      lines(
        { id: 'secret-1', at: 'secret-2', totals: 1, zzz: 'secret-3' },
        { at: '2024-01-02T03:04:05Z' },
        { id: null },
        { id: 1 },
        { id: 2, total: 'secret-4', origin: 'secret-5', lines: {} },
      ),
      orders,
    )
    expect(batch).toMatchObject({ rows: 5, kept: 1, refused: 4, discardedRows: 0, discardedValues: 0, rejects: [] })
    expect(keptText(batch)).toBe('{"id":1}\n')
    expect(told(batch)).toEqual([
      '0 id: a text, which is no long; write a whole number of at most 64 bits, as a number or a text',
      '0 at: a text, which is no timestamptz; write a text like "2017-11-16T22:31:08.123456Z", with its offset from UTC',
      '0 totals: not a column of orders; did you mean "total"?',
      '0 zzz: not a column of orders',
      '1 id: missing, and required',
      '2 id: null, and required',
      '4 total: a text, which is no decimal(9,2); write a number with no more digits, as a number or a text',
      '4 origin: a text, which is no struct; write an object',
      '4 lines: an object, which is no list; write an array',
    ])
    expect(JSON.stringify(batch.errors)).not.toContain('secret')
  })

  test('what is wrong inside a value is told with its full name', async () => {
    const batch = await check(
      lines(
        { id: 1, origin: { host: 'a', port: 'b' } },
        { id: 2, origin: { port: 1 } },
        { id: 3, origin: { host: null } },
        { id: 4, lines: [{ host: 'a' }, { host: 'b', deep: { x: 0.5 } }] },
        { id: 5, props: { 1: { host: 'a', port: 2 ** 31 } } },
        { id: 6, props: { one: { host: 'a' } } },
        { id: 7, props: { '1': { host: 'a' }, '1.0': { host: 'a' } } },
        { id: 8, origin: [] },
      ),
      orders,
    )
    const int = 'write a whole number between -2147483648 and 2147483647'
    expect(told(batch)).toEqual([
      `0 origin.port: a text, which is no int; ${int}`,
      '1 origin.host: missing, and required',
      '2 origin.host: null, and required',
      '3 lines.element.deep.x: a number, which is no long; write a whole number of at most 64 bits, as a number or a text',
      `4 props.value.port: a number, which is no int; ${int}`,
      '5 props.key: a key that is no int',
      '6 props.key: two keys that are one as int',
      '7 origin: an array, which is no struct; write an object',
    ])
  })

  test('a member of a struct that is no field is unknown too, at any depth, and told once a row', async () => {
    const batch = await check(
      lines(
        { id: 1, origin: { host: 'a', hots: 'b' } },
        {
          id: 2,
          lines: [
            { host: 'a', 'x.y': 1 },
            { host: 'b', 'x.y': 2 },
          ],
        },
        { id: 3, props: { 1: { host: 'a', deep: { x: 1, y: 2 } } } },
      ),
      orders,
    )
    expect(told(batch)).toEqual([
      '0 origin.hots: not a field of origin',
      '1 lines.element.x.y: not a field of lines.element',
      '2 props.value.deep.y: not a field of props.value.deep',
    ])
    expect(batch.kept).toBe(0)
  })

  test('a text, a number, an array or null is no row', async () => {
    const batch = await check(
      '"a"\n1\n[{"id":1}]\nnull\ntrue\n',
      under({ unknownFields: 'discard_row', illTypedValues: 'discard_row' }),
    )
    expect(told(batch)).toEqual([
      '0 null: a text, not an object',
      '1 null: a number, not an object',
      '2 null: an array, not an object',
      '3 null: null, not an object',
      '4 null: a boolean, not an object',
    ])
    expect(batch).toMatchObject({ rows: 5, refused: 5, rejects: [] })
  })
})

describe('under discard_value', () => {
  test('a row goes on without what does not fit, and what went is kept with its reason', async () => {
    const batch = await check(
      lines({ id: 1, at: 'x', more: { a: [1] } }, { id: 2, total: 1.5 }),
      under({ unknownFields: 'discard_value', illTypedValues: 'discard_value' }),
    )
    expect(batch).toMatchObject({ rows: 2, kept: 2, refused: 0, discardedRows: 0, discardedValues: 2, errors: [] })
    expect(keptText(batch)).toBe('{"id":1}\n{"id":2,"total":1.5}\n')
    expect(batch.rejects).toEqual([
      { index: 0, column: 'at', reason: expect.stringContaining('no timestamptz'), discarded: 'value', content: '"x"' },
      { index: 0, column: 'more', reason: 'not a column of orders', discarded: 'value', content: '{"a":[1]}' },
    ])
  })

  test('a column’s value goes whole, also where only a part of it does not fit, and what is unknown in it with it', async () => {
    const value = { host: 'a', port: 'b', hots: 'c' }
    const batch = await check(
      lines({ id: 1, origin: value, 'origin.more': 1 }),
      under({ unknownFields: 'discard_value', illTypedValues: 'discard_value' }),
    )
    expect(keptText(batch)).toBe('{"id":1}\n')
    expect(batch.rejects.map(({ column, reason, content }) => [column, reason, content])).toEqual([
      ['origin', expect.stringMatching(/^origin\.port: a text, which is no int; /), JSON.stringify(value)],
      ['origin.more', 'not a column of orders', '1'],
    ])
    expect(batch.discardedValues).toBe(2)
  })

  test('an unknown member goes alone from a struct, and from each element of a list', async () => {
    const batch = await check(
      lines({
        id: 1,
        lines: [
          { host: 'a', x: 1 },
          { x: '2', host: 'b' },
        ],
        origin: { host: 'c', deep: { y: null } },
      }),
      under({ unknownFields: 'discard_value' }),
    )
    expect(keptText(batch)).toBe('{"id":1,"lines":[{"host":"a"},{"host":"b"}],"origin":{"host":"c","deep":{}}}\n')
    expect(batch.rejects.map(({ column, content }) => [column, content])).toEqual([
      ['origin.deep.y', 'null'],
      ['lines.element.x', '1'],
      ['lines.element.x', '"2"'],
    ])
  })

  test('a row that would lack a required column or a part of the row key is refused', async () => {
    const declaration = table(
      [
        { name: 'id', type: 'long', required: true },
        { name: 'key', type: 'int' },
        { name: 'day', type: 'date' },
      ],
      { identifier: ['key'], contract: { illTypedValues: 'discard_value' } },
    )
    const batch = await check(
      lines({ id: 'x', key: 1 }, { id: 1, key: 'x' }, { id: 1 }, { id: 1, key: 1, day: 'x' }),
      declaration,
    )
    expect(batch.errors.map(({ index, column }) => [index, column])).toEqual([
      [0, 'id'],
      [1, 'key'],
      [2, 'key'],
    ])
    expect(keptText(batch)).toBe('{"id":1,"key":1}\n')
  })

  test('what stays is printed so that it reads as before: long integers, zeros with their sign, keys in order', async () => {
    const declaration = table(
      [
        { name: 'b', type: 'long' },
        { name: 'a', type: 'double' },
        { name: 'c', type: 'string' },
        { name: '__proto__', type: 'long' },
      ],
      { contract: { unknownFields: 'discard_value' } },
    )
    const batch = await check(
      '{"b":9223372036854775807,"a":-0.0,"x":-9007199254740993,"c":{"n":1e21},"__proto__":5}',
      declaration,
    )
    expect(keptText(batch)).toBe('{"b":9223372036854775807,"a":-0,"c":{"n":1e+21},"__proto__":5}\n')
    expect(batch.rejects[0]?.content).toBe('-9007199254740993')
  })
})

describe('under discard_row', () => {
  test('a row goes whole, to the byte, with the first reason; a row that is refused all the same is not discarded', async () => {
    const row = '{"id": 1, "more":2, "at":"x"}'
    const batch = await check(
      `${row}\n{"id":"x","more":2}\n{"id":3}\n`,
      under({ unknownFields: 'discard_row', illTypedValues: 'discard_value' }),
    )
    expect(batch).toMatchObject({ rows: 3, kept: 1, refused: 1, discardedRows: 1, discardedValues: 0 })
    expect(batch.rejects).toEqual([
      { index: 0, column: 'more', reason: 'not a column of orders', discarded: 'row', content: row },
    ])
    expect(told(batch)).toEqual([expect.stringMatching(/^1 id: /)])
  })

  test('a row without its key is refused, not discarded', async () => {
    const batch = await check('{"at":null}\n', under({ unknownFields: 'discard_row', illTypedValues: 'discard_row' }))
    expect(batch).toMatchObject({ refused: 1, discardedRows: 0 })
  })
})

test('what a column says goes before what the table says', async () => {
  const declaration = table(
    [
      { name: 'a', type: 'int', illTypedValues: 'discard_value' },
      { name: 'b', type: 'int', illTypedValues: 'freeze' },
      { name: 'c', type: 'int' },
    ],
    { contract: { illTypedValues: 'discard_row' } },
  )
  const batch = await check('{"a":"x"}\n{"b":"x"}\n{"c":"x"}\n{"a":"x","b":1}\n', declaration)
  expect(batch).toMatchObject({ kept: 2, refused: 1, discardedRows: 1, discardedValues: 2 })
  expect(keptText(batch)).toBe('{}\n{"b":1}\n')
})

describe('a column with `from`', () => {
  const declaration = table(
    [
      { name: 'reason', type: 'int', from: '/message/reason' },
      { name: 'key', type: 'int', from: '/ids/0', required: true },
      {
        name: 'usage',
        type: { type: 'struct', fields: [{ name: 'n', type: 'int', from: '/deep/n' }] },
        from: '/usage',
      },
    ],
    { contract: { illTypedValues: 'discard_value' } },
  )

  test('is given by the member of its name, else by what it points at; beside that nothing is looked at', async () => {
    const body = lines(
      { ids: [1], message: { reason: 2, other: 3 }, usage: { deep: { n: 1, m: 2 }, more: 1 } },
      { key: 1, ids: ['not looked at'], reason: 2, message: 'anything' },
      { ids: [1], reason: null, message: { reason: 'not looked at' } },
    )
    const batch = await check(body, declaration)
    expect(told(batch)).toEqual([])
    expect(keptText(batch)).toBe(body)
  })

  test('is judged at either place, and may be required', async () => {
    const strict = { ...declaration, contract: {} }
    const batch = await check(
      lines(
        { ids: ['x'] },
        { ids: [] },
        { ids: [1], message: { reason: 'x' } },
        { ids: [1], reason: 'x' },
        { key: null },
      ),
      strict,
    )
    expect(batch.errors.map(({ index, column }) => [index, column])).toEqual([
      [0, 'key'],
      [1, 'key'],
      [2, 'reason'],
      [3, 'reason'],
      [4, 'key'],
    ])
  })

  test('becomes null where its value is discarded: the place it points at stays for others', async () => {
    const batch = await check(
      lines({ ids: [1], message: { reason: 'x', other: 3 } }, { ids: [1], reason: 'x', message: { reason: 'y' } }),
      declaration,
    )
    expect(keptText(batch)).toBe(
      '{"ids":[1],"message":{"reason":"x","other":3},"reason":null}\n{"ids":[1],"reason":null,"message":{"reason":"y"}}\n',
    )
    expect(batch.rejects.map(({ column, content }) => [column, content])).toEqual([
      ['reason', '"x"'],
      ['reason', '"x"'],
    ])
    const again = await check(keptText(batch), { ...declaration, contract: {} })
    expect(again).toMatchObject({ kept: 2, refused: 0 })
  })

  test('that takes the whole row knows every member', async () => {
    const all = table([
      { name: 'raw', type: 'string', from: '' },
      { name: 'id', type: 'int' },
    ])
    expect(await check('{"id":1,"x":{"y":2}}\n', all)).toMatchObject({ kept: 1 })
  })
})

describe('the built-in table', () => {
  const builtin = builtinDeclaration(9)
  const row = Object.fromEntries(
    builtin.columns
      .filter(({ required, name }) => required === true || builtin.identifier.includes(name))
      .filter(({ name }) => name !== 'gateway_id' && name !== 'schema_version')
      .map(({ name, type }) => [name, type === 'int' ? 1 : type === 'timestamptz' ? '2024-01-02T03:04:05Z' : 'a text']),
  )

  test('takes rows without what hyp fills in itself, and with it', async () => {
    const batch = await check(
      lines(row, { ...row, gateway_id: 'mine', schema_version: 9 }, { ...row, gateway_id: null }),
      builtin,
    )
    expect(told(batch)).toEqual([])
    expect(batch.kept).toBe(3)
  })

  test('wants its row key and every other required column, of each release', async () => {
    for (const name of Object.keys(row)) {
      const { [name]: _, ...without } = row
      expect(told(await check(lines(without), builtin))).toEqual([`0 ${name}: missing, and required`])
    }
    expect(Object.keys(row)).toEqual(expect.arrayContaining(['session_id', 'part_id']))
    expect(builtinDeclaration(5).identifier).toContain('conversation_id')
    expect(told(await check('{}\n', builtinDeclaration(5)))).toContain('0 conversation_id: missing, and required')
  })

  test('takes columns of one’s own from where they point at', async () => {
    const extended = {
      ...builtin,
      columns: [...builtin.columns, { name: 'stop_reason', type: 'string', from: '/message/stop_reason' }],
    }
    const batch = await check(
      lines({ ...row, message: { stop_reason: 'end', model: 'm' } }, { ...row, stop: 'end' }),
      extended,
    )
    expect(told(batch)).toEqual([`1 stop: not a column of ${builtin.table}`])
  })
})

describe('numbers', () => {
  const exact = table([
    { name: 'i', type: 'int' },
    { name: 'l', type: 'long' },
    { name: 'd', type: 'decimal(38,20)' },
    { name: 'f', type: 'double' },
    { name: 's', type: 'string' },
    {
      name: 'list',
      type: { type: 'list', element: { type: 'struct', fields: [{ name: 'd', type: 'decimal(38,20)' }] } },
    },
    { name: 'map', type: { type: 'map', key: 'string', value: 'decimal(38,20)' } },
  ])

  test('of 64 bits are taken to the last digit, and no further', async () => {
    const batch = await check(
      '{"l":9223372036854775807}\n{"l":9223372036854775808}\n{"l":-9223372036854775808}\n',
      exact,
    )
    expect(batch.errors.map(({ index }) => index)).toEqual([1])
  })

  test('that a double would round are refused where every digit counts, and taken where none does', async () => {
    const long = '0.12345678901234567891'
    const bodies = [
      `{"d":${long}}`,
      `{"d":"${long}"}`,
      `{"f":${long}}`,
      `{"s":${long}}`,
      `{"list":[{"d":1},{"d":${long}}]}`,
      `{"map":{"a":${long}}}`,
      '{"l":4503599627370496.4}',
      '{"i":1.00000000000000000001}',
      '{"i":1.00000000000000000000}',
      '{"d":1234567890123456.0}',
      '{"d":0.00000000000000000000}',
      `{"d":0.1250,"s":"${long}"}`,
    ]
    const batch = await check(bodies.join('\n'), exact)
    const reason = (type: string): string =>
      `a number with more digits than a JSON number keeps, for a ${type}; write it as a text`
    expect(told(batch)).toEqual([
      `0 d: ${reason('decimal(38,20)')}`,
      `4 list.element.d: ${reason('decimal(38,20)')}`,
      `5 map.value: ${reason('decimal(38,20)')}`,
      `6 l: ${reason('long')}`,
      `7 i: ${reason('int')}`,
    ])
  })

  test('that are too large for a double fit nowhere: printed again they would be null', async () => {
    const batch = await check(
      `{"f":1e400}\n{"s":1e400}\n{"s":{"a":[1e400]}}\n{"l":${'9'.repeat(400)}}\n{"s":"1e400"}\n`,
      exact,
    )
    expect(batch.errors.map(({ index, column }) => [index, column])).toEqual([
      [0, 'f'],
      [1, 's'],
      [2, 's'],
      [3, 'l'],
    ])
  })
})
