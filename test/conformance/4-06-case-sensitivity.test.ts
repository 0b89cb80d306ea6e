import { describe, expect, test } from 'vitest'
import { mergeFieldIdsFromTable } from '../../src/iceberg/ids.ts'
import type { Field } from '../../src/iceberg/types.ts'
import { wantedFields } from '../../src/schema/wanted.ts'
import { column, created, declare, evolved, list, struct } from '../schema/declaring.ts'
import { tableOf } from './base-schema.ts'
import { add, expectRefused, idsOf, told, withSchema } from './editing.ts'

const text = (id: number, name: string): Field => ({ id, name, required: false, type: 'string' })
const both = tableOf([text(1, 'data'), text(2, 'DATA')])

describe('upper and lower case', () => {
  test('#101 tell columns apart that the table has already', () => {
    const merged = mergeFieldIdsFromTable(wantedFields([column('DATA', 'string'), column('data', 'string')]), both)
    expect(merged.fields.map(({ id, name }) => [name, id])).toEqual([
      ['DATA', 2],
      ['data', 1],
    ])
    expect(told(declare([column('data', 'string'), column('DATA', 'string')]), both)).toEqual([])
    // Another of the kind is one too many all the same.
    expectRefused(
      declare([column('data', 'string'), column('DATA', 'string'), column('Data', 'string')]),
      both,
      'BR207 Data',
    )
  })

  test('#102 make no new name: ID beside id', () => {
    const table = created(declare([column('id', 'int')]))
    expectRefused(declare([column('id', 'int'), column('ID', 'int')]), table, 'BR207 ID')
    expectRefused(declare([column('ID', 'int')]), table, 'BR207 ID')
    // Other programs may, and the plan leaves what is there alone.
    const theirs = withSchema(table, add('', { ...text(2, 'ID') }))
    expect(told(declare([column('id', 'int')]), theirs)).toEqual(['TO301 ID'])
  })

  test('#103 make no two new names: data and DATA at once', () => {
    const table = created(declare([column('id', 'int')]))
    expectRefused(
      declare([column('id', 'int'), column('data', 'int'), column('DATA', 'int')]),
      table,
      'BR207 data',
      'BR207 DATA',
    )
    expectRefused(
      declare([column('id', 'int'), column('s', struct(column('x', 'int'), column('X', 'int')))]),
      table,
      'BR207 s.x',
      'BR207 s.X',
    )
  })

  test('#104 may make one name in two structs', () => {
    const table = created(declare([column('s', struct(column('x', 'int')))]))
    const wanted = declare([
      column('s', struct(column('x', 'int'))),
      column('X', 'int'),
      column('t', list(struct(column('X', 'int')))),
    ])
    expect(told(wanted, table)).toEqual(['AD101 X', 'AD101 t'])
  })

  test('#105 do not find what is there: a declared table refuses the near miss rather than add or guess', () => {
    const table = created(declare([column('id', 'int'), column('data', 'string')]))
    expectRefused(declare([column('ID', 'int'), column('DATA', 'string')]), table, 'BR207 ID', 'BR207 DATA')
    const renamed = declare([
      column('ID', 'int', { renamedFrom: 'id' }),
      column('DATA', 'string', { renamedFrom: 'data' }),
    ])
    expect(idsOf(evolved(table, renamed))).toEqual({ ID: 1, DATA: 2 })
  })

  test('#101 beyond ASCII are told by code points, as engines fold them', () => {
    const table = created(declare([column('größe', 'int')]))
    expectRefused(declare([column('größe', 'int'), column('GRÖßE', 'int')]), table, 'BR207 GRÖßE')
    expect(told(declare([column('größe', 'int'), column('grosse', 'int')]), table)).toEqual(['AD101 grosse'])
  })
})
