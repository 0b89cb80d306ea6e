import { describe, expect, test } from 'vitest'
import { tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { applyTable } from '../../src/stores/table/store.ts'
import {
  changed,
  column,
  created,
  declare,
  evolved,
  inVersion3,
  list,
  map,
  planned,
  reshaped,
  struct,
} from '../schema/declaring.ts'
import { openTable, systemClock } from '../support/crash-table.ts'
import { contentsOf, temporaryFolder } from '../support/table.ts'
import { baseDeclaration, baseTable, tableOf } from './base-schema.ts'
import { add, change, editDeclaration, expectRefused, idsOf, order, told } from './editing.ts'

const must = { required: true }

describe('a declaration and the table it stands for', () => {
  test('#106 that agree are one: nothing is planned, and nothing written', async () => {
    expect(planned(baseDeclaration, baseTable)).toMatchObject({ verdict: 'current', changes: [] })
    const directory = await temporaryFolder()
    const options = {
      catalog: openTable(localFileIO, directory, systemClock),
      declaration: baseDeclaration,
      location: tableLocation(directory),
      context: systemClock,
    }
    await applyTable(options)
    const before = await contentsOf(directory)
    expect((await applyTable(options)).action).toBe('none')
    expect(await contentsOf(directory)).toEqual(before)
  })

  test('#106 agree whatever ids the table gave', () => {
    const other = created(baseDeclaration)
    expect(idsOf(other)).not.toEqual(idsOf(baseTable))
    expect(told(baseDeclaration, other)).toEqual([])
  })

  const primitives = [
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
    'fixed[10]',
    'decimal(10,2)',
    'timestamp_ns',
    'timestamptz_ns',
    'unknown',
    'variant',
    'geometry',
    'geometry(srid:3857)',
    'geography',
    'geography(srid:4326,karney)',
  ]

  test('#107 that has every primitive: each is added, optional, with the next id', () => {
    const wanted = declare(primitives.map((type, index) => column(`c${index}`, type)))
    const plan = planned(wanted, inVersion3(tableOf([])))
    expect(plan.changes.map(({ code, fieldId, change: what }) => [code, fieldId, what])).toEqual(
      primitives.map((type, index) => ['AD101', index + 1, `optional ${type}`]),
    )
    // As many of them as version 2 has are added there, too.
    const some = declare(wanted.columns.slice(0, 14))
    const after = evolved(tableOf([]), some)
    expect(Object.values(idsOf(after))).toEqual(Array.from({ length: 14 }, (_, index) => index + 1))
    expect(currentSchema(after).fields.every(field => !field.required)).toBe(true)
  })

  test('#108 that has every primitive inside a struct, a list and a map', () => {
    const types = primitives.slice(0, 14)
    const wanted = declare([
      column('s', struct(...types.map((type, index) => column(`c${index}`, type)))),
      ...types.map((type, index) => column(`l${index}`, list(type))),
      ...types.map((type, index) => column(`m${index}`, map(type, type))),
    ])
    const after = evolved(tableOf([]), wanted)
    expect(after['last-column-id']).toBe(1 + 14 + 14 * 2 + 14 * 3)
    expect(told(wanted, after)).toEqual([])
  })

  test('#109 that has one member more, three deep: the others keep their ids', () => {
    const declared = (...more: ReturnType<typeof column>[]): ReturnType<typeof declare> =>
      declare([
        column(
          'struct1',
          struct(column('struct2', struct(column('list', list(struct(column('value', 'string'), ...more)))))),
        ),
      ])
    const before = created(declared())
    const after = evolved(before, declared(column('time', 'time')))
    expect(idsOf(after)).toEqual({ ...idsOf(before), 'struct1.struct2.list.element.time': 6 })
  })

  test('#110 that has a second list beside one inside a list', () => {
    const before = created(declare([column('a', list(struct(column('list1', list('string')))))]))
    const wanted = declare([
      column('a', list(struct(column('list1', list('string')), column('list2', list('string'))))),
    ])
    expect(idsOf(evolved(before, wanted))).toEqual({
      ...idsOf(before),
      'a.element.list2': 5,
      'a.element.list2.element': 6,
    })
  })

  test('#111 that has structs in structs where there was nothing', () => {
    const before = created(declare([column('s1', struct(column('s2', struct(column('s3', 'string')))))]))
    const deep = struct(column('s4', struct(column('s5', struct(column('s6', 'string'))))))
    const wanted = declare([column('s1', struct(column('s2', struct(column('s3', 'string'), column('deep', deep)))))])
    expect(idsOf(evolved(before, wanted))).toEqual({
      ...idsOf(before),
      's1.s2.deep': 4,
      's1.s2.deep.s4': 5,
      's1.s2.deep.s4.s5': 6,
      's1.s2.deep.s4.s5.s6': 7,
    })
  })

  test('#112 that has a member more in the value of a map in an element', () => {
    const wanted = (...more: ReturnType<typeof column>[]): ReturnType<typeof declare> =>
      declare([column('l', list(map('string', struct(column('x', 'int'), ...more))))])
    const before = created(wanted())
    expect(idsOf(evolved(before, wanted(column('y', 'int'))))).toEqual({ ...idsOf(before), 'l.element.value.y': 6 })
  })

  test('#113 that is laxer: the table becomes as lax, at every level', () => {
    const wanted = editDeclaration(
      baseDeclaration,
      change('id', { required: false }),
      change('preferences.feature1', { required: false }),
    )
    const after = evolved(baseTable, wanted)
    expect(currentSchema(after).fields[0]?.required).toBe(false)
    expect(told(wanted, after)).toEqual([])
  })

  test('#114 that has fewer columns: they are kept, and told of, unless new rows must have them', () => {
    const wanted = declare([column('id', 'int', must), column('points', list(struct(column('x', 'long', must))))])
    const plan = planned(wanted, baseTable)
    expect(plan.changes.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'BR204 points.element.y',
      'BR204 locations',
      'BR204 doubles',
      'TO301 data',
      'TO301 preferences',
      'TO301 properties',
    ])
    const lax = created(declare([column('a', 'int'), column('b', 'int')]))
    expect(planned(declare([column('a', 'int')]), lax)).toMatchObject({ action: 'none', changes: [{ code: 'TO301' }] })
  })

  test('#115 that comes after another: each adds what it has, and an id is given once', () => {
    const first = declare([column('a', 'int'), column('b', 'int')])
    const second = declare([column('a', 'int'), column('c', 'int')])
    const after = evolved(evolved(tableOf([]), first), second)
    expect(idsOf(after)).toEqual({ a: 1, b: 2, c: 3 })
    expectRefused(declare([column('a', 'int'), column('c', 'string')]), after, 'BR202 c')
  })

  test('#116 that is narrower: refused, unless another program made the table wider', () => {
    const wide = created(declare([column('a', 'long'), column('d', 'decimal(18,2)')]))
    const narrow = declare([column('a', 'int'), column('d', 'decimal(9,2)')])
    expectRefused(narrow, wide, 'BR202 a', 'BR202 d')
    const widened = reshaped(
      reshaped(created(narrow), changed('a', { type: 'long' })),
      changed('d', { type: 'decimal(18,2)' }),
    )
    expect(told(narrow, widened)).toEqual(['TO302 a', 'TO302 d'])
    expect(planned(narrow, widened).action).toBe('none')
  })

  test('#115 two at once: the second looks again and takes the next id', () => {
    const both = editDeclaration(
      declare([column('a', 'int')]),
      add('', column('b', 'int'), column('c', 'int')),
      order('', 'c', 'a', 'b'),
    )
    const after = evolved(evolved(tableOf([]), declare([column('a', 'int'), column('b', 'int')])), both)
    expect(idsOf(after)).toEqual({ c: 3, a: 1, b: 2 })
  })
})
