import { describe, expect, test } from 'vitest'
import { currentSchema } from '../../src/iceberg/ids.ts'
import type { Field, TableMetadata } from '../../src/iceberg/types.ts'
import { column, created, declare, evolved, inVersion3, planned, struct } from '../schema/declaring.ts'
import { baseDeclaration, baseTable, tableOf } from './base-schema.ts'
import {
  add,
  asSchema,
  change,
  editDeclaration,
  expectIllegal,
  expectRefused,
  idsOf,
  nested,
  retype,
  told,
  withSchema,
} from './editing.ts'

const must = { required: true }
const extra: Field = { id: 24, name: 'extra', required: false, type: 'string' }

describe('required columns', () => {
  test('#50 without a default are not added by a plan', () => {
    const wanted = editDeclaration(baseDeclaration, add('', column('extra', 'string', must)))
    expectRefused(wanted, baseTable, 'BR201 extra')
    expectRefused(wanted, inVersion3(baseTable), 'BR201 extra')
  })

  // The commit may bring files in which the column has a value; whoever stages it knows.
  test('#50 without a default are left to the plan by the update itself', () => {
    expect(idsOf(withSchema(baseTable, add('', { ...extra, required: true })))['extra']).toBe(24)
  })

  test('#51 with a default are added to a table of version 3, as planned', () => {
    const wanted = editDeclaration(baseDeclaration, add('', column('extra', 'string', { ...must, default: 'unknown' })))
    expect(told(wanted, inVersion3(baseTable))).toEqual(['AD108 extra'])
    expectRefused(wanted, baseTable, 'BR201 extra', 'BR211 extra')
  })

  test('#52 are members of a new optional struct, and not of one that is there', () => {
    const inside = struct(column('must', 'int', must))
    expect(told(editDeclaration(baseDeclaration, add('', column('extra', inside))), baseTable)).toEqual(['AD101 extra'])
    for (const path of ['preferences', 'points.element', 'locations.value'])
      expectRefused(
        editDeclaration(baseDeclaration, add(path, column('must', 'int', must))),
        baseTable,
        `BR201 ${path}.must`,
      )
  })

  test('#53 an addition says at once whether it is required: there is no second step that could be illegal', () => {
    const wanted = editDeclaration(baseDeclaration, add('', column('extra', 'int', { ...must, default: 1 })))
    const [line] = planned(wanted, inVersion3(baseTable)).changes
    expect(line).toMatchObject({ code: 'AD108', change: 'required int default 1' })
    // Added before and required now, the rows between the two may have no value.
    const added: TableMetadata = inVersion3(withSchema(baseTable, add('', { ...extra, type: 'int' })))
    expectRefused(wanted, added, 'BR203 extra')
  })

  test.each(['data', 'preferences', 'preferences.feature2', 'points'])(
    '#61 %s, which is optional, does not become one',
    path => {
      expectRefused(editDeclaration(baseDeclaration, change(path, must)), baseTable, `BR203 ${path}`)
    },
  )

  test('#62 nor does an element or a value', () => {
    expectRefused(
      editDeclaration(baseDeclaration, nested('points', { elementRequired: true })),
      baseTable,
      'BR203 points.element',
    )
    expectRefused(
      editDeclaration(baseDeclaration, nested('properties', { valueRequired: true })),
      baseTable,
      'BR203 properties.value',
    )
  })

  test('#63 a name in another spelling is another column, and not required by being written so', () => {
    const table = created(declare([column('id', 'int')]))
    expectRefused(declare([column('ID', 'int', must)]), table, 'BR207 ID', 'BR201 ID')
    // Said to be the same, it is the same, and cannot be required either.
    expectRefused(declare([column('ID', 'int', { ...must, renamedFrom: 'id' })]), table, 'BR203 ID')
  })
})

describe('columns become optional', () => {
  test('#60 at every level', () => {
    const wanted = editDeclaration(
      baseDeclaration,
      change('id', { required: false }),
      change('preferences.feature1', { required: false }),
      change('points.element.x', { required: false }),
      nested('doubles', { elementRequired: false }),
      nested('locations', { valueRequired: false }),
      change('locations', { required: false }),
    )
    expect(told(wanted, baseTable).toSorted()).toEqual([
      'AD103 doubles.element',
      'AD103 id',
      'AD103 locations',
      'AD103 locations.value',
      'AD103 points.element.x',
      'AD103 preferences.feature1',
    ])
    const after = evolved(baseTable, wanted)
    expect(idsOf(after)).toEqual(idsOf(baseTable))
    expect(told(wanted, after)).toEqual([])
  })

  test('#60 but not inside a key', () => {
    expectRefused(
      editDeclaration(baseDeclaration, change('locations.key.zip', { required: false })),
      baseTable,
      'BR202 locations.key.zip',
    )
  })

  test('#64 but not in the row key, where the format wants them required', () => {
    const keyed = { ...baseDeclaration, identifier: ['id'] }
    const table = asSchema(baseTable, { ...currentSchema(baseTable), 'identifier-field-ids': [1] })
    expectIllegal(() => withSchema(table, change('id', { required: false })), 'id: cannot be an identifier field')
    expect(planned(editDeclaration(keyed, change('id', { required: false })), table).action).toBe('refuse')
  })
})

describe('defaults', () => {
  const version3 = inVersion3(baseTable)

  test('#54 of a new column are both, of one that is there the one of new rows', () => {
    expect(
      told(editDeclaration(baseDeclaration, add('', column('extra', 'string', { default: 'unknown' }))), version3),
    ).toEqual(['AD108 extra'])
    expect(told(editDeclaration(baseDeclaration, change('data', { default: 'x' })), version3)).toEqual(['AD109 data'])
  })

  test.each([
    ['a text for an int', 'int', 'abc'],
    ['a number for a text', 'string', 1],
    ['a number that is too large', 'int', 2 ** 40],
    ['anything for unknown', 'unknown', 1],
    ['a fraction of another scale', 'decimal(9,2)', '1.234'],
  ])('#55 of another type than the column are refused: %s', (_what, type, value) => {
    const wanted = editDeclaration(baseDeclaration, add('', column('extra', type, { default: value })))
    expectRefused(wanted, version3, 'BR217 extra')
  })

  test('#56 that are null are none', () => {
    const added = withSchema(baseTable, add('', { ...extra, 'initial-default': null, 'write-default': null }))
    expect(idsOf(added)['extra']).toBe(24)
  })

  test('#57 that old rows read do not change: only the one of new rows can be declared', () => {
    const [line] = planned(editDeclaration(baseDeclaration, change('data', { default: 'y' })), version3).changes
    expect(line).toMatchObject({ code: 'AD109', rule: 'change the default of new rows' })
    expectIllegal(() => withSchema(baseTable, change('data', { 'initial-default': 'y' })), 'data: initial-default')
  })

  test.each(['initial-default', 'write-default'] as const)('#58 are not for version 2: %s', which => {
    expectIllegal(
      () => withSchema(baseTable, add('', { ...extra, [which]: 'x' })),
      `extra: ${which} is not supported until v3`,
    )
    expectRefused(
      editDeclaration(baseDeclaration, add('', column('extra', 'string', { default: 'x' }))),
      baseTable,
      'BR211 extra',
    )
  })

  test('#59 stay where the type is promoted', () => {
    const fields: Field[] = [
      { id: 1, name: 'c', required: false, type: 'decimal(9,2)', 'initial-default': '1.25', 'write-default': '2.50' },
    ]
    const table = tableOf([{ id: 1, name: 'c', required: false, type: 'decimal(9,2)' }])
    const known = inVersion3({ ...table, schemas: table.schemas.map(schema => ({ ...schema, fields })) })
    expect(told(declare([column('c', 'decimal(18,2)', { default: '2.50' })]), known)).toEqual(['AD102 c'])
  })
})

describe('sentences', () => {
  test('#65 come with the column that they are said of', () => {
    const after = evolved(
      baseTable,
      editDeclaration(baseDeclaration, add('', column('extra', 'string', { doc: 'Said.' }))),
    )
    expect(currentSchema(after).fields.at(-1)).toEqual({ ...extra, doc: 'Said.' })
    expect(after.schemas).toHaveLength(2)
  })

  test('#68 make another schema, and no other ids; not to say one is not to take it away', () => {
    const after = evolved(baseTable, editDeclaration(baseDeclaration, change('data', { doc: 'Said.' })))
    expect(after['current-schema-id']).toBe(1)
    expect(after['last-column-id']).toBe(baseTable['last-column-id'])
    expect(idsOf(after)).toEqual(idsOf(baseTable))
    const silent = editDeclaration(baseDeclaration, change('preferences', { doc: undefined }))
    expect(told(silent, baseTable)).toEqual([])
    const kept = evolved(baseTable, editDeclaration(silent, add('', column('extra', 'string'))))
    expect(currentSchema(kept).fields[2]?.doc).toBe('struct of named boolean options')
  })
})

test('#66 a column that is added has the type that is declared last: one declaration, one step', () => {
  const int = editDeclaration(baseDeclaration, add('', column('extra', 'int')))
  const long = editDeclaration(int, retype('extra', 'long'))
  const after = evolved(baseTable, long)
  expect(currentSchema(after).fields.at(-1)).toEqual({ ...extra, type: 'long' })
  expect(idsOf(after)).toEqual(idsOf(evolved(baseTable, int)))
})

test('#67 a column that is not there cannot be changed: to declare it is to add it', () => {
  const wanted = editDeclaration(baseDeclaration, add('', column('absent', 'long', { doc: 'Said.' })))
  expect(told(wanted, baseTable)).toEqual(['AD101 absent'])
  expectIllegal(
    () => withSchema({ ...baseTable, 'last-column-id': 30 }, add('', { ...extra, id: 25, type: 'long' })),
    'extra: id 25 is not above the last assigned id 30',
  )
})
