import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { ColumnDeclaration, Declaration } from '../../src/schema/declaration.ts'
import { canonicalJson, fingerprint } from '../../src/schema/fingerprint.ts'

describe('canonical JSON', () => {
  test('sorts keys at every level, by code units, and leaves out what has no value', () => {
    expect(canonicalJson({ b: [{ z: 1, a: null }], a: undefined, É: 1, é: 2, Z: 3 })).toBe(
      '{"Z":3,"b":[{"a":null,"z":1}],"É":1,"é":2}',
    )
  })

  test('prints a bigint as the number it is, beyond what a number can hold', () => {
    expect(canonicalJson([5n, 9223372036854775807n])).toBe('[5,9223372036854775807]')
  })

  test('is JSON that means the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        expect(JSON.parse(canonicalJson(value))).toEqual(plain(value))
      }),
    )
  })

  test('is the same for every order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        expect(canonicalJson(turnedAround(value))).toBe(canonicalJson(value))
      }),
    )
  })
})

describe('a fingerprint', () => {
  const declaration = builtinDeclaration(9)
  const withColumn = (change: Partial<ColumnDeclaration>): Declaration => ({
    ...declaration,
    columns: declaration.columns.map((column, index) => (index === 3 ? { ...column, ...change } : column)),
  })

  test('is 64 hexadecimal digits', () => {
    expect(fingerprint(declaration)).toMatch(/^[0-9a-f]{64}$/)
  })

  test('changes with everything that decides the table', () => {
    const changed: Declaration[] = [
      { ...declaration, table: 'other' },
      { ...declaration, columns: declaration.columns.slice(1) },
      { ...declaration, columns: declaration.columns.toReversed() },
      { ...declaration, identifier: ['part_id'] },
      { ...declaration, partitionBy: [{ column: 'session_id', transform: 'bucket[8]' }] },
      { ...declaration, sortBy: ['session_id'] },
      withColumn({ name: 'other' }),
      withColumn({ type: 'binary' }),
      withColumn({ required: true }),
      withColumn({ doc: 'Another sentence.' }),
    ]
    const all = [declaration, ...changed].map(fingerprint)
    expect(new Set(all).size).toBe(all.length)
  })

  test('stays with everything that does not', () => {
    const same: Declaration[] = [
      { ...declaration, release: 10 },
      withColumn({ since: 1 }),
      withColumn({ required: false }),
      withColumn({ from: '/message/other' }),
      withColumn({ renamedFrom: 'older' }),
    ]
    for (const other of same) expect(fingerprint(other)).toBe(fingerprint(declaration))
  })

  test('looks into nested types in the same manner', () => {
    const field: ColumnDeclaration = { name: 'x', type: 'long' }
    const struct = (inner: ColumnDeclaration) => fingerprint(withColumn({ type: { type: 'struct', fields: [inner] } }))
    expect(struct({ ...field, from: '/y', required: false })).toBe(struct(field))
    expect(struct({ ...field, required: true })).not.toBe(struct(field))

    const list = fingerprint(withColumn({ type: { type: 'list', element: 'int' } }))
    expect(fingerprint(withColumn({ type: { type: 'list', element: 'int', elementRequired: false } }))).toBe(list)
    expect(fingerprint(withColumn({ type: { type: 'list', element: 'int', elementRequired: true } }))).not.toBe(list)

    const map = fingerprint(withColumn({ type: { type: 'map', key: 'string', value: 'int' } }))
    expect(
      fingerprint(withColumn({ type: { type: 'map', key: 'string', value: 'int', valueRequired: true } })),
    ).not.toBe(map)
    expect(fingerprint(withColumn({ type: { type: 'map', key: 'string', value: 'long' } }))).not.toBe(map)
  })
})

/** As JSON has it, which has no negative zero. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

function turnedAround(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turnedAround)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, turnedAround(member)]),
  )
}
