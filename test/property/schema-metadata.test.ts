import fc from 'fast-check'
import { expect, test } from 'vitest'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { parseMetadata, printMetadata } from '../../src/iceberg/metadata.ts'
import type { Field, Json, TableMetadata, Type } from '../../src/iceberg/types.ts'
import { committed, created, evolved, planned } from '../schema/declaring.ts'
import { beginnings, Evolving, rounds } from './schema-evolving.ts'

/** Integers up to 63 bits among all other JSON, under keys that nobody here knows. */
const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(value => {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
})
const json: fc.Arbitrary<Json> = fc.oneof(
  integer,
  fc.string(),
  fc.constantFrom(null, true, 1.5),
  fc.array(integer, { maxLength: 3 }),
  fc.dictionary(
    fc.string({ minLength: 1 }).filter(key => key !== '__proto__'),
    integer,
    { maxKeys: 3, noNullPrototype: true },
  ),
)
const extras = fc.array(json, { minLength: 6, maxLength: 6 })

/** The table as another program wrote it: with members of its own wherever there is an object. */
function withExtras(
  metadata: TableMetadata,
  [top, schema, field, nested, spec, snapshot]: readonly Json[],
): TableMetadata {
  const typed = (type: Type): Type => {
    if (typeof type === 'string') return type
    if (type.type === 'struct') return { ...type, fields: type.fields.map(named) }
    const extra = { 'x-nested': nested }
    return type.type === 'list'
      ? { ...type, ...extra, element: typed(type.element) }
      : { ...type, ...extra, key: typed(type.key), value: typed(type.value) }
  }
  const named = (each: Field): Field => Object.assign({ ...each, type: typed(each.type) }, { 'x-field': field })
  return {
    ...metadata,
    'x-top': top,
    schemas: metadata.schemas.map(each => ({ ...each, fields: each.fields.map(named), 'x-schema': schema })),
    'partition-specs': metadata['partition-specs'].map(each => ({ ...each, 'x-spec': spec })),
    snapshots: metadata.snapshots.map(each => ({ ...each, 'x-snapshot': snapshot })),
  }
}

/** Every member called so, at whatever depth. */
function membersCalled(name: string, value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => [...(key === name ? [item] : []), ...membersCalled(name, item)])
}

test('what other programs keep in the metadata is there after any evolution, to the last of 63 bits', () => {
  fc.assert(
    fc.property(
      beginnings,
      rounds,
      extras,
      fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
      (beginning, all, given, id) => {
        const model = new Evolving(beginning)
        model.settle()
        const first = committed(
          created(model.declaration(1)),
          {
            action: 'add-snapshot',
            snapshot: { 'snapshot-id': id, 'sequence-number': 1, 'timestamp-ms': 1_700_000_000_000 },
          },
          { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': id },
        )
        const before = withExtras(first, given)
        for (const round of all) model.evolve(round)
        const declaration = model.declaration(2)
        const after = planned(declaration, before).action === 'none' ? before : evolved(before, declaration)
        const read = parseMetadata(printMetadata(after), 'v2.metadata.json')
        // Ids that fit are plain numbers again.
        expect(JSON.stringify(read, textOf)).toBe(JSON.stringify(after, textOf))
        expect(read['x-top']).toEqual(given[0])
        expect(currentSchema(read)).toMatchObject({ 'x-schema': given[1] })
        for (const [index, name] of ['x-field', 'x-nested'].entries()) {
          const found = membersCalled(name, currentSchema(read).fields)
          expect(found).toHaveLength(membersCalled(name, currentSchema(before).fields).length)
          for (const value of found) expect(value).toEqual(given[index + 2])
        }
        expect(membersCalled('x-spec', read['partition-specs'])).toEqual([given[4]])
        expect(membersCalled('x-snapshot', read.snapshots)).toEqual([given[5]])
        expect(String(read['current-snapshot-id'])).toBe(String(id))
      },
    ),
    { seed: 20_260_803, numRuns: 400 },
  )
})

function textOf(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : typeof value === 'number' ? String(value) : value
}
