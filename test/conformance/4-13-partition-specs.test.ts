import { describe, expect, test } from 'vitest'
import type { PartitionField, TableMetadata } from '../../src/iceberg/types.ts'
import {
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
  struct,
} from '../schema/declaring.ts'
import { baseTable, tableOf } from './base-schema.ts'
import { change, expectIllegal, expectRefused, withSchema } from './editing.ts'

const must = { required: true }

function by(transform: string, source: number, name: string, id = 1000): PartitionField {
  return { 'source-id': source, 'field-id': id, name, transform }
}

const table = tableOf([
  { id: 1, name: 'id', required: true, type: 'long' },
  { id: 2, name: 'at', required: true, type: 'timestamptz' },
  {
    id: 3,
    name: 's',
    required: false,
    type: { type: 'struct', fields: [{ id: 4, name: 'x', required: false, type: 'int' }] },
  },
])

describe('another spec', () => {
  const bucket = by('bucket[4]', 1, 'id_bucket')
  const day = by('day', 2, 'at_day', 1001)

  test('#181 that there was before is used again: what was taken away and put back is no change', () => {
    const both = repartitioned(table, bucket, day)
    const one = repartitioned(both, bucket)
    const again = repartitioned(one, bucket, day)
    expect(again['partition-specs']).toEqual(one['partition-specs'])
    expect(again['default-spec-id']).toBe(both['default-spec-id'])
    expect(again['last-partition-id']).toBe(1001)
  })

  test('#181 that has a name more for the same field is another', () => {
    const renamed = repartitioned(repartitioned(table, bucket), { ...bucket, name: 'shard' })
    expect(renamed['partition-specs'].map(spec => spec.fields.map(({ name, 'field-id': id }) => [name, id]))).toEqual([
      [],
      [['id_bucket', 1000]],
      [['shard', 1000]],
    ])
  })

  test.each<[what: string, fields: readonly PartitionField[], reason: string]>([
    ['one name twice', [bucket, { ...day, name: 'id_bucket' }], 'cannot use partition name more than once: id_bucket'],
    [
      'a source that is not there',
      [by('identity', 99, 'x')],
      'cannot find source column for partition field: 1000: x: identity(99)',
    ],
    ['the name of a column', [by('bucket[4]', 1, 'at')], 'cannot create partition from name that exists in schema: at'],
    [
      'the identity of another column',
      [by('identity', 1, 'at')],
      'cannot create partition from name that exists in schema: at',
    ],
    ['a transform that does not suit', [by('day', 1, 'id_day')], 'invalid source type long for transform: day'],
    ['a transform that is not known', [by('zorder', 1, 'z')], 'invalid source type long for transform: zorder'],
    ['a struct', [by('identity', 3, 's')], 'cannot partition by non-primitive source field: s'],
  ])('#182, #183 is refused with %s', (_what, fields, reason) => {
    expectIllegal(() => repartitioned(table, ...fields), reason)
  })

  test('#182 is refused with two times of one column, of which one says it all', () => {
    expectIllegal(() => repartitioned(table, day, by('hour', 2, 'at_hour', 1002)), 'at_hour')
  })

  test('#182 is refused with one transform of one column twice', () => {
    expectIllegal(() => repartitioned(table, bucket, by('bucket[4]', 1, 'again', 1001)), 'again')
  })

  test('#182 is nothing that a declaration asks a table for', () => {
    const keyed = declare([column('id', 'long', must)], { partitionBy: [{ column: 'id', transform: 'bucket[4]' }] })
    for (const partitionBy of [
      [],
      [{ column: 'id', transform: 'bucket[8]' }],
      [...keyed.partitionBy, { column: 'id', transform: 'identity' }],
    ])
      expectRefused({ ...keyed, partitionBy }, created(keyed), 'BR205 (partition)')
  })

  test('#183 is made by members of structs, and not by what is in lists and maps', () => {
    expect(repartitioned(table, by('bucket[4]', 4, 's.x_bucket'))['default-spec-id']).toBe(1)
    for (const [id, parent] of [
      [15, 'points'],
      [17, 'doubles'],
      [18, 'properties'],
      [20, 'locations'],
    ] as const)
      expectIllegal(
        () => repartitioned(baseTable, by('identity', id, 'part')),
        `invalid partition field parent: ${parent}`,
      )
  })

  test('#183 of a new table gets ids from 1000 on, and names as other engines give them', () => {
    const made = created(
      declare([column('id', 'long'), column('at', 'timestamptz'), column('s', struct(column('x', 'string')))], {
        partitionBy: [
          { column: 'id', transform: 'bucket[16]' },
          { column: 'at', transform: 'day' },
          { column: 's.x', transform: 'truncate[4]' },
          { column: 'id', transform: 'identity' },
        ],
      }),
    )
    expect(made['partition-specs'][0]?.fields.map(({ name, 'field-id': id }) => [name, id])).toEqual([
      ['id_bucket_16', 1000],
      ['at_day', 1001],
      ['s.x_trunc_4', 1002],
      ['id', 1003],
    ])
    const twice = [
      { column: 'id', transform: 'identity' },
      { column: 'id', transform: 'identity' },
    ]
    expectIllegal(() => created(declare([column('id', 'long')], { partitionBy: twice })), 'more than once: id')
    for (const [type, path] of [
      [list('int'), 'c.element'],
      [map('int', 'int'), 'c.value'],
      [struct(column('x', 'int')), 'c'],
    ] as const)
      expectIllegal(
        () => created(declare([column('c', type)], { partitionBy: [{ column: path, transform: 'identity' }] })),
        'partition',
      )
  })

  test('#183 has no name that a member of a struct has as its full name', () => {
    expectIllegal(
      () => repartitioned(table, by('bucket[4]', 1, 's.x')),
      'cannot create partition from name that exists in schema: s.x',
    )
  })

  test('#184 counts on from the highest field id there ever was', () => {
    const high = repartitioned(table, by('bucket[4]', 1, 'id_bucket', 1007))
    expect(high['last-partition-id']).toBe(1007)
    const low = repartitioned(high, by('bucket[8]', 1, 'id_bucket_8', 1003))
    expect(low['last-partition-id']).toBe(1007)
    expect(low['partition-specs'].map(spec => spec['spec-id'])).toEqual([0, 1, 2])
  })

  test('#185 with a void field in place of one that went is the spec without it', () => {
    const keyed = declare([column('id', 'long', must), column('b', 'int')], {
      partitionBy: [{ column: 'id', transform: 'bucket[4]' }],
    })
    const voided = repartitioned(
      created(keyed),
      { ...by('bucket[4]', 1, 'id_bucket_4') },
      by('void', 2, 'b_void', 1001),
    )
    expect(planned(keyed, voided).changes).toEqual([])
    // Its source may go, as nothing is computed from it.
    expect(
      withSchema(
        voided,
        top => ({ ...(top as object), fields: [{ id: 1, name: 'id', required: true, type: 'long' }] }) as never,
      ),
    ).toBeDefined()
  })
})

describe('the source of a partition field', () => {
  const named: readonly (readonly [transform: string, name: string])[] = [
    ['identity', 'date'],
    ['bucket[4]', 'date_bucket_4'],
  ]

  test.each(named)('#186 may get another name: %s stays %s', (transform, name) => {
    const before = created(declare([column('date', 'date')], { partitionBy: [{ column: 'date', transform }] }))
    const wanted = declare([column('event_date', 'date', { renamedFrom: 'date' })], {
      partitionBy: [{ column: 'event_date', transform }],
    })
    const after = evolved(before, wanted)
    expect(after['partition-specs']).toEqual(before['partition-specs'])
    expect(after['partition-specs'][0]?.fields[0]?.name).toBe(name)
    expect(planned(wanted, after).changes).toEqual([])
  })

  test('#186 may get one by another program, which is told of as what it is', () => {
    const keyed = declare([column('date', 'date')], { partitionBy: [{ column: 'date', transform: 'identity' }] })
    const renamed: TableMetadata = withSchema(created(keyed), change('date', { name: 'event_date' }))
    expect(planned(keyed, renamed).changes.map(({ code }) => code)).toEqual(['BR213'])
    expect(planned(keyed, inVersion3(created(keyed))).changes).toEqual([])
    expect(committed(renamed)).toBe(renamed)
  })
})
