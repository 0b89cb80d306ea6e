import { describe, expect, test } from 'vitest'
import { builtinDeclaration, builtinReleases } from '../../src/schema/builtin.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { readDeclarationFile } from '../../src/schema/declaration-file.ts'
import { declarationOf, printDeclaration } from '../../src/schema/declaration-of.ts'
import { fingerprint } from '../../src/schema/fingerprint.ts'
import { column, committed, created, declare, idOf, list, map, planned, repartitioned, struct } from './declaring.ts'

/** A table with something of everything. */
const full = declare(
  [
    column('id', 'long', { required: true, doc: 'The key.' }),
    column('origin', struct(column('host', 'string', { required: true, doc: 'Where.' }), column('port', 'int')), {
      required: true,
    }),
    column('tags', list('string', true)),
    column('props', map('string', struct(column('x', 'double'), column('deep', list(map('int', 'uuid', true)))))),
    column('at', 'timestamptz'),
    column('price', 'decimal(12,3)'),
    column('four', 'fixed[4]'),
    column('silent', 'date', { doc: '' }),
  ],
  {
    identifier: ['id', 'origin.host'],
    partitionBy: [
      { column: 'at', transform: 'day' },
      { column: 'origin.host', transform: 'truncate[2]' },
      { column: 'id', transform: 'bucket[8]' },
    ],
    sortBy: [
      { column: 'at', transform: 'hour', direction: 'desc', nulls: 'last' },
      'id',
      { column: 'origin.host', nulls: 'last' },
      { column: 'price', direction: 'desc' },
    ],
  },
)

function reread(declaration: Declaration): Declaration {
  const text = printDeclaration(declaration)
  const base = builtinDeclaration(9)
  const read = readDeclarationFile({ text, path: 'things.json', base, table: declaration.table })
  if ('mistakes' in read) throw new Error(JSON.stringify(read.mistakes))
  return read.declaration
}

describe('the declaration of a table as it is', () => {
  test.each<readonly [string, Declaration]>([
    ['with something of everything', full],
    ['with nothing but columns', declare([column('a', 'int'), column('b', 'string', { required: true })])],
    ...builtinReleases.map(release => [`of the built-in release ${release}`, builtinDeclaration(release)] as const),
  ])('%s plans to nothing, and is what was declared', (_, declared) => {
    const metadata = created(declared)
    const declaration = declarationOf({ table: declared.table, release: declared.release }, metadata)
    expect(planned(declaration, metadata).changes).toEqual([])
    // A row key is a set: the table keeps it by field id.
    expect(fingerprint({ ...declaration, identifier: declared.identifier })).toBe(fingerprint(declared))
    expect(declaration.identifier.toSorted()).toEqual(declared.identifier.toSorted())
  })

  test('spells types in one way, whoever wrote them', () => {
    const metadata = created(declare([column('price', 'decimal(12, 3)'), column('four', 'fixed[ 4 ]')]))
    const declaration = declarationOf({ table: 'things', release: 1 }, metadata)
    expect(declaration.columns.map(({ type }) => type)).toEqual(['decimal(12,3)', 'fixed[4]'])
    expect(planned(declaration, metadata).changes).toEqual([])
  })

  test('leaves out partition fields that were dropped, and goes by the names that columns have now', () => {
    const metadata = created(full)
    const id = idOf(metadata, 'id')
    const dropped = repartitioned(
      metadata,
      { 'source-id': id, 'field-id': 1000, name: 'at_day', transform: 'void' },
      { 'source-id': id, 'field-id': 1002, name: 'any name', transform: 'bucket[8]' },
    )
    const declaration = declarationOf({ table: 'things', release: 1 }, dropped)
    expect(declaration.partitionBy).toEqual([{ column: 'id', transform: 'bucket[8]' }])
    expect(planned(declaration, dropped).changes).toEqual([])
  })

  test('has no sort order where the table is unsorted', () => {
    const metadata = committed(created(full), { action: 'set-default-sort-order', 'sort-order-id': 0 })
    const bare = { ...metadata, 'sort-orders': [...metadata['sort-orders'], { 'order-id': 0, fields: [] }] }
    expect(declarationOf({ table: 'things', release: 1 }, bare).sortBy).toEqual([])
  })
})

describe('its text', () => {
  test('is read as the same declaration', () => {
    const declaration = declarationOf({ table: 'things', release: 1, location: '/srv/ü things' }, created(full))
    expect(reread(declaration)).toEqual(declaration)
  })

  test('has a column a line, and no line that is longer than it has to be', () => {
    const text = printDeclaration(declarationOf({ table: 'things', release: 1 }, created(full)))
    const lines = text.split('\n')
    expect(lines).toContain('    { "name": "id", "type": "long", "required": true, "doc": "The key." },')
    expect(lines).toContain('  "identifier": ["id", "origin.host"],')
    expect(lines.filter(line => line.length > 120)).toEqual([])
    expect(text.endsWith('}\n')).toBe(true)
  })

  test('of a table with nothing to say is whole as well', () => {
    const declaration = declarationOf({ table: 'things', release: 1 }, created(declare([column('a', 'int')])))
    expect(reread(declaration)).toEqual(declaration)
    expect(printDeclaration(declaration)).toContain('"partitionBy": []')
  })
})
