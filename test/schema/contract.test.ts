import { describe, expect, test } from 'vitest'
import { tableAsDeclared } from '../../src/schema/as-declared.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { Contract, Declaration } from '../../src/schema/declaration.ts'
import { formatMistakes, type Mistake, readDeclarationFile } from '../../src/schema/declaration-file.ts'
import { declarationOf, printDeclaration } from '../../src/schema/declaration-of.ts'
import { builtinFingerprint, fingerprint } from '../../src/schema/fingerprint.ts'
import { planTable } from '../../src/schema/plan.ts'
import { column, created, declare, planned, struct } from './declaring.ts'

const base = builtinDeclaration(9)

function read(text: string, table: string): ReturnType<typeof readDeclarationFile> {
  return readDeclarationFile({ text, path: `schema/${table}.json`, base, table })
}

function declared(content: object, table = 'orders'): Declaration {
  const result = read(JSON.stringify(content), table)
  if ('mistakes' in result) throw new Error(formatMistakes(result.mistakes).join('\n'))
  return result.declaration
}

function mistakes(text: string, table = 'orders'): readonly Mistake[] {
  const result = read(text, table)
  return 'mistakes' in result ? result.mistakes : []
}

const whole = (more: object, columns: readonly object[] = [{ name: 'id', type: 'long' }]): object => ({
  table: 'orders',
  columns,
  ...more,
})

describe('the contract of a declaration', () => {
  test('is what the file says of the table and of each column', () => {
    const contract = { unknownFields: 'discard_value', illTypedValues: 'discard_row' } as const
    const columns = [
      { name: 'id', type: 'long', illTypedValues: 'freeze' },
      { name: 'note', type: 'date', illTypedValues: 'discard_value' },
    ]
    expect(declared(whole({ contract }, columns))).toMatchObject({ contract, columns })
  })

  test('may be said of the built-in table too, in the file that extends it', () => {
    const contract: Contract = { illTypedValues: 'discard_value' }
    const own = { name: 'mine', type: 'int', from: '/mine', illTypedValues: 'discard_row' }
    const declaration = declared({ columns: [own], contract }, base.table)
    expect(declaration.contract).toEqual(contract)
    expect(declaration.columns.at(-1)).toEqual(own)
    expect(declared({ columns: [], contract: { unknownFields: 'freeze' } }, base.table)).toEqual({
      ...base,
      contract: { unknownFields: 'freeze' },
    })
  })

  test('is not there where the file does not say one, and may be empty', () => {
    expect(declared(whole({}))).not.toHaveProperty('contract')
    expect(declared(whole({}), 'orders').columns[0]).toEqual({ name: 'id', type: 'long' })
    expect(declared(whole({ contract: {} })).contract).toEqual({})
  })

  test('changes no fingerprint, no plan and no table', () => {
    const plain = declare(
      [column('id', 'long', { required: true }), column('origin', struct(column('host', 'string')))],
      {
        identifier: ['id'],
      },
    )
    const strict: Declaration = {
      ...plain,
      columns: plain.columns.map(each => ({ ...each, illTypedValues: 'discard_row' as const })),
      contract: { unknownFields: 'discard_row', illTypedValues: 'discard_value' },
    }
    expect(fingerprint(strict)).toBe(fingerprint(plain))
    expect(planTable(strict, null)).toEqual(planTable(plain, null))
    const metadata = created(plain)
    expect(planned(strict, metadata)).toEqual(planned(plain, metadata))
    expect(planned(strict, metadata).changes).toEqual([])
    expect(tableAsDeclared(strict)).toEqual(tableAsDeclared(plain))
    expect(declarationOf({ table: plain.table, release: 1 }, created(strict))).toEqual(
      declarationOf({ table: plain.table, release: 1 }, metadata),
    )
    const extended: Declaration = { ...base, contract: { unknownFields: 'discard_value' } }
    expect(builtinFingerprint(extended)).toBe(builtinFingerprint(base))
  })

  test('is printed with the declaration, and read again as the same', () => {
    const contract: Contract = { unknownFields: 'discard_value', illTypedValues: 'freeze' }
    const declaration = declare([column('id', 'long', { illTypedValues: 'discard_row' })], {
      table: 'orders',
      contract,
    })
    const again = read(printDeclaration(declaration), 'orders')
    expect(again).toMatchObject({ declaration })
  })
})

describe('mistakes in a contract', () => {
  test('are told all at once, each with line, column, path and a way out', () => {
    const text = `{
  "table": "orders",
  "unknownFields": "freeze",
  "columns": [
    { "name": "id", "type": "long", "illTypedValues": "discard" },
    { "name": "at", "type": "date", "illTypedvalues": "freeze" },
    { "name": "origin", "type": { "type": "struct", "fields": [
      { "name": "host", "type": "string", "illTypedValues": "freeze" }
    ] } }
  ],
  "contract": {
    "unkownFields": "freeze",
    "illTypedValues": "evolve",
    "unknownFields": 3,
    "data_type": "discard_rows"
  }
}
`
    const found = mistakes(text)
    expect(found.map(({ line, column: at, path, code, hint }) => [line, at, path, code, hint])).toEqual([
      [3, 3, '/unknownFields', 'unknown-key', 'Write it under `contract`.'],
      [5, 55, '/columns/0/illTypedValues', 'unknown-word', undefined],
      [6, 37, '/columns/1/illTypedvalues', 'unknown-key', 'Did you mean `illTypedValues`?'],
      [
        8,
        43,
        '/columns/2/type/fields/0/illTypedValues',
        'unknown-key',
        'Write it at the column that the field is in: a column’s value is judged whole.',
      ],
      [12, 5, '/contract/unkownFields', 'unknown-key', 'Did you mean `unknownFields`?'],
      [
        13,
        23,
        '/contract/illTypedValues',
        'unknown-word',
        'Rows never change a table: declare the column, and they have a place.',
      ],
      [14, 22, '/contract/unknownFields', 'wrong-kind', undefined],
      [15, 5, '/contract/data_type', 'unknown-key', 'Did you mean `illTypedValues`?'],
    ])
    expect(found[1]?.message).toBe('`illTypedValues` is "freeze", "discard_value" or "discard_row", not "discard".')
  })

  test.each([
    ['"discard_rows"', 'Did you mean "discard_row"?'],
    ['"discard-value"', 'Did you mean "discard_value"?'],
    ['"Freeze"', 'Did you mean "freeze"?'],
    ['"ignore"', undefined],
  ])('a mode %s is one with a suggestion, where one is close', (mode, hint) => {
    const [mistake] = mistakes(JSON.stringify(whole({})).replace(/}$/, `,"contract":{"unknownFields":${mode}}}`))
    expect(mistake).toMatchObject({ code: 'unknown-word', path: '/contract/unknownFields' })
    expect(mistake?.hint).toBe(hint)
  })

  test('a contract that is no object is one, in either kind of file', () => {
    for (const [table, text] of [
      ['orders', JSON.stringify(whole({ contract: 'freeze' }))],
      [base.table, '{"columns": [], "contract": ["freeze"]}'],
    ] as const)
      expect(mistakes(text, table)).toMatchObject([{ code: 'wrong-kind', path: '/contract' }])
  })
})
