import { expect, test } from 'vitest'
import { heldDeclaration } from '../../../src/ingest/backfill/held-declaration.ts'
import { shapeOf } from '../../../src/ingest/flush/shapes.ts'
import { builtinDeclaration } from '../../../src/schema/builtin.ts'
import type { ColumnDeclaration, Declaration } from '../../../src/schema/declaration.ts'
import { newLoading } from './loading.ts'

function own(release: number, ...columns: readonly ColumnDeclaration[]): Declaration {
  const builtin = builtinDeclaration(release)
  return { ...builtin, columns: [...builtin.columns, ...columns] }
}

const text: ColumnDeclaration = { name: 'mine', type: 'string', from: '/mine' }

test.each([
  ['a column of another type', own(9, text), own(9, { ...text, type: 'long' }), []],
  ['a column that must have a value', own(9, text), own(9, text, { ...text, name: 'new', required: true }), ['mine']],
  ['another release', own(5, text), own(6, text), ['mine']],
])('rows that are taken while %s is refused fit the table as it is', async (_what, applied, refused, kept) => {
  const { metadata } = await (await newLoading(applied)).load()
  const held = heldDeclaration(refused, metadata)
  expect(shapeOf(held, applied, metadata)).toMatchObject({ kind: 'fits' })
  const builtin = new Set(builtinDeclaration(applied.release).columns.map(({ name }) => name))
  const names = held.columns.map(({ name }) => name)
  expect(names.filter(name => !builtin.has(name))).toEqual(kept)
  expect(names.filter(name => builtin.has(name))).toEqual([...builtin])
  expect(held).toMatchObject({ release: applied.release, identifier: applied.identifier })
})

test('of a table that nothing was applied to there is only what is declared', async () => {
  const { metadata } = await (await newLoading(own(9))).load()
  const refused = own(9, { ...text, required: true })
  expect(heldDeclaration(refused, { ...metadata, properties: {} })).toBe(refused)
})
