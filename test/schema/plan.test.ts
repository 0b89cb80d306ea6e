import { describe, expect, test } from 'vitest'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { highestAllowedFieldId } from '../../src/iceberg/schema-rules.ts'
import type { PartitionField, SortField, TableMetadata } from '../../src/iceberg/types.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { type Plan, type PlannedChange, planTable } from '../../src/schema/plan.ts'
import { type RuleCode, rules } from '../../src/schema/rules.ts'
import {
  changed,
  column,
  committed,
  created,
  declare,
  evolved,
  inVersion3,
  list,
  map,
  planned,
  repartitioned,
  reshaped,
  resorted,
  struct,
  without,
} from './declaring.ts'

type Line = Pick<PlannedChange, 'code' | 'path' | 'fieldId' | 'change' | 'type' | 'origin' | 'cause'>

function lines(plan: Plan): Line[] {
  return plan.changes.map(({ code, path, fieldId, change, type, origin, cause }) => {
    return { code, path, fieldId, change, type, origin, cause }
  })
}

const columns = [column('id', 'long', { required: true }), column('name', 'string'), column('size', 'int')]
const things = declare(columns)
const table = created(things)
const byId: PartitionField = { 'source-id': 1, 'field-id': 1000, name: 'id_bucket', transform: 'bucket[4]' }
const bySize: SortField = { transform: 'identity', 'source-id': 3, direction: 'asc', 'null-order': 'nulls-first' }

/** Things with further columns. */
function and(...more: Parameters<typeof declare>[0]): Declaration {
  return declare([...columns, ...more])
}

/** Things with one column replaced, or left out. */
function but(name: string, ...by: Parameters<typeof declare>[0]): Declaration {
  return declare(columns.flatMap(each => (each.name === name ? by : [each])))
}

interface Case {
  readonly declaration: Declaration
  /** null: there is no table yet. */
  readonly metadata: TableMetadata | null
  readonly line: Partial<Line>
}

const pending = { origin: 'pending', cause: 'declaration' } as const
const drift = { origin: 'drift', cause: 'other program' } as const

/** One table and one declaration that give one line, for every rule there is. */
const cases: Readonly<Record<RuleCode, Case>> = {
  AD101: {
    declaration: and(column('note', 'string')),
    metadata: table,
    line: { path: 'note', fieldId: 4, change: 'optional string', type: 'string', ...pending },
  },
  AD102: {
    declaration: but('size', column('size', 'long')),
    metadata: table,
    line: { path: 'size', fieldId: 3, change: 'int -> long', type: 'long', ...pending },
  },
  AD103: {
    declaration: but('id', column('id', 'long')),
    metadata: table,
    line: { path: 'id', fieldId: 1, change: 'required -> optional', type: 'long', ...pending },
  },
  AD104: {
    declaration: but('size', column('size', 'int', { doc: 'Bytes.' })),
    metadata: table,
    line: { path: 'size', fieldId: 3, change: 'documented', type: 'int', ...pending },
  },
  AD105: {
    declaration: declare(columns.toReversed()),
    metadata: table,
    line: { path: '(columns)', fieldId: null, change: 'order changed from name on', type: null, ...pending },
  },
  AD106: {
    declaration: but('size', column('bytes', 'int', { renamedFrom: 'size' })),
    metadata: table,
    line: { path: 'bytes', fieldId: 3, change: 'renamed from size', type: 'int', ...pending },
  },
  AD107: {
    declaration: declare(columns, { sortBy: [{ column: 'size', direction: 'desc', nulls: 'last' }] }),
    metadata: table,
    line: { path: '(sort order)', fieldId: null, change: 'none -> size desc nulls last', type: null, ...pending },
  },
  AD108: {
    declaration: and(column('note', 'string', { default: 'none' })),
    metadata: inVersion3(table),
    line: { path: 'note', fieldId: 4, change: 'optional string default "none"', type: 'string', ...pending },
  },
  AD109: {
    declaration: but('size', column('size', 'int', { default: 7 })),
    metadata: inVersion3(table),
    line: { path: 'size', fieldId: 3, change: 'default 7', type: 'int', ...pending },
  },
  TO301: {
    declaration: but('size'),
    metadata: table,
    line: {
      path: 'size',
      fieldId: 3,
      change: 'optional int is not declared',
      type: 'int',
      ...pending,
      origin: 'tolerated',
    },
  },
  TO302: {
    declaration: things,
    metadata: reshaped(table, changed('size', { type: 'long' })),
    line: { path: 'size', fieldId: 3, change: 'long in the table, int declared', type: 'int', ...drift },
  },
  TO303: {
    declaration: and(column('note', 'string')),
    metadata: committed(table, { action: 'set-properties', updates: { 'schema.name-mapping.default': '[{]' } }),
    line: { path: '(name mapping)', fieldId: null, change: 'left as it is', type: null, ...drift },
  },
  TO304: {
    declaration: things,
    metadata: reshaped(reshaped(table, without('size')), fields => [
      ...fields,
      { id: 4, name: 'size', required: false, type: 'int' },
    ]),
    line: { path: 'size', fieldId: 4, change: 'field 3 was replaced by field 4', ...drift },
  },
  BR201: {
    declaration: and(column('note', 'string', { required: true })),
    metadata: table,
    line: { path: 'note', fieldId: null, change: 'required string', type: 'string', ...pending },
  },
  BR202: {
    declaration: but('size', column('size', 'string')),
    metadata: table,
    line: { path: 'size', fieldId: 3, change: 'int -> string', type: 'string', ...pending },
  },
  BR203: {
    declaration: but('size', column('size', 'int', { required: true })),
    metadata: table,
    line: { path: 'size', fieldId: 3, change: 'optional -> required', type: 'int', ...pending },
  },
  BR204: {
    declaration: but('id'),
    metadata: table,
    line: { path: 'id', fieldId: 1, change: 'required long is not declared', type: 'long', ...pending },
  },
  BR205: {
    declaration: declare(columns, { partitionBy: [{ column: 'id', transform: 'bucket[8]' }] }),
    metadata: table,
    line: { path: '(partition)', fieldId: null, change: 'none -> bucket[8](id)', type: null, ...pending },
  },
  BR206: {
    declaration: declare(columns, { identifier: ['id'] }),
    metadata: table,
    line: { path: '(identifier)', fieldId: null, change: 'none -> id', type: null, ...pending },
  },
  BR207: {
    declaration: and(column('NAME', 'string')),
    metadata: table,
    line: { path: 'NAME', fieldId: null, change: 'beside name', type: 'string', ...pending },
  },
  BR208: {
    declaration: declare([...columns, column('id_bucket', 'int')], {
      partitionBy: [{ column: 'id', transform: 'bucket[4]' }],
    }),
    metadata: repartitioned(table, byId),
    line: { path: 'id_bucket', fieldId: null, change: 'partition field 1000', type: 'int', ...pending },
  },
  BR209: {
    declaration: and(column('_file', 'string')),
    metadata: table,
    line: { path: '_file', fieldId: null, change: 'reserved', type: 'string', ...pending },
  },
  BR211: {
    declaration: and(column('note', 'string', { default: 'none' })),
    metadata: table,
    line: { path: 'note', fieldId: null, change: 'default "none"', type: 'string', ...pending },
  },
  BR212: {
    declaration: and(column('when', 'timestamp_ns')),
    metadata: table,
    line: { path: 'when', fieldId: null, change: 'timestamp_ns', type: 'timestamp_ns', ...pending },
  },
  BR213: {
    declaration: things,
    metadata: reshaped(table, changed('size', { name: 'bytes' })),
    line: {
      path: 'size',
      fieldId: 3,
      change: 'field 3 was renamed to bytes by another program',
      type: 'int',
      ...drift,
    },
  },
  BR214: {
    declaration: and(column('a', struct(column('b', 'int'))), column('a.b', 'int')),
    metadata: table,
    line: { path: 'a.b', fieldId: null, change: 'two columns', type: null, ...pending },
  },
  BR215: {
    declaration: and(column('note', 'string')),
    metadata: { ...table, 'last-column-id': highestAllowedFieldId },
    line: {
      path: '(field ids)',
      fieldId: null,
      change: `${highestAllowedFieldId + 1} would be needed`,
      type: null,
      ...pending,
    },
  },
  BR216: {
    declaration: declare(
      columns.map(each => (each.name === 'id' ? column('id', 'long') : each)),
      { identifier: ['id'] },
    ),
    metadata: created(declare(columns, { identifier: ['id'] })),
    line: { path: 'id', fieldId: 1, change: 'id is optional', ...pending },
  },
  BR217: {
    declaration: and(column('note', 'int', { default: 'none' })),
    metadata: inVersion3(table),
    line: { path: 'note', fieldId: null, change: 'default "none"', type: 'int', ...pending },
  },
  BR218: {
    declaration: and(column('weight', 'long', { renamedFrom: 'size' })),
    metadata: table,
    line: { path: 'weight', fieldId: null, change: 'renamed from size', ...pending, type: null },
  },
  BR219: {
    declaration: declare([column('at', 'timestamptz')], {
      partitionBy: [
        { column: 'at', transform: 'day' },
        { column: 'at', transform: 'hour' },
      ],
    }),
    metadata: null,
    line: { path: '(partition)', fieldId: null, change: 'at_hour beside at_day', ...pending },
  },
}

describe('every rule:', () => {
  test.each(Object.entries(cases))('%s', (code, { declaration, metadata, line }) => {
    const found = lines(planned(declaration, metadata)).filter(change => change.code === code)
    expect(found).toEqual([{ code, type: null, ...line }])
  })

  test.each(Object.entries(cases))('%s comes with its title, its reason and the way out', (code, each) => {
    const plan = planned(each.declaration, each.metadata)
    const change = plan.changes.find(candidate => candidate.code === code)
    const { title, kind, sign, fix = null } = rules[code as RuleCode]
    expect(change).toMatchObject({ rule: title, kind, sign, fix, docs: `docs/rules.md#${code}` })
    expect(change?.reason === null).toBe(kind === 'in-place')
    expect(plan.action).toBe(
      plan.changes.some(({ kind: of }) => of === 'breaking')
        ? 'refuse'
        : plan.changes.some(({ kind: of }) => of === 'in-place')
          ? 'evolve'
          : 'none',
    )
  })
})

test('more than ten different problems of one declaration are all told at once', () => {
  const before = created(
    declare(
      [
        column('key', 'string', { required: true }),
        column('kept', 'long', { required: true }),
        column('number', 'long'),
        column('text', 'string'),
        column('tags', map('int', 'string')),
      ],
      { identifier: ['key'], partitionBy: [{ column: 'key', transform: 'bucket[4]' }] },
    ),
  )
  const after = declare(
    [
      column('key', 'string', { required: true }),
      column('number', 'int'),
      column('text', 'string', { required: true }),
      column('tags', map('long', 'string')),
      column('new', 'string', { required: true }),
      column('TEXT', 'string'),
      column('key_bucket_4', 'int'),
      column('_pos', 'long'),
      column('fallback', 'int', { default: 1 }),
      column('exact', 'timestamp_ns'),
      column('a', struct(column('b', 'int'))),
      column('a.b', 'int'),
    ],
    { identifier: ['number'], partitionBy: [{ column: 'number', transform: 'identity' }] },
  )
  const plan = planned(after, before)
  const breaking = plan.changes.filter(({ kind }) => kind === 'breaking')
  expect(breaking.map(({ code, path }) => `${code} ${path}`).toSorted()).toEqual([
    'BR201 new',
    'BR202 number',
    'BR202 tags.key',
    'BR203 text',
    'BR204 kept',
    'BR205 (partition)',
    'BR206 (identifier)',
    'BR207 TEXT',
    'BR208 key_bucket_4',
    'BR209 _pos',
    'BR211 fallback',
    'BR212 exact',
    'BR214 a.b',
    'BR216 number',
  ])
  expect([plan.verdict, plan.action]).toEqual(['breaking', 'refuse'])
  expect(lines(plan).find(({ path }) => path === 'new')?.fieldId).toBeNull()
})

test('what is done stands before what is refused, and that before what is tolerated', () => {
  const plan = planned(declare([column('id', 'long'), column('name', 'int')]), table)
  expect(plan.changes.map(({ kind }) => kind)).toEqual(['in-place', 'breaking', 'tolerated'])
})

describe('ids that are going to be given are in the plan', () => {
  test('for nested columns at every level, in the order in which they are given', () => {
    const before = created(
      declare([
        column('place', struct(column('lat', 'float'))),
        column('points', list(struct(column('x', 'int')))),
        column('tags', map('string', struct(column('n', 'int')))),
      ]),
    )
    const after = declare([
      column('place', struct(column('lat', 'float'), column('long', 'float'))),
      column('points', list(struct(column('x', 'int'), column('y', 'int')))),
      column('tags', map('string', struct(column('n', 'int'), column('m', list('int'))))),
      column('top', struct(column('in', 'int'))),
    ])
    const last = before['last-column-id']
    const added = lines(planned(after, before)).map(({ path, fieldId }) => [path, fieldId])
    expect(added).toEqual([
      ['place.long', last + 2],
      ['points.element.y', last + 3],
      ['tags.value.m', last + 4],
      ['top', last + 1],
    ])
    const done = currentSchema(evolved(before, after))
    expect(done.fields.at(-1)).toMatchObject({ name: 'top', id: last + 1 })
  })

  test('and not where the plan is refused', () => {
    const plan = planned(and(column('note', 'string'), column('must', 'int', { required: true })), table)
    expect(lines(plan).map(({ path, fieldId }) => [path, fieldId])).toEqual([
      ['note', null],
      ['must', null],
    ])
  })
})

describe('a refusal that concerns rows says how many there are', () => {
  const withRows = (rows: number): TableMetadata =>
    committed(
      table,
      {
        action: 'add-snapshot',
        snapshot: {
          'snapshot-id': 1,
          'sequence-number': 1,
          'timestamp-ms': 1_700_000_000_000,
          summary: { operation: 'append', 'total-records': String(rows) },
          'manifest-list': 'file:///tables/t/metadata/snap-1.avro',
        },
      },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 1 },
    )

  test.each([
    [0, 'A row that is stored would have no value for it, and format version 2 has no initial default.'],
    [12345, 'The 12 345 stored rows would have no value for it, and format version 2 has no initial default.'],
  ])('%i', (rows, reason) => {
    const plan = planned(and(column('must', 'int', { required: true })), withRows(rows))
    expect(plan.changes.map(change => change.reason)).toEqual([reason])
  })
})

describe('the id of a plan', () => {
  const id = (declaration: Declaration, metadata: TableMetadata): string => planned(declaration, metadata).id
  const wanted = and(column('note', 'string'))
  const before = id(wanted, table)

  test('is the same for the same declaration and table', () => {
    expect(id(structuredClone(wanted), structuredClone(table))).toBe(before)
    expect(before).toMatch(/^[\da-f]{16}$/)
  })

  test('does not change with new rows', () => {
    const appended = committed(
      table,
      {
        action: 'add-snapshot',
        snapshot: {
          'snapshot-id': 9223372036854775807n,
          'sequence-number': 1,
          'timestamp-ms': 1_700_000_000_000,
          summary: { operation: 'append', 'total-records': '5' },
          'manifest-list': 'file:///tables/t/metadata/snap-1.avro',
        },
      },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 9223372036854775807n },
    )
    expect(id(wanted, appended)).toBe(before)
  })

  test.each<[what: string, TableMetadata]>([
    [
      'a column that another program added',
      reshaped(table, fields => [...fields, { id: 4, name: 'x', required: false, type: 'int' }]),
    ],
    ['a column that another program dropped', reshaped(table, without('size'))],
    ['a sentence that another program wrote', reshaped(table, changed('size', { doc: 'Bytes.' }))],
    [
      'a column that was added and dropped again',
      reshaped(
        reshaped(table, fields => [...fields, { id: 4, name: 'x', required: false, type: 'int' }]),
        without('x'),
      ),
    ],
    ['the partition spec', repartitioned(table, byId)],
    ['the sort order', resorted(table, bySize)],
    ['what was applied', committed(table, { action: 'set-properties', updates: { 'hyp.builtin.release': '2' } })],
    [
      'a name mapping that cannot be read any more, of which the plan tells',
      committed(table, { action: 'set-properties', updates: { 'schema.name-mapping.default': '[{]' } }),
    ],
    ['the table itself', { ...table, 'table-uuid': '00000000-0000-4000-8000-000000000000' }],
  ])('changes with %s', (_what, metadata) => {
    expect(id(wanted, metadata)).not.toBe(before)
  })

  test.each<[what: string, Declaration, TableMetadata, TableMetadata]>([
    ['the format version', and(column('note', 'string', { default: 'x' })), table, inVersion3(table)],
    [
      'a partition spec that is not the default, whose names are taken all the same,',
      and(column('id_bucket', 'int')),
      table,
      committed(table, { action: 'add-spec', spec: { 'spec-id': 0, fields: [byId] } }),
    ],
  ])('changes with %s where the plan does', (_what, declaration, one, other) => {
    expect(id(declaration, one)).not.toBe(id(declaration, other))
  })

  test.each<[what: string, Declaration]>([
    ['a column', things],
    ['a type', and(column('note', 'int'))],
    ['requiredness', and(column('note', 'string', { required: true }))],
    ['a sentence', and(column('note', 'string', { doc: 'A note.' }))],
    ['a default', and(column('note', 'string', { default: 'x' }))],
    ['the order', declare([column('note', 'string'), ...columns])],
    ['the row key', { ...wanted, identifier: ['id'] }],
    ['the partition key', { ...wanted, partitionBy: [{ column: 'id', transform: 'identity' }] }],
    ['the sort order', { ...wanted, sortBy: ['size'] }],
    [
      'a rename in place of an addition',
      but('size', column('note', 'string'), column('bytes', 'int', { renamedFrom: 'size' })),
    ],
  ])('changes with %s of the declaration', (_what, declaration) => {
    expect(id(declaration, table)).not.toBe(before)
  })

  test('differs where the plans differ: a new column, and the same name as a rename of another', () => {
    const added = planned(but('size', column('bytes', 'int')), table)
    const renamed = planned(but('size', column('bytes', 'int', { renamedFrom: 'size' })), table)
    expect(lines(added)).not.toEqual(lines(renamed))
    expect(added.id).not.toBe(renamed.id)
  })

  test('differs where the release does, as a table may be newer than one and not the other', () => {
    const applied = created({ ...things, release: 5 })
    const newer = planned({ ...things, release: 4 }, applied)
    const current = planned({ ...things, release: 5 }, applied)
    expect([newer.verdict, current.verdict]).toEqual(['newer', 'current'])
    expect(newer.id).not.toBe(current.id)
  })
})

describe('the verdict', () => {
  const version = 1
  test.each<[verdict: Plan['verdict'], action: Plan['action'], Declaration, TableMetadata | null]>([
    ['absent', 'create', things, null],
    ['current', 'none', things, table],
    // To leave a column out asks for nothing: it is kept.
    ['current', 'none', but('size'), table],
    ['pending', 'evolve', and(column('note', 'string')), table],
    ['breaking', 'refuse', but('size', column('size', 'string')), table],
    ['newer', 'refuse', things, created({ ...things, release: 2 })],
    ['drifted', 'none', things, reshaped(table, changed('size', { type: 'long' }))],
    ['drifted', 'evolve', things, resorted(table, bySize)],
    ['breaking', 'refuse', things, repartitioned(table, byId)],
    // Nobody applied a declaration to it: nothing is known of others.
    ['pending', 'evolve', and(column('note', 'string')), { ...table, properties: {} }],
  ])('%s: %s', (verdict, action, declaration, metadata) => {
    const plan = planTable(declaration, metadata === null ? null : { metadata, version })
    expect([plan.verdict, plan.action]).toEqual([verdict, action])
  })
})
