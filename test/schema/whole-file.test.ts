import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builtinDeclaration, builtinTable } from '../../src/schema/builtin.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { formatMistakes, type Mistake, type Places, readDeclarationFile } from '../../src/schema/declaration-file.ts'
import { created, planned } from './declaring.ts'

const base = builtinDeclaration(9)
const path = 'schema/orders.json'

/** Reads a file of the table `orders`, or of none where it is named by hand. */
function read(content: unknown, table: string | null = 'orders'): ReturnType<typeof readDeclarationFile> {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return readDeclarationFile({ text, path, base, ...(table === null ? {} : { table }) })
}

function declared(content: unknown, table?: string | null): Declaration {
  const result = read(content, table)
  if ('mistakes' in result) throw new Error(formatMistakes(result.mistakes).join('\n'))
  return result.declaration
}

function placesOf(content: string): Places {
  const result = read(content)
  if ('mistakes' in result) throw new Error(formatMistakes(result.mistakes).join('\n'))
  return result.places
}

function mistakes(content: unknown, table?: string | null): readonly Mistake[] {
  const result = read(content, table)
  return 'mistakes' in result ? result.mistakes : []
}

/** `path code` of each mistake. */
const told = (content: unknown, table?: string | null): string[] =>
  mistakes(content, table).map(({ path: at, code }) => `${at} ${code}`)

const id = { name: 'id', type: 'long', required: true }
const at = { name: 'at', type: 'timestamptz' }
const origin = {
  name: 'origin',
  type: {
    type: 'struct',
    fields: [
      { name: 'host', type: 'string', required: true },
      { name: 'port', type: 'int' },
    ],
  },
  required: true,
}

/** A table `orders` of these columns. */
const orders = (more: object = {}, columns: readonly unknown[] = [id, at, origin]): object => ({
  table: 'orders',
  columns,
  ...more,
})

describe('a file that declares a table whole', () => {
  test('gives the declaration as it stands there; what may be left out is release 1, no row key, one partition', () => {
    expect(declared(orders())).toEqual({
      table: 'orders',
      release: 1,
      columns: [id, at, origin],
      identifier: [],
      partitionBy: [],
      sortBy: [],
    })
  })

  test('may say everything that a table can be', () => {
    const whole = {
      table: 'orders',
      release: 3,
      location: '/srv/lake/orders',
      columns: [id, at, origin],
      identifier: ['id', 'origin.host'],
      partitionBy: [
        { column: 'at', transform: 'day' },
        { column: 'origin.host', transform: 'truncate[4]' },
        { column: 'id', transform: 'identity' },
      ],
      sortBy: ['id', { column: 'at', transform: 'hour', direction: 'desc', nulls: 'last' }],
    } as const
    expect(declared(whole)).toEqual(whole)
    expect(planned(declared(whole), created(declared(whole))).verdict).toBe('current')
  })

  test('may hold nested types to any depth, also in the key of a map', () => {
    const key = {
      type: 'struct',
      fields: [{ name: 'x', type: { type: 'list', element: 'int', elementRequired: true } }],
    }
    const type = { type: 'map', key, value: { type: 'map', key: 'string', value: key, valueRequired: true } }
    expect(declared(orders({}, [{ name: 'deep', type }])).columns).toEqual([{ name: 'deep', type }])
  })

  test('may hold types of format version 3, which a plan judges by the table', () => {
    const columns = ['timestamp_ns', 'timestamptz_ns', 'variant', 'unknown', 'geometry(OGC:CRS84)', 'geography'].map(
      (type, index) => ({ name: `c${index}`, type }),
    )
    const wanted = declared(orders({}, [id, ...columns]))
    expect(wanted.columns.slice(1)).toEqual(columns)
    const plan = planned(wanted, created(declared(orders({}, [id]))))
    expect(plan.changes.filter(({ code }) => code === 'BR212').map(change => change.path)).toEqual(
      columns.map(({ name }) => name),
    )
  })

  test('may hold comments, commas before a closing bracket and the key by which an editor finds its schema', () => {
    const text = `{
  // mine
  "$schema": "../docs/declaration.schema.json",
  "table": "orders",
  "columns": [{ "name": "id", "type": "long", },],
}`
    expect(declared(text).columns).toEqual([{ name: 'id', type: 'long' }])
  })

  test('may name the columns that a column was before, as one text or several, the newest first', () => {
    const columns = [
      { name: 'a', type: 'int', renamedFrom: 'b' },
      { name: 'c', type: 'int', renamedFrom: ['d', 'e'] },
    ]
    expect(declared(orders({}, columns)).columns).toEqual(columns)
  })
})

describe('the table that a file declares', () => {
  test('must be said in it: a misspelt file name never becomes a table', () => {
    const [mistake, ...others] = mistakes({ columns: [id] }, 'ai_gateway_message')
    expect(others).toEqual([])
    expect(mistake).toMatchObject({ code: 'missing-key', line: 1, column: 1, path: '' })
    expect(mistake?.hint).toContain('A file that extends the built-in table is named ai_gateway_messages.json.')
  })

  test('must be the one that the file is named after', () => {
    const [mistake, ...others] = mistakes(orders(), 'order')
    expect(others).toEqual([])
    expect(mistake).toMatchObject({ code: 'bad-table', path: '/table' })
    expect(mistake?.message).toBe('The file is named order.json and declares "orders".')
    expect(mistake?.hint).toMatch(/^Name the file orders\.json, or write "table": "order"\. A file that extends /)
    expect(mistakes({ ...orders(), table: builtinTable })[0]?.hint).toBe(
      'A file that extends the built-in table is named ai_gateway_messages.json.',
    )
  })

  test.each(['', 'a b', 'a.b', '-a', '9a', '..', 'a/b', 'x'.repeat(129), 'usage', 'Usage', 'AI_gateway_messages'])(
    'cannot be called %j',
    name => expect(told({ table: name, columns: [id] }, name)).toEqual(['/table bad-table']),
  )

  test.each(['a', '_a', 'Größe_2', 'événements-2024', 'x'.repeat(128)])('can be called %j', name => {
    expect(declared({ table: name, columns: [id] }, name).table).toBe(name)
  })

  test('decides what a file is that was named by hand: of the built-in table, or of its own', () => {
    expect(declared(orders(), null).table).toBe('orders')
    const own = [{ name: 'mine', type: 'int' }]
    expect(declared({ columns: own }, null)).toEqual({ ...base, columns: [...base.columns, ...own] })
    expect(declared({ table: builtinTable, columns: own }, null).columns.at(-1)).toEqual(own[0])
    const asWhole = readDeclarationFile({ text: '{"columns": []}', path, base, unnamed: 'whole' })
    expect(asWhole).toMatchObject({ mistakes: [{ code: 'missing-key' }, { code: 'missing-key', path: '/columns' }] })
  })
})

describe('mistakes in a file that declares a table whole', () => {
  test('are told all at once, in the order of the file, each with file, line, column and path', () => {
    const text = `{
  "table": "order",
  "release": 0,
  "location": "lake/orders",
  "columns": [
    { "name": "id", "type": "long" },
    { "name": "ID", "type": "nope" },
    { "name": "_file", "type": "string", "default": 1 },
    { "name": "at", "type": "date", "drop": true },
    { "name": "at_day", "type": "date" }
  ],
  "identifier": ["id", "idd"],
  "partitionBy": [{ "column": "at", "transform": "day" }, { "column": "at", "transform": "hour" }],
  "sortBy": [{ "column": "at", "direction": "down" }, 7],
  "colour": "red"
}
`
    const found = mistakes(text)
    expect(found.map(({ line, column, path: where, code }) => `${line}:${column} ${where} ${code}`)).toEqual([
      '2:12 /table bad-table',
      '3:14 /release bad-release',
      '4:15 /location bad-location',
      '7:15 /columns/1/name duplicate-name',
      '7:29 /columns/1/type unknown-type',
      '8:15 /columns/2/name reserved-name',
      '8:53 /columns/2/default bad-default',
      '9:37 /columns/3/drop unknown-key',
      '10:15 /columns/4/name partition-name',
      '12:18 /identifier/0 bad-identifier',
      '12:24 /identifier/1 unknown-column',
      '13:90 /partitionBy/1/transform bad-transform',
      '14:45 /sortBy/0/direction unknown-word',
      '14:55 /sortBy/1 wrong-kind',
      '15:3 /colour unknown-key',
    ])
    for (const { file, message, hint = 'None.' } of found) {
      expect(file).toBe(path)
      expect(message).toMatch(/^.+[.]$/)
      expect(hint).toMatch(/^.+[.?:]/)
    }
  })

  test.each([0, -1, 1.5, '1', null, 2 ** 53])('a release is a whole number from 1, not %j', release => {
    expect(told(orders({ release }))).toEqual(['/release bad-release'])
  })

  test.each(['orders', './orders', '~/orders', 'file:///orders', 's3://bucket/orders', '/', ''])(
    'a location is the whole path of a directory, not %j',
    location => expect(told(orders({ location }))).toEqual(['/location bad-location']),
  )

  test('a location is kept without slashes at its end', () => {
    expect(declared(orders({ location: '/srv/orders//' })).location).toBe('/srv/orders')
  })

  test('a table without a column is none', () => {
    expect(told(orders({}, []))).toEqual(['/columns missing-key'])
    expect(told({ table: 'orders' })).toEqual([' missing-key'])
  })

  test('who looks for a way to drop a column is told that one that is left out is kept', () => {
    const advice = 'Leave the column out: one that is not declared is kept, and its values can still be read.'
    for (const key of ['drop', 'dropped']) {
      expect(mistakes(orders({}, [{ ...id, [key]: true }]))[0]?.hint).toBe(advice)
      expect(mistakes(orders({ [key]: ['at'] }))[0]?.hint).toBe(advice)
    }
  })

  test('names within a struct, a list and a map are each once, in whatever case', () => {
    const type = { type: 'struct', fields: [id, { name: 'Id', type: 'int' }] }
    const nested = { type: 'map', key: type, value: { type: 'list', element: type } }
    expect(told(orders({}, [{ name: 'a', type: nested }]))).toEqual([
      '/columns/0/type/key/fields/1/name duplicate-name',
      '/columns/0/type/value/element/fields/1/name duplicate-name',
    ])
  })

  test('a full name belongs to one column', () => {
    const dotted = { name: 'origin.host', type: 'string' }
    expect(told(orders({}, [origin, dotted]))).toEqual(['/columns/1/name duplicate-name'])
  })
})

describe('earlier names', () => {
  const renamed = (...renamedFrom: readonly unknown[]): string[] =>
    told(
      orders({}, [
        { name: 'a', type: 'int', renamedFrom },
        { name: 'b', type: 'int' },
      ]),
    )

  test('are each checked: not its own, not of a column that is still there, not twice', () => {
    expect(renamed('x', 'a')).toEqual(['/columns/0/renamedFrom/1 bad-rename'])
    expect(renamed('b')).toEqual(['/columns/0/renamedFrom/0 bad-rename'])
    expect(renamed('x', 'y', 'x')).toEqual(['/columns/0/renamedFrom/2 bad-rename'])
    expect(renamed('x', 7)).toEqual(['/columns/0/renamedFrom/1 wrong-kind'])
    expect(renamed()).toEqual(['/columns/0/renamedFrom bad-rename'])
    expect(told(orders({}, [{ name: 'a', type: 'int', renamedFrom: 7 }]))).toEqual([
      '/columns/0/renamedFrom wrong-kind',
    ])
  })

  test('belong to one column only', () => {
    const columns = [
      { name: 'a', type: 'int', renamedFrom: ['c', 'd'] },
      { name: 'b', type: 'int', renamedFrom: 'd' },
    ]
    expect(told(orders({}, columns))).toEqual(['/columns/1/renamedFrom bad-rename'])
  })

  test('are taken as several also in the file that extends the built-in table, and checked there', () => {
    const own = (renamedFrom: unknown): string[] =>
      told({ columns: [{ name: 'mine', type: 'int', renamedFrom }] }, builtinTable)
    expect(own(['my', 'm'])).toEqual([])
    expect(own(['my', 'role'])).toEqual(['/columns/0/renamedFrom/1 bad-rename'])
  })
})

describe('the row key', () => {
  const listed = { name: 'list', type: { type: 'list', element: 'long', elementRequired: true }, required: true }
  const optionalOrigin = { ...origin, name: 'from', required: false }
  const half = { name: 'half', type: 'double', required: true }
  const columns = [id, at, origin, listed, optionalOrigin, half]

  test.each([
    ['at', 'it is not required', 'Declare it with "required": true.'],
    ['origin', 'it is a struct', 'Name a column inside it.'],
    ['origin.port', 'it is not required', 'Declare it with "required": true.'],
    ['from.host', '"from", which holds it, is not required', 'Declare it with "required": true.'],
    ['list.element', 'it is inside a list or map', undefined],
    ['half', 'it is of type double', undefined],
  ])('cannot hold %s: %s', (name, why, hint) => {
    const [mistake, ...others] = mistakes(orders({ identifier: [name] }, columns))
    expect(others).toEqual([])
    expect(mistake).toMatchObject({ code: 'bad-identifier', path: '/identifier/0' })
    expect(mistake?.message).toBe(`"${name}" cannot be in the row key: ${why}.`)
    expect(mistake?.hint).toBe(hint)
  })

  test('names columns that are there, each once', () => {
    expect(mistakes(orders({ identifier: ['idd'] }))[0]?.hint).toBe('Did you mean "id"?')
    expect(told(orders({ identifier: ['id', 'id', 7] }))).toEqual([
      '/identifier/1 duplicate-column',
      '/identifier/2 wrong-kind',
    ])
    expect(told(orders({ identifier: 'id' }))).toEqual(['/identifier wrong-kind'])
  })

  test('says nothing more of a column that has a mistake of its own', () => {
    expect(told(orders({ identifier: ['id'] }, [{ name: 'id', type: 'nope' }]))).toEqual([
      '/columns/0/type unknown-type',
    ])
  })
})

describe('partitions and sort order', () => {
  const by = (column: string, transform: string): string[] =>
    told(orders({ partitionBy: [{ column, transform }], sortBy: [{ column, transform }] }))

  test.each([
    ['id', 'bucket[0]'],
    ['id', 'bucket'],
    ['id', 'day'],
    ['id', 'void'],
    ['id', 'Identity'],
    ['at', 'truncate[2]'],
    ['origin.host', 'hour'],
  ])('%s is not taken by %s', (column, transform) => {
    expect(by(column, transform)).toEqual([
      '/partitionBy/0/transform bad-transform',
      '/sortBy/0/transform bad-transform',
    ])
  })

  test.each([
    ['id', 'bucket[16]'],
    ['at', 'hour'],
    ['origin.host', 'truncate[2]'],
    ['origin.port', 'identity'],
  ])('%s is taken by %s', (column, transform) => expect(by(column, transform)).toEqual([]))

  test('a column that counts nanoseconds is taken as one that counts microseconds', () => {
    const nanos = { name: 'n', type: 'timestamptz_ns' }
    expect(told(orders({ partitionBy: [{ column: 'n', transform: 'day' }] }, [nanos]))).toEqual([])
    const partitionBy = [{ column: 'v', transform: 'identity' }]
    expect(told(orders({ partitionBy }, [{ name: 'v', type: 'variant' }]))).toEqual([
      '/partitionBy/0/transform bad-transform',
    ])
  })

  test('neither is by a struct, by what is in a list, or by a column that is not there', () => {
    const list = { name: 'list', type: { type: 'list', element: 'long' } }
    const partitionBy = ['origin', 'list.element', 'nowhere'].map(column => ({ column, transform: 'identity' }))
    const found = told(orders({ partitionBy, sortBy: ['origin', 'list.element', 'nowhere'] }, [origin, list]))
    expect(found).toEqual([
      '/partitionBy/0/column bad-transform',
      '/partitionBy/1/column bad-transform',
      '/partitionBy/2/column unknown-column',
      '/sortBy/0 bad-transform',
      '/sortBy/1 bad-transform',
      '/sortBy/2 unknown-column',
    ])
  })

  test('each is said once, and whole', () => {
    const twice = [
      { column: 'at', transform: 'day' },
      { column: 'at', transform: 'day' },
    ]
    expect(told(orders({ partitionBy: twice, sortBy: ['id', { column: 'id', direction: 'desc' }] }))).toEqual([
      '/partitionBy/1 duplicate-column',
      '/sortBy/1 duplicate-column',
    ])
    expect(told(orders({ partitionBy: [{ column: 'at' }, 'at'], sortBy: [{ transform: 'day' }] }))).toEqual([
      '/partitionBy/0 missing-key',
      '/partitionBy/1 wrong-kind',
      '/sortBy/0 missing-key',
    ])
  })

  test('a partition by identity shares the name of its column, any other takes a name of its own', () => {
    const partitionBy = [{ column: 'id', transform: 'bucket[4]' }]
    expect(told(orders({ partitionBy }, [id, { name: 'id_bucket_4', type: 'int' }]))).toEqual([
      '/columns/1/name partition-name',
    ])
    expect(told(orders({ partitionBy: [{ column: 'id', transform: 'identity' }] }))).toEqual([])
  })
})

describe('a default', () => {
  const withDefault = (type: unknown, value: string, more = ''): string[] =>
    told(`{"table": "orders", "columns": [{"name": "a", "type": ${JSON.stringify(type)}, "default": ${value}${more}}]}`)

  test.each([
    ['boolean', 'true'],
    ['int', '-2147483648'],
    ['long', '9223372036854775807'],
    ['float', '1.5'],
    ['double', '3'],
    ['decimal(9,2)', '"14.20"'],
    ['string', '"a \\u00e9"'],
    ['date', '"2017-11-16"'],
    ['time', '"22:31:08.123456"'],
    ['timestamp', '"2017-11-16T22:31:08.123456"'],
    ['timestamptz', '"2017-11-16T22:31:08.123456+00:00"'],
    ['timestamp_ns', '"2017-11-16T22:31:08.123456789"'],
    ['timestamptz_ns', '"2017-11-16T22:31:08.123456789+00:00"'],
    ['uuid', '"f79c3e09-677c-4bbd-a479-3f349cb785e7"'],
    ['fixed[2]', '"00ff"'],
    ['binary', '"00ff"'],
    [{ type: 'list', element: 'int' }, '[1, null, 3]'],
    [{ type: 'map', key: 'string', value: 'int' }, '{"keys": ["a"], "values": [null]}'],
    [{ type: 'struct', fields: [{ name: 'x', type: 'int', default: 3 }] }, '{}'],
    ['variant', 'null'],
  ])('of the type %j may be %s', (type, value) => expect(withDefault(type, value)).toEqual([]))

  test.each([
    ['boolean', '1'],
    ['int', '2147483648'],
    ['int', '1.5'],
    ['long', '9223372036854775808'],
    ['long', '"1"'],
    ['float', '"1"'],
    ['double', '1e999'],
    ['decimal(9,2)', '"14.2"'],
    ['decimal(3,2)', '"14.20"'],
    ['decimal(9,2)', '14.20'],
    ['string', '1'],
    ['date', '"2017-02-30"'],
    ['timestamp', '"2017-11-16T22:31:08+00:00"'],
    ['timestamptz', '"2017-11-16T22:31:08"'],
    ['timestamp_ns', '"2017-11-16T22:31:08.1234567890"'],
    ['uuid', '"f79c3e09"'],
    ['fixed[2]', '"00"'],
    ['binary', '"0"'],
    [{ type: 'list', element: 'int' }, '["a"]'],
    [{ type: 'list', element: 'int', elementRequired: true }, '[null]'],
    [{ type: 'list', element: 'int' }, '{}'],
    [{ type: 'map', key: 'string', value: 'int' }, '{"a": 1}'],
    [{ type: 'map', key: 'string', value: 'int' }, '{"keys": ["a"], "values": []}'],
    [{ type: 'struct', fields: [{ name: 'x', type: 'int' }] }, '{"x": 1}'],
    ['variant', '"x"'],
    ['geometry', '"x"'],
  ])('of the type %j may not be %s', (type, value) =>
    expect(withDefault(type, value)).toEqual(['/columns/0/default bad-default']),
  )

  test('is not null where the column is required, and is none where it is null', () => {
    expect(withDefault('int', 'null', ', "required": true')).toEqual(['/columns/0/default bad-default'])
    expect(declared(orders({}, [{ name: 'a', type: 'int', default: null }])).columns).toEqual([
      { name: 'a', type: 'int' },
    ])
  })

  test('that is a long integer is kept to its last digit', () => {
    const text = '{"table": "orders", "columns": [{"name": "a", "type": "long", "default": 9223372036854775807}]}'
    expect(declared(text).columns[0]?.default).toBe(9223372036854775807n)
  })

  test('is a mistake in the file that extends the built-in table, which has no defaults', () => {
    expect(told({ columns: [{ name: 'mine', type: 'int', default: 1 }] }, builtinTable)).toEqual([
      '/columns/0/default unknown-key',
    ])
  })
})

test('each column has its place in the file, also those in structs, lists and maps, and so have the other members', () => {
  const text = `{
  "table": "orders",
  "columns": [
    { "name": "id", "type": "long", "required": true },
    { "type": { "type": "map", "key": "string",
                "value": { "type": "struct", "fields": [{ "name": "x", "type": "int" }] } },
      "name": "m" },
    { "name": "l", "type": { "type": "list",
        "element": "int" } }
  ],
  "identifier": ["id"],
  "sortBy": ["id"]
}`
  const places = Array.from(placesOf(text), ([column, place]) => `${column} ${place.line}:${place.column}`)
  expect(places.toSorted()).toEqual(
    [
      '(table) 2:3',
      '(columns) 3:3',
      '(identifier) 11:3',
      '(sort order) 12:3',
      'id 4:15',
      'm 7:15',
      'm.key 5:39',
      'm.value 6:26',
      'm.value.x 6:67',
      'l 8:15',
      'l.element 9:20',
    ].toSorted(),
  )
})

describe('whatever stands in a file', () => {
  const anything = fc.anything({ withBigInt: false, withNullPrototype: false })
  const word = fc.constantFrom('id', 'at', 'origin.host', 'x', '', 'day', 'bucket[4]', 'int', 'list')
  const entry = fc.oneof(
    anything,
    fc.record(
      {
        name: fc.oneof(word, anything),
        type: fc.oneof(word, anything),
        required: anything,
        default: anything,
        renamedFrom: fc.oneof(word, fc.array(word), anything),
        column: word,
        transform: word,
      },
      { requiredKeys: [] },
    ),
  )
  const file = fc.record(
    {
      table: fc.oneof(fc.constant('orders'), anything),
      release: anything,
      location: anything,
      columns: fc.oneof(fc.array(entry), anything),
      identifier: fc.oneof(fc.array(word), anything),
      partitionBy: fc.oneof(fc.array(entry), anything),
      sortBy: fc.oneof(fc.array(fc.oneof(word, entry)), anything),
    },
    { requiredKeys: [] },
  )

  test('there is a declaration that a table can be made of, or a mistake', () => {
    fc.assert(
      fc.property(file, content => {
        const result = read(JSON.stringify(content))
        if ('mistakes' in result) expect(result.mistakes.length).toBeGreaterThan(0)
        else expect(planned(result.declaration, created(result.declaration)).verdict).toBe('current')
      }),
      { numRuns: 500 },
    )
  })
})
