import { expect, test } from 'vitest'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { parseMetadata, printMetadata } from '../../src/iceberg/metadata.ts'
import { tableAsDeclared } from '../../src/schema/as-declared.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import { planTable } from '../../src/schema/plan.ts'
import { column, declare, list, map, struct } from './declaring.ts'

test('the table that a declaration makes has nothing to be done to it, and is the same each time', () => {
  for (const declaration of [builtinDeclaration(5), builtinDeclaration(9), declare([column('a', 'int')])]) {
    const table = tableAsDeclared(declaration)
    expect(planTable(declaration, table)).toMatchObject({ verdict: 'current', found: { rows: 0, formatVersion: 2 } })
    expect(tableAsDeclared(declaration)).toEqual(table)
  }
})

test('what has changed since is judged as it would be on the table', () => {
  const before = tableAsDeclared(builtinDeclaration(5))
  expect(planTable(builtinDeclaration(6), before).verdict).toBe('breaking')
  expect(planTable(builtinDeclaration(4), before).verdict).toBe('newer')
  const wider = declare([column('a', 'long'), column('b', 'string')])
  const plan = planTable(wider, tableAsDeclared(declare([column('a', 'int')])))
  expect(plan.changes.map(({ code, path, fieldId }) => [code, path, fieldId])).toEqual([
    ['AD102', 'a', 1],
    ['AD101', 'b', 2],
  ])
})

test('what only format version 3 has makes a table of version 3, in which it is current, at any depth', () => {
  const declaration = declare(
    [
      column('id', 'long', { required: true, default: 7 }),
      column('at', 'timestamptz_ns'),
      column('any', 'variant'),
      column('deep', map('string', list(struct(column('x', 'timestamp_ns'), column('y', 'int', { default: 1 }))))),
    ],
    { partitionBy: [{ column: 'at', transform: 'day' }] },
  )
  const { metadata } = tableAsDeclared(declaration)
  expect(metadata['format-version']).toBe(3)
  expect(currentSchema(metadata).fields[0]).toMatchObject({ 'initial-default': 7, 'write-default': 7 })
  expect(planTable(declaration, { metadata: parseMetadata(printMetadata(metadata), 'it'), version: 1 })).toMatchObject({
    verdict: 'current',
    changes: [],
  })
  const wider = { ...declaration, columns: [...declaration.columns, column('more', 'variant')] }
  expect(planTable(wider, { metadata, version: 1 }).changes.map(({ code }) => code)).toEqual(['AD101'])
})
