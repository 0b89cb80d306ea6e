import { describe, expect, test } from 'vitest'
import { reservedColumnNames } from '../../src/iceberg/schema-rules.ts'
import type { PartitionField, TableMetadata } from '../../src/iceberg/types.ts'
import type { ColumnDeclaration, Declaration } from '../../src/schema/declaration.ts'
import { diff } from '../../src/schema/diff.ts'
import { presentState } from '../../src/schema/plan/table-state.ts'
import { column, committed, created, declare, evolved, inVersion3, list, map, planned, struct } from './declaring.ts'

/** `CODE path: change` of every finding. */
function found(declaration: Declaration, metadata: TableMetadata): string[] {
  return diff(declaration, presentState(metadata)).findings.map(
    ({ code, path, change }) => `${code} ${path}: ${change}`,
  )
}

type Columns = readonly ColumnDeclaration[]

/** What of one list of columns to another is found. */
function between(before: Columns, after: Columns, version: 2 | 3 = 2): string[] {
  const table = created(declare(before))
  return found(declare(after), version === 3 ? inVersion3(table) : table)
}

describe('columns', () => {
  test.each<[what: string, before: Columns, after: Columns, findings: readonly string[]]>([
    ['nothing', [column('a', 'int')], [column('a', 'int')], []],
    ['a type in another spelling', [column('a', 'decimal(9,2)')], [column('a', 'decimal(9, 2)')], []],
    // Not to say a sentence is not to take it away.
    ['a sentence left out', [column('a', 'int', { doc: 'x' })], [column('a', 'int')], []],
    [
      'a sentence changed',
      [column('a', 'int', { doc: 'x' })],
      [column('a', 'int', { doc: 'y' })],
      ['AD104 a: documentation changed'],
    ],
    [
      'columns between others, which is no change of order',
      [column('a', 'int'), column('b', 'int')],
      [column('x', 'int'), column('a', 'int'), column('y', 'int'), column('b', 'int')],
      ['AD101 x: optional int', 'AD101 y: optional int'],
    ],
    [
      'a column left out between others, which is no change of order',
      [column('a', 'int'), column('b', 'int'), column('c', 'int')],
      [column('a', 'int'), column('c', 'int')],
      ['TO301 b: optional int is not declared'],
    ],
    [
      'an order, told once per struct',
      [column('s', struct(column('x', 'int'), column('y', 'int'))), column('a', 'int'), column('b', 'int')],
      [column('b', 'int'), column('a', 'int'), column('s', struct(column('y', 'int'), column('x', 'int')))],
      ['AD105 s: order changed from x on', 'AD105 (columns): order changed from a on'],
    ],
    [
      'a single new column of the type of an undeclared one, which may be meant as a rename',
      [column('a', 'int')],
      [column('b', 'int')],
      ['AD101 b: optional int', 'TO301 a: optional int is not declared (renamed to b?)'],
    ],
    [
      'two such columns, of which neither is guessed',
      [column('a', 'int')],
      [column('b', 'int'), column('c', 'int')],
      ['AD101 b: optional int', 'AD101 c: optional int', 'TO301 a: optional int is not declared'],
    ],
    [
      'everything about one column at once',
      [column('a', 'int', { required: true })],
      [column('b', 'long', { renamedFrom: 'a', doc: 'x' })],
      ['AD106 b: renamed from a', 'AD102 b: int -> long', 'AD103 b: required -> optional', 'AD104 b: documented'],
    ],
    ['a rename that is done already', [column('b', 'int')], [column('b', 'int', { renamedFrom: ['a', 'z'] })], []],
    [
      'a rename of a column that is not there, which is an addition',
      [column('z', 'int')],
      [column('z', 'int'), column('b', 'string', { renamedFrom: 'a' })],
      ['AD101 b: optional string'],
    ],
    // Both names are there: nothing tells it from one that was done in an earlier release.
    [
      'two columns that are to swap their names, which are taken to have done so',
      [column('a', 'int'), column('b', 'int')],
      [column('b', 'int', { renamedFrom: 'a' }), column('a', 'int', { renamedFrom: 'b' })],
      ['AD105 (columns): order changed from a on'],
    ],
  ])('%s', (_what, before, after, findings) => {
    expect(between(before, after)).toEqual(findings)
  })
})

describe('chains of renames', () => {
  const stages: readonly ColumnDeclaration[] = [
    column('a', 'int'),
    column('b', 'int', { renamedFrom: 'a' }),
    column('c', 'int', { renamedFrom: ['b', 'a'] }),
  ]

  test.each([0, 1, 2])('lead to the last name from stage %i, with the id of the first', stage => {
    const table = created(declare([column('k', 'string'), stages[stage] as ColumnDeclaration]))
    const last = declare([column('k', 'string'), stages[2] as ColumnDeclaration])
    const from = (stages[stage] as ColumnDeclaration).name
    expect(found(last, table)).toEqual(stage === 2 ? [] : [`AD106 c: renamed from ${from}`])
    const after = stage === 2 ? table : evolved(table, last)
    expect(after.schemas.at(-1)?.fields.map(({ id, name }) => [id, name])).toEqual([
      [1, 'k'],
      [2, 'c'],
    ])
  })

  const [a, b, c] = ['a', 'b', 'c'].map(name => column(name, 'int')) as [
    ColumnDeclaration,
    ColumnDeclaration,
    ColumnDeclaration,
  ]
  const from = (name: string, ...renamedFrom: readonly string[]): ColumnDeclaration =>
    column(name, 'int', { renamedFrom })

  test.each([
    ['moves on while another takes its name', [a, b], [from('b', 'a'), from('c', 'b')], ['BR218 c: renamed from b']],
    ['moves on while a new column takes its name', [b], [from('c', 'b'), b], ['BR218 c: renamed from b']],
    [
      'is the earlier name of two',
      [a],
      [from('b', 'a'), from('c', 'a')],
      ['BR218 b: renamed from a', 'BR218 c: renamed from a'],
    ],
    [
      'moves on over two releases at once',
      [a, b],
      [from('c', 'b', 'a'), from('d', 'c', 'b')],
      ['BR218 c: renamed from b', 'BR218 d: renamed from b'],
    ],
  ] as const)('are refused where a name of the table %s', (_what, before, after, findings) => {
    expect(between(before, after).filter(line => line.startsWith('BR'))).toEqual(findings)
  })

  test('leave a name to another column once they are done', () => {
    const table = evolved(created(declare([a, c])), declare([from('b', 'a'), c]))
    const after = evolved(table, declare([from('b', 'a'), c, a]))
    expect(after.schemas.at(-1)?.fields.map(({ id, name }) => [id, name])).toEqual([
      [1, 'b'],
      [2, 'c'],
      [3, 'a'],
    ])
  })
})

describe('inside structs, lists and maps', () => {
  const before: Columns = [
    column('s', struct(column('x', 'int'), column('y', 'int', { required: true }))),
    column('l', list(struct(column('x', 'int')), true)),
    column('m', map('string', struct(column('x', 'float')), true)),
    column('k', map(struct(column('x', 'int')), 'int')),
  ]
  const but = (name: string, type: ColumnDeclaration['type']): Columns =>
    before.map(each => (each.name === name ? { ...each, type } : each))

  test.each<[what: string, after: Columns, findings: readonly string[]]>([
    [
      'additions at every level',
      [
        column('s', struct(column('x', 'int'), column('y', 'int', { required: true }), column('z', 'int'))),
        column('l', list(struct(column('x', 'int'), column('y', 'int')), true)),
        column('m', map('string', struct(column('x', 'float'), column('y', 'int')), true)),
        before[3] as ColumnDeclaration,
      ],
      ['AD101 s.z: optional int', 'AD101 l.element.y: optional int', 'AD101 m.value.y: optional int'],
    ],
    [
      'promotions and laxness',
      [
        column('s', struct(column('x', 'long'), column('y', 'int'))),
        column('l', list(struct(column('x', 'long')))),
        column('m', map('string', struct(column('x', 'double')))),
        before[3] as ColumnDeclaration,
      ],
      [
        'AD102 s.x: int -> long',
        'AD103 s.y: required -> optional',
        'AD102 l.element.x: int -> long',
        'AD103 l.element: required -> optional',
        'AD102 m.value.x: float -> double',
        'AD103 m.value: required -> optional',
      ],
    ],
    [
      'a member that is not declared',
      but('s', struct(column('y', 'int', { required: true }))),
      ['TO301 s.x: optional int is not declared'],
    ],
    [
      'a required member that is not declared',
      but('s', struct(column('x', 'int'))),
      ['BR204 s.y: required int is not declared'],
    ],
    [
      'a renamed member',
      but('s', struct(column('u', 'int', { renamedFrom: 'x' }), column('y', 'int', { required: true }))),
      ['AD106 s.u: renamed from x'],
    ],
    [
      'a struct in place of a list',
      but('l', struct(column('x', 'int'))),
      ['BR202 l: list<struct<x: int>> -> struct<x: int>'],
    ],
    ['a primitive in place of a map', but('m', 'string'), ['BR202 m: map<string, struct<x: float>> -> string']],
    ['a struct in place of an element', but('l', list('int', true)), ['BR202 l.element: struct<x: int> -> int']],
    ['a wider key', but('k', map(struct(column('x', 'long')), 'int')), ['BR202 k.key.x: int -> long']],
    [
      'a richer key',
      but('k', map(struct(column('x', 'int'), column('y', 'int')), 'int')),
      ['BR202 k.key.y: optional int'],
    ],
    [
      'a key with another name',
      but('k', map(struct(column('u', 'int', { renamedFrom: 'x' })), 'int')),
      ['BR202 k.key.u: renamed from x'],
    ],
    [
      'a key that says more',
      but('k', map(struct(column('x', 'int', { doc: 'x' })), 'int')),
      ['BR202 k.key.x: documented'],
    ],
    // It is kept as all that is not declared.
    ['a poorer key', but('k', map(struct(), 'int')), ['TO301 k.key.x: optional int is not declared']],
    [
      'names that differ by case only',
      but('s', struct(column('x', 'int'), column('y', 'int', { required: true }), column('X', 'int'))),
      ['BR207 s.X: beside x', 'AD101 s.X: optional int'],
    ],
  ])('%s', (_what, after, findings) => {
    expect(between(before, after)).toEqual(findings)
  })

  test('undeclared members are kept by an evolution, each where it was', () => {
    const table = created(
      declare([
        column(
          's',
          struct(
            column('first', 'int'),
            column('x', 'int'),
            column('between', list(struct(column('u', 'int'), column('v', 'int')))),
            column('y', 'int'),
            column('last', 'int'),
          ),
        ),
        column('other', 'int'),
      ]),
    )
    const after = evolved(
      table,
      declare([column('s', struct(column('x', 'long'), column('y', 'int'), column('z', 'int'))), column('new', 'int')]),
    )
    const [s, other, added] = after.schemas.at(-1)?.fields ?? []
    expect(s).toMatchObject({
      type: {
        fields: [
          { name: 'first' },
          { name: 'x', type: 'long' },
          { name: 'between', type: { element: { fields: [{ name: 'u' }, { name: 'v' }] } } },
          { name: 'y' },
          { name: 'last' },
          { name: 'z' },
        ],
      },
    })
    expect([other?.name, added?.name]).toEqual(['other', 'new'])
  })
})

describe('names', () => {
  test.each([...reservedColumnNames])('%s is reserved at the top, and not inside a struct', name => {
    expect(between([], [column(name, 'int')])).toEqual([`BR209 ${name}: reserved`, `AD101 ${name}: optional int`])
    expect(between([column('s', struct())], [column('s', struct(column(name, 'int')))])).toEqual([
      `AD101 s.${name}: optional int`,
    ])
  })

  test('that the table has already are not judged, however bad', () => {
    const columns = [column('_file', 'int'), column('a', 'int'), column('A', 'int')]
    expect(between(columns, columns)).toEqual([])
  })

  test('that differ by case only are refused against columns that nobody declares too', () => {
    expect(between([column('data', 'int')], [column('DATA', 'int')])).toEqual([
      'BR207 DATA: beside data',
      'AD101 DATA: optional int',
      'TO301 data: optional int is not declared (renamed to DATA?)',
    ])
  })

  test('may change by case where it is declared as a rename', () => {
    expect(between([column('data', 'int')], [column('DATA', 'int', { renamedFrom: 'data' })])).toEqual([
      'AD106 DATA: renamed from data',
    ])
  })

  test.each<[what: string, before: Columns, after: Columns, path: string]>([
    [
      'a new column',
      [column('a', struct(column('b', 'int')))],
      [column('a', struct(column('b', 'int'))), column('a.b', 'int')],
      'a.b',
    ],
    [
      'a new member',
      [column('a.b', 'int'), column('a', struct())],
      [column('a.b', 'int'), column('a', struct(column('b', 'int')))],
      'a.b',
    ],
    [
      'a rename',
      [column('a', struct(column('b', 'int'))), column('c', 'int')],
      [column('a', struct(column('b', 'int'))), column('a.b', 'int', { renamedFrom: 'c' })],
      'a.b',
    ],
    [
      'the element of a list',
      [column('l', list('int'))],
      [column('l', list('int')), column('l.element', 'int')],
      'l.element',
    ],
    [
      'the value of a map',
      [column('m', map('int', 'int'))],
      [column('m', map('int', 'int')), column('m.value', 'int')],
      'm.value',
    ],
    ['a column that nobody declares', [column('a', struct(column('b', 'int')))], [column('a.b', 'int')], 'a.b'],
  ])('with dots may not be full names of others: %s', (_what, before, after, path) => {
    expect(between(before, after)).toContain(`BR214 ${path}: two columns`)
  })

  describe('of partition fields are not for columns:', () => {
    const bucket: PartitionField = { 'source-id': 1, 'field-id': 1000, name: 'id_bucket_4', transform: 'bucket[4]' }
    const keyed = declare([column('id', 'long')], { partitionBy: [{ column: 'id', transform: 'bucket[4]' }] })
    const withColumns = (...columns: Columns): Declaration => ({ ...keyed, columns })

    test('those of the default spec', () => {
      const after = withColumns(column('id', 'long'), column('id_bucket_4', 'int'))
      expect(found(after, created(keyed))).toEqual([
        'BR208 id_bucket_4: partition field 1000',
        'AD101 id_bucket_4: optional int',
      ])
    })

    test('those of a spec that is the default no more', () => {
      const table = committed(created(declare([column('id', 'long')])), {
        action: 'add-spec',
        spec: { 'spec-id': 0, fields: [bucket] },
      })
      expect(found(declare([column('id', 'long'), column('id_bucket_4', 'int')]), table)).toContain(
        'BR208 id_bucket_4: partition field 1000',
      )
    })

    test('by a rename', () => {
      const table = created({ ...keyed, columns: [column('id', 'long'), column('x', 'int')] })
      const after = withColumns(column('id', 'long'), column('id_bucket_4', 'int', { renamedFrom: 'x' }))
      expect(found(after, table)).toContain('BR208 id_bucket_4: partition field 1000')
    })

    test('but a member of a struct may have one, and a column may be the identity of its own', () => {
      const after = withColumns(column('id', 'long'), column('s', struct(column('id_bucket_4', 'int'))))
      expect(found(after, created(keyed))).toEqual(['AD101 s: optional struct<id_bucket_4: int>'])
      const identity = declare([column('day', 'date')], { partitionBy: [{ column: 'day', transform: 'identity' }] })
      expect(found(identity, created(identity))).toEqual([])
      // The column was renamed and is called as before again: its partition field kept the name.
      const renamed = evolved(
        created(identity),
        declare([column('date', 'date', { renamedFrom: 'day' })], {
          partitionBy: [{ column: 'date', transform: 'identity' }],
        }),
      )
      const back = declare([column('day', 'date', { renamedFrom: 'date' })], {
        partitionBy: [{ column: 'day', transform: 'identity' }],
      })
      expect(found(back, renamed)).toEqual(['AD106 day: renamed from date'])
    })

    test('of a column inside a struct, which has a dot, are not for a column with that dot', () => {
      const nested = declare([column('s', struct(column('at', 'date')))], {
        partitionBy: [{ column: 's.at', transform: 'day' }],
      })
      const after = { ...nested, columns: [...nested.columns, column('s.at_day', 'int')] }
      expect(found(after, created(nested))).toEqual([
        'BR208 s.at_day: partition field 1000',
        'AD101 s.at_day: optional int',
      ])
    })

    test('of a column inside a struct are not for a member of that full name', () => {
      const nested = declare([column('s', struct(column('at', 'date')))], {
        partitionBy: [{ column: 's.at', transform: 'day' }],
      })
      const after = { ...nested, columns: [column('s', struct(column('at', 'date'), column('at_day', 'int')))] }
      expect(found(after, created(nested))).toEqual([
        'BR208 s.at_day: partition field 1000',
        'AD101 s.at_day: optional int',
      ])
    })
  })
})

describe('types of format version 3', () => {
  const v3Types = [
    'unknown',
    'variant',
    'timestamp_ns',
    'timestamptz_ns',
    'geometry',
    'geometry(srid:3857)',
    'geography',
    'geography(srid:4326,karney)',
  ]

  test.each(v3Types)('%s is not for version 2, wherever it stands, and for version 3', type => {
    const after = [
      column('top', type),
      column('l', list(type)),
      column('s', struct(column('in', type))),
      column('m', map('string', type)),
      column('deep', list(struct(column('in', type)))),
    ]
    const refused = between([], after).filter(line => line.startsWith('BR212'))
    expect(refused).toEqual([
      `BR212 top: ${type}`,
      `BR212 l.element: ${type}`,
      `BR212 s.in: ${type}`,
      `BR212 m.value: ${type}`,
      `BR212 deep.element.in: ${type}`,
    ])
    expect(between([], after, 3).filter(line => !line.startsWith('AD101'))).toEqual([])
  })

  test('may be promoted to there', () => {
    const to = (type: ColumnDeclaration['type'], from = 'date'): string[] =>
      between([column('d', from)], [column('d', type)], 3)
    expect(to('timestamp')).toEqual(['AD102 d: date -> timestamp'])
    expect(to('timestamp_ns')).toEqual(['AD102 d: date -> timestamp_ns'])
    expect(to('timestamptz')).toEqual(['BR202 d: date -> timestamptz'])
    for (const type of [
      'int',
      'string',
      'timestamp_ns',
      'variant',
      list('int'),
      struct(column('x', 'int')),
      map('int', 'int'),
    ])
      expect(unknownTo(type)).toMatchObject([{ code: 'AD102' }])
  })

  function unknownTo(type: ColumnDeclaration['type']): readonly { readonly code: string }[] {
    const table = created(declare([column('u', 'int')]))
    const schemas = table.schemas.map(schema => ({
      ...schema,
      fields: schema.fields.map(field => ({ ...field, type: 'unknown' })),
    }))
    return diff(declare([column('u', type)]), presentState(inVersion3({ ...table, schemas }))).findings
  }

  test('are not reached from version 2 by a promotion', () => {
    expect(between([column('d', 'date')], [column('d', 'timestamp')])).toEqual(['BR202 d: date -> timestamp'])
    expect(between([column('d', 'date')], [column('d', 'timestamp_ns')])).toEqual([
      'BR212 d: timestamp_ns',
      'BR202 d: date -> timestamp_ns',
    ])
  })

  test.each(['identity', 'bucket[4]', 'day', 'month', 'year'])(
    'a date stays one where the table is partitioned by its %s',
    transform => {
      const partitionBy = [{ column: 'd', transform }]
      const table = inVersion3(created(declare([column('d', 'date')], { partitionBy })))
      expect(found(declare([column('d', 'timestamp')], { partitionBy }), table)).toEqual([
        `BR202 d: date -> timestamp, partitioned by ${transform}`,
      ])
    },
  )

  test('other promotions go with any partition', () => {
    const before = [column('i', 'int'), column('f', 'float'), column('n', 'decimal(9,2)')]
    const after = [column('i', 'long'), column('f', 'double'), column('n', 'decimal(18,2)')]
    const partitionBy = [
      { column: 'i', transform: 'bucket[16]' },
      { column: 'f', transform: 'identity' },
      { column: 'n', transform: 'truncate[10]' },
    ]
    expect(found(declare(after, { partitionBy }), created(declare(before, { partitionBy })))).toEqual([
      'AD102 i: int -> long',
      'AD102 f: float -> double',
      'AD102 n: decimal(9,2) -> decimal(18,2)',
    ])
  })
})

describe('defaults', () => {
  test('are for version 3: of new columns, of new members, and changed', () => {
    const before = [column('a', 'int'), column('s', struct())]
    const after = [
      column('a', 'int', { default: 1 }),
      column('s', struct(column('x', 'int', { default: 2 }))),
      column('n', struct(column('y', 'int', { default: 3 }))),
      column('r', 'int', { required: true, default: 4 }),
    ]
    expect(between(before, after, 3)).toEqual([
      'AD109 a: default 1',
      'AD108 s.x: optional int default 2',
      'AD101 n: optional struct<y: int>',
      'AD108 r: required int default 4',
    ])
    expect(between(before, after)).toEqual([
      'BR211 a: default 1',
      'AD101 s.x: optional int',
      'BR211 s.x: default 2',
      'AD101 n: optional struct<y: int>',
      'BR211 n.y: default 3',
      'BR201 r: required int',
      'BR211 r: default 4',
    ])
  })
})

describe('what is not of a column', () => {
  const columns = [column('a', 'long', { required: true }), column('b', 'string', { required: true })]
  const keyed = declare(columns, {
    identifier: ['a', 'b'],
    partitionBy: [{ column: 'a', transform: 'bucket[4]' }],
    sortBy: ['a', { column: 'b', direction: 'desc' }],
  })
  const table = created(keyed)

  test('is found by the ids of columns: a rename is no other key, partition or order', () => {
    const renamed = declare(
      [column('z', 'long', { required: true, renamedFrom: 'a' }), columns[1] as ColumnDeclaration],
      {
        identifier: ['z', 'b'],
        partitionBy: [{ column: 'z', transform: 'bucket[4]' }],
        sortBy: ['z', { column: 'b', direction: 'desc' }],
      },
    )
    expect(found(renamed, table)).toEqual(['AD106 z: renamed from a'])
  })

  test('the row key is a set', () => {
    expect(found({ ...keyed, identifier: ['b', 'a'] }, table)).toEqual([])
  })

  test.each<[what: string, Partial<Declaration>, finding: string]>([
    ['a smaller row key', { identifier: ['a'] }, 'BR206 (identifier): a, b -> a'],
    ['no row key', { identifier: [] }, 'BR206 (identifier): a, b -> none'],
    ['no partitions', { partitionBy: [] }, 'BR205 (partition): bucket[4](a) -> none'],
    [
      'other buckets',
      { partitionBy: [{ column: 'a', transform: 'bucket[8]' }] },
      'BR205 (partition): bucket[4](a) -> bucket[8](a)',
    ],
    [
      'another column',
      { partitionBy: [{ column: 'b', transform: 'bucket[4]' }] },
      'BR205 (partition): bucket[4](a) -> bucket[4](b)',
    ],
    ['no order', { sortBy: [] }, 'AD107 (sort order): a, b desc -> none'],
    ['another direction', { sortBy: ['a', 'b'] }, 'AD107 (sort order): a, b desc -> a, b'],
    [
      'another transform',
      {
        sortBy: [
          { column: 'a', transform: 'bucket[4]' },
          { column: 'b', direction: 'desc' },
        ],
      },
      'AD107 (sort order): a, b desc -> bucket[4](a), b desc',
    ],
  ])('%s', (_what, change, finding) => {
    expect(found({ ...keyed, ...change }, table)).toEqual([finding])
  })
})

describe('a column of the row key', () => {
  const keyed = declare([column('a', 'long', { required: true })], { identifier: ['a'] })

  const inside = declare([column('s', struct(column('a', 'long', { required: true })), { required: true })], {
    identifier: ['s.a'],
  })

  // Ids of the row key have to be of required columns (spec "Identifier Field IDs").
  test.each<[what: string, Declaration, Declaration]>([
    ['itself', keyed, { ...keyed, columns: [column('a', 'long')] }],
    ['around it', inside, { ...inside, columns: inside.columns.map(each => ({ ...each, required: false })) }],
  ])('stays required, %s: to make it optional is refused by the plan, not by the commit', (_what, before, after) => {
    expect(planned(after, created(before)).action).toBe('refuse')
  })
})
