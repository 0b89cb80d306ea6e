import { describe, expect, test } from 'vitest'
import { mergeFieldIdsFromTable } from '../../src/iceberg/ids.ts'
import type { TableMetadata, Type } from '../../src/iceberg/types.ts'
import type { DeclaredType } from '../../src/schema/declaration.ts'
import { wantedFields } from '../../src/schema/wanted.ts'
import { column, created, declare, evolved, inVersion3, list, map, planned, struct } from '../schema/declaring.ts'
import { baseDeclaration, baseTable, tableOf } from './base-schema.ts'
import {
  change,
  editDeclaration,
  expectIllegal,
  expectRefused,
  idsOf,
  nested,
  retype,
  told,
  whyIllegal,
  withSchema,
} from './editing.ts'

const types = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'string',
  'uuid',
  'binary',
  'fixed[3]',
  'fixed[4]',
  'decimal(9,2)',
  'decimal(9,3)',
  'decimal(18,2)',
  'timestamp_ns',
  'timestamptz_ns',
  'unknown',
  'geometry',
]

const v3Types = new Set(['timestamp_ns', 'timestamptz_ns', 'unknown', 'geometry'])
const promotions = new Set(['int>long', 'float>double', 'decimal(9,2)>decimal(18,2)'])
const promotionsOf3 = new Set([...promotions, 'date>timestamp', 'date>timestamp_ns'])

function tableWith(type: Type, version = 2): TableMetadata {
  const table = tableOf([{ id: 1, name: 'col', required: false, type: 'int', doc: 'said' }])
  const schemas = table.schemas.map(schema => ({
    ...schema,
    fields: schema.fields.map(field => ({ ...field, type })),
  }))
  return { ...table, 'format-version': version, schemas }
}

describe('every pair of types', () => {
  test.each(types)('#33 %s to any of 21, in a plan of version 2', from => {
    for (const to of types) {
      if (from === to) {
        expect([to, told(declare([column('col', to)]), tableWith(from))]).toEqual([to, []])
        continue
      }
      const isPromoted = promotions.has(`${from}>${to}`)
      const { action, changes } = planned(declare([column('col', to)]), tableWith(from))
      expect([to, action]).toEqual([to, isPromoted ? 'evolve' : 'refuse'])
      const line = changes.find(({ code }) => code === (isPromoted ? 'AD102' : 'BR202'))
      expect(line).toMatchObject({ path: 'col', fieldId: 1, change: `${from} -> ${to}`, type: to })
    }
  })

  test.each(types)('#33 %s to any of 21, in an update of version 2', from => {
    for (const to of types) {
      if (from === to && !v3Types.has(to)) continue
      const reason = whyIllegal(() => withSchema(tableWith(from), change('col', { type: to })))
      expect([to, reason === undefined]).toEqual([to, promotions.has(`${from}>${to}`)])
      if (reason === undefined) continue
      expect(reason).toContain(
        v3Types.has(to)
          ? `col: type ${to} is not supported until v3`
          : `col: cannot promote field from ${from} to ${to}`,
      )
    }
  })

  test.each(types)('#45 %s to any of 21, in a plan of version 3', from => {
    for (const to of types) {
      const { action } = planned(declare([column('col', to)]), tableWith(from, 3))
      const isPromoted = promotionsOf3.has(`${from}>${to}`) || from === 'unknown'
      expect([to, action]).toEqual([to, from === to ? 'none' : isPromoted ? 'evolve' : 'refuse'])
    }
  })

  test.each<[name: string, DeclaredType]>([
    ['list', list('int')],
    ['map', map('string', 'int')],
    ['struct', struct(column('x', 'int'))],
  ])('#45 unknown to a %s, in a plan of version 3', (_name, type) => {
    expect(told(declare([column('col', type)]), tableWith('unknown', 3))).toEqual(['AD102 col'])
  })

  test.each(['identity', 'bucket[4]', 'day', 'month', 'year'])(
    '#45 a date by whose %s the table is partitioned is none of them',
    transform => {
      const partitionBy = [{ column: 'd', transform }]
      const table = inVersion3(created(declare([column('d', 'date')], { partitionBy })))
      for (const type of ['timestamp', 'timestamp_ns'])
        expectRefused(declare([column('d', type)], { partitionBy }), table, 'BR202 d')
    },
  )
})

describe('what a promotion leaves as it is', () => {
  test('#34 sentence, defaults and what nobody knows', () => {
    const told34 = { 'initial-default': 34, 'write-default': 35, 'x-other': true }
    const table = tableWith('int')
    const schemas = table.schemas.map(schema => ({
      ...schema,
      fields: schema.fields.map(field => ({ ...field, ...told34 })),
    }))
    // Version 2 has no defaults: what would be committed is looked at.
    const { fields } = mergeFieldIdsFromTable(wantedFields([column('col', 'long')]), { ...table, schemas })
    expect(fields).toEqual([{ id: 1, name: 'col', required: false, type: 'long', doc: 'said', ...told34 }])
    const plain = evolved(table, declare([column('col', 'long')]))
    expect(plain.schemas.at(-1)?.fields).toEqual([{ id: 1, name: 'col', required: false, type: 'long', doc: 'said' }])
  })

  test('#46 buckets: an int by which the table is partitioned becomes a long', () => {
    const partitionBy = [{ column: 'id', transform: 'bucket[16]' }]
    const before = created(declare([column('id', 'int', { required: true })], { partitionBy }))
    const after = evolved(before, declare([column('id', 'long', { required: true })], { partitionBy }))
    expect(after['partition-specs']).toEqual(before['partition-specs'])
    expect(after['default-spec-id']).toBe(before['default-spec-id'])
  })

  test('#47 identity: a float by which the table is partitioned becomes a double', () => {
    const partitionBy = [{ column: 'f', transform: 'identity' }]
    const after = evolved(
      created(declare([column('f', 'float')], { partitionBy })),
      declare([column('f', 'double')], { partitionBy }),
    )
    expect(after['partition-specs'][0]?.fields).toMatchObject([{ 'source-id': 1, transform: 'identity' }])
  })

  test('#48 truncate and sort order: a decimal gets more digits', () => {
    const more = { partitionBy: [{ column: 'd', transform: 'truncate[10]' }], sortBy: ['d'] }
    const before = created(declare([column('d', 'decimal(9,2)')], more))
    const after = evolved(before, declare([column('d', 'decimal(18,2)')], more))
    expect([after['partition-specs'], after['sort-orders']]).toEqual([before['partition-specs'], before['sort-orders']])
  })
})

describe('decimals', () => {
  const to = (from: string, wanted: string): string[] => told(declare([column('col', wanted)]), tableWith(from))

  test('#35 may have more digits and not fewer', () => {
    expect(to('decimal(20,1)', 'decimal(22,1)')).toEqual(['AD102 col'])
    expect(to('decimal(20,1)', 'decimal(10,1)')).toEqual(['BR202 col'])
    expectIllegal(
      () => withSchema(tableWith('decimal(20,1)'), change('col', { type: 'decimal(10,1)' })),
      'cannot promote field from decimal(20,1) to decimal(10,1)',
    )
  })

  test('#36 keep their scale, have at most 38 digits, and may be spelled with a space', () => {
    for (const scale of [1, 3]) expect(to('decimal(9,2)', `decimal(18,${scale})`)).toEqual(['BR202 col'])
    expect(to('decimal(9,2)', 'decimal(38,2)')).toEqual(['AD102 col'])
    expect(to('decimal(9, 2)', 'decimal(9,2)')).toEqual([])
    expect(to('decimal(9, 2)', 'decimal(18,2)')).toEqual(['AD102 col'])
    expectIllegal(() => withSchema(tableWith('decimal(9,2)'), change('col', { type: 'decimal(39,2)' })), 'col')
  })
})

test.each([
  ['int', 'double'],
  ['int', 'float'],
  ['long', 'decimal(20,0)'],
  ['int', 'string'],
  ['uuid', 'string'],
  ['fixed[16]', 'uuid'],
  ['string', 'binary'],
  ['binary', 'string'],
])('#37 %s is not promoted to %s, which other engines do', (from, to) => {
  expectRefused(declare([column('col', to)]), tableWith(from), 'BR202 col')
  expectIllegal(() => withSchema(tableWith(from), change('col', { type: to })), `from ${from} to ${to}`)
})

describe('inside lists, maps and structs', () => {
  const wide = [
    column('l', list('int')),
    column('m', map('string', 'float')),
    column('k', map('int', 'int')),
    column('s', struct(column('x', 'int'), column('in', struct(column('y', 'int'))))),
    column('deep', list(map('string', struct(column('z', 'decimal(9,2)'))))),
    column('key', map(struct(column('x', 'int')), 'int')),
  ]
  const table = created(declare(wide))
  const edited = (...edits: Parameters<typeof editDeclaration>[1][]): ReturnType<typeof declare> =>
    editDeclaration(declare(wide), ...edits)

  test('#38 elements and values are promoted', () => {
    const after = edited(retype('l.element', 'long'), retype('m.value', 'double'))
    expect(told(after, table)).toEqual(['AD102 l.element', 'AD102 m.value'])
    expect(idsOf(evolved(table, after))).toEqual(idsOf(table))
  })

  test('#39 keys are not', () => {
    expectRefused(edited(retype('k.key', 'long')), table, 'BR202 k.key')
    expectIllegal(() => withSchema(table, retype('k.key', 'long')), 'k.key: cannot change a map key from int to long')
    expectIllegal(() => withSchema(table, retype('k.key', 'double')), 'k.key: cannot promote field from int to double')
  })

  test('#40 nor is what is in a key', () => {
    expectRefused(edited(change('key.key.x', { type: 'long' })), table, 'BR202 key.key.x')
    expectIllegal(
      () => withSchema(table, change('key.key.x', { type: 'long' })),
      'key.key.x: cannot change a map key from int to long',
    )
  })

  const scalars = ['string', 'int', 'boolean'] as const
  const nestedTypes: Readonly<Record<string, DeclaredType>> = {
    list: list('string'),
    struct: struct(column('x', 'string')),
    map: map('string', 'string'),
  }

  test.each([
    ...Object.keys(nestedTypes).flatMap(from => scalars.map(to => [from, to] as const)),
    ...scalars.flatMap(from => Object.keys(nestedTypes).map(to => [from, to] as const)),
    ...Object.keys(nestedTypes).flatMap(from =>
      Object.keys(nestedTypes).flatMap(to => (from === to ? [] : [[from, to] as const])),
    ),
  ])('#41 a %s is not replaced by a %s', (from, to) => {
    const before = created(declare([column('c', nestedTypes[from] ?? from)]))
    const after = created(declare([column('c', nestedTypes[to] ?? to)]))
    expectRefused(declare([column('c', nestedTypes[to] ?? to)]), before, 'BR202 c')
    const type = after.schemas[0]?.fields[0]?.type
    expectIllegal(() => withSchema(before, change('c', { type })), 'c: cannot promote field from')
  })

  test.each([
    ['l.element', 'string', 'long', list('string'), list('long')],
    ['l.value', 'string', 'long', map('string', 'string'), map('string', 'long')],
    ['l.key', 'string', 'uuid', map('string', 'string'), map('uuid', 'string')],
  ] as const)('#42 %s is not changed from %s to %s', (path, from, to, before, after) => {
    const old = created(declare([column('l', before)]))
    expectRefused(declare([column('l', after)]), old, `BR202 ${path}`)
    expectIllegal(() => withSchema(old, retype(path, to)), `${path}: cannot promote field from ${from} to ${to}`)
  })

  test('#43 a struct as a whole is no type to change to or from: its members are', () => {
    expectRefused(edited(change('s', { type: 'string' })), table, 'BR202 s')
    expectRefused(edited(change('s', { type: list('int') })), table, 'BR202 s')
    expectIllegal(() => withSchema(table, change('s', { type: 'string' })), 's: cannot promote field from struct<')
  })

  test('#44 a member of a struct is promoted wherever the struct stands', () => {
    const after = edited(change('s.in.y', { type: 'long' }), change('deep.element.value.z', { type: 'decimal(18,2)' }))
    expect(told(after, table)).toEqual(['AD102 s.in.y', 'AD102 deep.element.value.z'])
    expect(idsOf(evolved(table, after))).toEqual(idsOf(table))
  })
})

test('#49 all that is wrong is told at once: two members, a kind, and a nullability', () => {
  const wanted = editDeclaration(
    baseDeclaration,
    change('id', { type: 'float' }),
    change('preferences', { type: 'string' }),
    retype('points', map('string', 'int')),
    retype('properties', list('string')),
    change('data', { required: true }),
  )
  expectRefused(wanted, baseTable, 'BR202 id', 'BR203 data', 'BR202 preferences', 'BR202 points', 'BR202 properties')
  const reason = whyIllegal(() =>
    withSchema(
      baseTable,
      change('id', { type: 'float' }),
      change('preferences', { type: 'string' }),
      nested('doubles', { element: 'float' }),
    ),
  )
  for (const sentence of [
    'id: cannot promote field from int to float',
    'preferences: cannot promote field from struct<',
    'doubles.element: cannot promote field from double to float',
  ])
    expect(reason).toContain(sentence)
})
