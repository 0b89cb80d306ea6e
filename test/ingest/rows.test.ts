import { describe, expect, test } from 'vitest'
import { rowShaper } from '../../src/ingest/rows.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { ColumnDeclaration, Declaration } from '../../src/schema/declaration.ts'

const captured = {
  row: { session_id: 'session', conversation_id: null, part_id: 'part', role: 'user' },
  record: { message: { stop_reason: 'end_turn', usage: { speed: 2.5 } }, version: '2.1', flags: [true, false] },
}

function withUser(release: number, ...columns: readonly ColumnDeclaration[]): Declaration {
  const declaration = builtinDeclaration(release)
  return { ...declaration, columns: [...declaration.columns, ...columns] }
}

test('a row has every declared column, says who wrote it and by which release', () => {
  const row = rowShaper(builtinDeclaration(9), 'gateway').shape(captured)
  expect(Object.keys(row)).toEqual(builtinDeclaration(9).columns.map(column => column.name))
  expect(row).toMatchObject({
    gateway_id: 'gateway',
    schema_version: 9,
    session_id: 'session',
    role: 'user',
    model: null,
  })
})

describe('before session and conversation were told apart', () => {
  test.each([4, 5])('release %i keeps the session in conversation_id', release => {
    const row = rowShaper(builtinDeclaration(release), 'gateway').shape(captured)
    expect(row).toMatchObject({ conversation_id: 'session', schema_version: release })
    expect(row).not.toHaveProperty('session_id')
  })

  test('a conversation that is known stays', () => {
    const known = { ...captured, row: { ...captured.row, conversation_id: 'thread' } }
    expect(rowShaper(builtinDeclaration(5), 'gateway').shape(known)).toMatchObject({ conversation_id: 'thread' })
  })

  test('from release 6 on a missing conversation is null', () => {
    expect(rowShaper(builtinDeclaration(6), 'gateway').shape(captured)).toMatchObject({
      conversation_id: null,
      session_id: 'session',
    })
  })
})

describe('a column of the user', () => {
  test('takes its value from the record', () => {
    const shaper = rowShaper(
      withUser(
        9,
        { name: 'stop', type: 'string', from: '/message/stop_reason' },
        { name: 'speed', type: 'double', from: '/message/usage/speed' },
        { name: 'first_flag', type: 'boolean', from: '/flags/0' },
        { name: 'absent', type: 'string', from: '/nowhere/at/all' },
      ),
      'gateway',
    )
    expect(shaper.shape(captured)).toMatchObject({ stop: 'end_turn', speed: 2.5, first_flag: true, absent: null })
    expect(shaper.illTyped).toEqual({})
  })

  test('whose value is of another type is null, and counted by column', () => {
    const shaper = rowShaper(
      withUser(
        9,
        { name: 'stop', type: 'long', from: '/message/stop_reason' },
        { name: 'version', type: 'boolean', from: '/version' },
        { name: 'usage', type: 'string', from: '/flags' },
      ),
      'gateway',
    )
    expect(shaper.shape(captured)).toMatchObject({ stop: null, version: null })
    shaper.shape({ ...captured, record: { message: { stop_reason: 7 }, version: 'no' } })
    expect(shaper.illTyped).toMatchObject({ stop: 1, version: 2 })
  })

  test('that is null in the record is null, and no mistake', () => {
    const shaper = rowShaper(withUser(9, { name: 'stop', type: 'long', from: '/stop' }), 'gateway')
    expect(shaper.shape({ ...captured, record: { stop: null } })).toMatchObject({ stop: null })
    expect(shaper.illTyped).toEqual({})
  })

  test('never takes the place of a value that the source gives', () => {
    const shaper = rowShaper(withUser(9, { name: 'mine', type: 'string', from: '/message/role' }), 'gateway')
    expect(shaper.shape({ ...captured, record: { message: { role: 'other' } } })).toMatchObject({
      role: 'user',
      mine: 'other',
    })
  })
})
