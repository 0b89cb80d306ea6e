import { describe, expect, test } from 'vitest'
import { currentSchema } from '../../src/iceberg/ids.ts'
import type { Field, ListType, PartitionField, SortField, TableMetadata } from '../../src/iceberg/types.ts'
import { appliedProperties } from '../../src/schema/applied.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { ColumnDeclaration, Declaration } from '../../src/schema/declaration.ts'
import { stageAdoption } from '../../src/schema/evolve/adopt.ts'
import {
  changed,
  column,
  committed,
  created,
  declare,
  evolved,
  idOf,
  list,
  map,
  planned,
  repartitioned,
  reshaped,
  resorted,
  struct,
  without,
} from './declaring.ts'

/*
 * A difference is pending where the declaration is ahead of what was applied,
 * and drift where the table is not what was applied.
 */

const columns = [
  column('id', 'long', { required: true, doc: 'The key.' }),
  column('name', 'string'),
  column('size', 'int'),
  column('place', struct(column('lat', 'float'), column('long', 'float'))),
]
const things = declare(columns, { identifier: ['id'] })
const table = created(things)

/** `CODE path origin: change` of every line. */
function found(declaration: Declaration, metadata: TableMetadata): string[] {
  return planned(declaration, metadata).changes.map(
    ({ code, path, origin, change }) => `${code} ${path} ${origin}: ${change}`,
  )
}

function and(...more: readonly ColumnDeclaration[]): Declaration {
  return { ...things, columns: [...columns, ...more] }
}

function added(...fields: readonly Field[]): (fields: readonly Field[]) => readonly Field[] {
  return before => [...before, ...fields]
}

const extra: Field = { id: 7, name: 'extra', required: false, type: 'int' }
const bucket: PartitionField = { 'source-id': 1, 'field-id': 1000, name: 'id_bucket', transform: 'bucket[4]' }
const byName: SortField = { transform: 'identity', 'source-id': 2, direction: 'asc', 'null-order': 'nulls-first' }

const byAnother: readonly (readonly [what: string, metadata: TableMetadata, lines: readonly string[]])[] = [
  ['added a column', reshaped(table, added(extra)), ['TO301 extra drift: optional int is not declared']],
  [
    'added a required column',
    reshaped(table, added({ ...extra, required: true })),
    ['BR204 extra drift: required int is not declared'],
  ],
  ['dropped a column', reshaped(table, without('size')), ['BR213 size drift: field 3 was dropped by another program']],
  [
    'renamed a column',
    reshaped(table, changed('size', { name: 'bytes' })),
    ['BR213 size drift: field 3 was renamed to bytes by another program'],
  ],
  [
    'renamed a required column',
    reshaped(table, changed('id', { name: 'key' })),
    ['BR213 id drift: field 1 was renamed to key by another program'],
  ],
  [
    'widened a column',
    reshaped(table, changed('size', { type: 'long' })),
    ['TO302 size drift: long in the table, int declared'],
  ],
  [
    'made a column optional',
    reshaped(table, changed('id', { required: false }), { 'identifier-field-ids': [] }),
    ['BR206 (identifier) drift: none -> id', 'TO302 id drift: optional in the table, required declared'],
  ],
  [
    'made a column required',
    reshaped(table, changed('size', { required: true })),
    ['AD103 size drift: required -> optional'],
  ],
  [
    'documented a column in other words',
    reshaped(table, changed('id', { doc: 'Key.' })),
    ['AD104 id drift: documentation changed'],
  ],
  // What is not declared is nobody's concern.
  ['documented a column that is declared without a sentence', reshaped(table, changed('name', { doc: 'Name.' })), []],
  [
    'reordered the columns',
    reshaped(table, fields => fields.toReversed()),
    ['AD105 (columns) drift: order changed from name on'],
  ],
  ['partitioned the table', repartitioned(table, bucket), ['BR205 (partition) drift: bucket[4](id) -> none']],
  ['ordered the table', resorted(table, byName), ['AD107 (sort order) drift: name -> none']],
  [
    'gave the table another row key',
    reshaped(table, fields => fields, { 'identifier-field-ids': [] }),
    ['BR206 (identifier) drift: none -> id'],
  ],
  [
    'dropped a column and made it again',
    reshaped(reshaped(table, without('size')), added({ ...extra, name: 'size' })),
    ['AD105 (columns) drift: order changed from place on', 'TO304 size drift: field 3 was replaced by field 7'],
  ],
  [
    'dropped a column and made it again as something else',
    reshaped(reshaped(table, without('size')), added({ ...extra, name: 'size', type: 'string' })),
    [
      'AD105 (columns) drift: order changed from place on',
      'BR202 size drift: string -> int',
      'TO304 size drift: field 3 was replaced by field 7',
    ],
  ],
  [
    'let two columns swap their names',
    reshaped(table, fields =>
      fields.map(field => {
        const { name } = field
        return name === 'name' ? { ...field, name: 'size' } : name === 'size' ? { ...field, name: 'name' } : field
      }),
    ),
    [
      'AD105 (columns) drift: order changed from size on',
      'BR202 name drift: int -> string',
      'BR202 size drift: string -> int',
      'BR213 name drift: field 2 is size, and field 3 has its name',
      'BR213 size drift: field 3 is name, and field 2 has its name',
    ],
  ],
  [
    'dropped a member of a struct',
    reshaped(table, changed('place', { type: placeOf(table, without('lat')) })),
    ['BR213 place.lat drift: field 5 was dropped by another program'],
  ],
  [
    'added a member to a struct',
    reshaped(table, changed('place', { type: placeOf(table, added(extra)) })),
    ['TO301 place.extra drift: optional int is not declared'],
  ],
  [
    'widened a member of a struct',
    reshaped(table, changed('place', { type: placeOf(table, changed('lat', { type: 'double' })) })),
    ['TO302 place.lat drift: double in the table, float declared'],
  ],
]

function placeOf(metadata: TableMetadata, change: (fields: readonly Field[]) => readonly Field[]): Field['type'] {
  const type = currentSchema(metadata).fields.find(field => field.name === 'place')?.type
  if (typeof type !== 'object' || type.type !== 'struct') throw new Error('place is a struct')
  return { ...type, fields: change(type.fields) }
}

describe('what another program did is drift:', () => {
  test.each(byAnother)('it %s', (_what, metadata, lines) => {
    expect(found(things, metadata)).toEqual(lines)
    const causes = new Set(planned(things, metadata).changes.map(({ cause }) => cause))
    expect([...causes]).toEqual(lines.length === 0 ? [] : ['other program'])
  })

  test.each(byAnother)(
    'it %s, and a column that is declared meanwhile is pending all the same',
    (_what, metadata, lines) => {
      const note = column('note', 'uuid')
      const all = found(and(note), metadata)
      expect(all.filter(line => line.includes(' pending: '))).toEqual(['AD101 note pending: optional uuid'])
      expect(all.filter(line => line.includes(' drift: ')).toSorted()).toEqual(lines.toSorted())
    },
  )

  test.each(byAnother.filter(([, , lines]) => lines.length > 0 && lines.every(line => /^(?:AD|TO)/.test(line))))(
    'it %s, and what an evolution leaves of that is not told as pending afterwards',
    (_what, metadata) => {
      const declaration = and(column('note', 'uuid'))
      const after = evolved(metadata, declaration)
      const plan = planned(declaration, after)
      expect(plan.action).toBe('none')
      expect(plan.changes.filter(({ kind }) => kind !== 'tolerated')).toEqual([])
    },
  )

  test.each(byAnother)('it %s: once that is accepted, none of it is drift that can be accepted', (_what, metadata) => {
    const plan = planned(things, metadata)
    const { updates } = stageAdoption(plan, metadata, { at: '2024-01-02T03:04:05.000Z', ms: 1, hyp: '0.0.0-test' })
    const accepted = planned(things, committed(metadata, ...updates))
    expect(accepted.changes.filter(({ acceptable }) => acceptable)).toEqual([])
  })
})

describe('what the declaration changed is pending, also where another program was at work before', () => {
  test('a promotion that another program made first is done', () => {
    const wider = declare(
      columns.map(each => (each.name === 'size' ? column('size', 'long') : each)),
      things,
    )
    const declared: Declaration = { ...things, columns: wider.columns }
    expect(
      found({ ...declared, columns: widened('long') }, reshaped(table, changed('size', { type: 'long' }))),
    ).toEqual([])
  })

  test('a column that another program added first, as it is declared, is there', () => {
    expect(found(and(column('extra', 'int')), reshaped(table, added(extra)))).toEqual([])
  })

  test('a column that another program added first as something else is its doing', () => {
    expect(found(and(column('extra', 'string')), reshaped(table, added(extra)))).toEqual([
      'BR202 extra drift: int -> string',
    ])
  })

  test('a narrower type is refused where the table was that wide when it was applied', () => {
    const wide = created({ ...things, columns: widened('long') })
    expect(found(things, wide)).toEqual(['BR202 size pending: long -> int'])
  })

  test('a required column is refused where it was optional when it was applied', () => {
    const strict = columns.map(each => (each.name === 'size' ? column('size', 'int', { required: true }) : each))
    expect(found({ ...things, columns: strict }, table)).toEqual(['BR203 size pending: optional -> required'])
  })

  function widened(type: string): readonly ColumnDeclaration[] {
    return columns.map(each => (each.name === 'size' ? column('size', type) : each))
  }
})

describe('a rename that is declared over several releases', () => {
  const stage = (n: number, name: string, renamedFrom: readonly string[], ...more: ColumnDeclaration[]): Declaration =>
    declare([column('k', 'string'), column(name, 'int', { renamedFrom }), ...more], { release: n })
  const a = declare([column('k', 'string'), column('a', 'int')], { release: 1 })
  const b = stage(2, 'b', ['a'])
  const c = stage(3, 'c', ['b', 'a'])

  test.each([
    ['the first', [a]],
    ['the second', [a, b]],
  ] as const)('is pending from %s stage, whichever the table is at', (_what, [first, ...later]) => {
    const before = (later as Declaration[]).reduce(evolved, created(first))
    const from = later.length === 0 ? 'a' : 'b'
    expect(found(c, before)).toEqual([`AD106 c pending: renamed from ${from}`])
    const after = evolved(before, c)
    expect(idOf(after, 'c')).toBe(2)
    expect(found(c, after)).toEqual([])
  })

  test('is drift where another program did the first half, and goes on from there', () => {
    const halfway = reshaped(created(a), changed('a', { name: 'b' }))
    // The table that was applied has a, so `renamed from a` was pending; `renamed from b` is the same line.
    expect(found(c, halfway)).toEqual(['AD106 c pending: renamed from b'])
    expect(idOf(evolved(halfway, c), 'c')).toBe(2)
  })

  test('is done where another program did all of it', () => {
    expect(found(c, reshaped(created(a), changed('a', { name: 'c' })))).toEqual([])
  })

  test('that was taken back by another program is done again', () => {
    const back = reshaped(evolved(created(a), b), changed('b', { name: 'a' }))
    expect(found(b, back)).toEqual(['AD106 b drift: renamed from a'])
    expect(idOf(evolved(back, b), 'b')).toBe(2)
  })
})

describe('a member that nobody declares', () => {
  test('is kept through evolutions at every level, with its id', () => {
    const first = declare([
      column('s', struct(column('x', 'int'), column('gone', 'int'))),
      column('l', list(struct(column('x', 'int'), column('gone', struct(column('deep', 'int')))))),
      column('m', map('string', struct(column('x', 'int'), column('gone', list('int'))))),
      column('k', map(struct(column('x', 'int'), column('gone', 'int')), 'int')),
    ])
    const before = created(first)
    const later = declare([
      column('s', struct(column('x', 'long'))),
      column('l', list(struct(column('x', 'int'), column('new', 'int')))),
      column('m', map('string', struct(column('x', 'int', { doc: 'x' })))),
      column('k', map(struct(column('x', 'int')), 'long')),
    ])
    expect(
      planned(later, before)
        .changes.filter(({ code }) => code === 'TO301')
        .map(({ path }) => path),
    ).toEqual(['s.gone', 'l.element.gone', 'm.value.gone', 'k.key.gone'])
    const after = JSON.stringify(currentSchema(evolved(before, later)))
    for (const member of ['gone', 'deep'])
      expect(after.split(`"${member}"`)).toHaveLength(JSON.stringify(currentSchema(before)).split(`"${member}"`).length)
  })
})

describe('an edited release', () => {
  const nine = builtinDeclaration(9)
  /** The table of a release 9 that had a column fewer and one that was laxer. */
  const before = (() => {
    const lost = nine.columns.at(-1)?.name
    const was = { ...nine, columns: nine.columns.filter(({ name }) => name !== lost) }
    return { lost: lost as string, metadata: created(was) }
  })()

  test('is drift where the program has another declaration under the number that was applied', () => {
    const plan = planned(nine, before.metadata)
    expect(plan.edited).toMatchObject({ release: 9 })
    expect(plan.changes.map(({ code, path, origin, cause }) => [code, path, origin, cause])).toEqual([
      ['AD101', before.lost, 'drift', 'edited release'],
    ])
    expect([plan.verdict, plan.action]).toEqual(['drifted', 'evolve'])
  })

  test('with a column of the user, which is pending, at the same time', () => {
    const mine = { ...nine, columns: [...nine.columns, column('mine', 'string')] }
    const plan = planned(mine, before.metadata)
    expect(plan.changes.map(({ code, path, origin, cause }) => [code, path, origin, cause])).toEqual([
      ['AD101', before.lost, 'drift', 'edited release'],
      ['AD101', 'mine', 'pending', 'declaration'],
    ])
    expect(plan.verdict).toBe('pending')
  })

  test('with a column that another program added, at the same time', () => {
    const next = before.metadata['last-column-id'] + 1
    const metadata = reshaped(before.metadata, added({ ...extra, id: next }))
    expect(planned(nine, metadata).changes.map(({ path, cause }) => [path, cause])).toEqual([
      [before.lost, 'edited release'],
      ['extra', 'other program'],
    ])
  })

  test('is none where a later release is declared: its columns are pending', () => {
    const eight = created(builtinDeclaration(8))
    const plan = planned(nine, eight)
    expect(plan.edited).toBeNull()
    expect(new Set(plan.changes.map(({ cause }) => cause))).toEqual(new Set(['declaration']))
  })

  test('that was edited, and a later one declared: each column by the release that brought it', () => {
    const eight = builtinDeclaration(8)
    const lost = eight.columns.at(-1)?.name as string
    const metadata = created({ ...eight, columns: eight.columns.filter(({ name }) => name !== lost) })
    const plan = planned(nine, metadata)
    const causes = new Map(plan.changes.map(({ path, cause }) => [path, cause]))
    expect(causes.get(lost)).toBe('edited release')
    for (const { name, since } of nine.columns) {
      if (since === 9) expect([name, causes.get(name)]).toEqual([name, 'declaration'])
    }
  })

  test('is known by the fingerprint that the table holds', () => {
    const metadata = committed(created(nine), {
      action: 'set-properties',
      updates: { [appliedProperties.builtinFingerprint]: 'another' },
    })
    expect(planned(nine, metadata).edited).toMatchObject({ release: 9, applied: 'another' })
    expect(planned(nine, created(nine)).edited).toBeNull()
  })
})

describe('what was applied', () => {
  const three = declare([column('id', 'int'), column('c', 'string', { renamedFrom: ['b', 'a'] })], { release: 2 })
  const first = created(declare([column('id', 'int'), column('a', 'string')]))

  test('is not left for a column that another program gave one of its later names', () => {
    const withTheirs = reshaped(first, fields => [...fields, { id: 3, name: 'b', required: false, type: 'string' }])
    expect(found(three, withTheirs)).toContain('BR213 c drift: field 2 is a, and field 3 has its name')
    expect(planned(three, withTheirs).action).toBe('refuse')
  })

  test('is known by the schema that is current then, also where another program spelled the same otherwise', () => {
    const keyed = declare(
      [column('id', 'int', { required: true }), column('k', 'int', { required: true, doc: 'Key.' })],
      { identifier: ['id', 'k'] },
    )
    const other = reshaped(created(keyed), changed('k', { doc: 'Other.' }), { 'identifier-field-ids': [2, 1] })
    const repaired = evolved(other, keyed)
    expect(Number(repaired.properties['hyp.applied-schema-id'])).toBe(repaired['current-schema-id'])
  })

  test('stays tolerated when the column or what is around it is renamed later', () => {
    const declared = (name: string, around: string, ...more: ColumnDeclaration[]): Declaration =>
      declare([
        column(name, 'int', name === 'a' ? {} : { renamedFrom: 'a' }),
        column(around, struct(column('x', 'int')), around === 'p' ? {} : { renamedFrom: 'p' }),
        column('l', list(struct(column('y', 'int')), true)),
        ...more,
      ])
    const wider = reshaped(created(declared('a', 'p')), fields =>
      fields.map(field => {
        if (field.name === 'a') return { ...field, type: 'long' }
        if (field.name === 'p')
          return { ...field, type: { type: 'struct', fields: [{ id: 4, name: 'x', required: false, type: 'long' }] } }
        return { ...field, type: { ...(field.type as ListType), 'element-required': false } }
      }),
    )
    const later = evolved(wider, declared('a', 'p', column('n', 'int')))
    // What others made laxer inside a list stays so.
    expect(currentSchema(later).fields[2]?.type).toMatchObject({ 'element-required': false })
    const plan = planned(declared('b', 'q', column('n', 'int')), later)
    expect(plan.action).toBe('evolve')
    expect(plan.changes.filter(({ code }) => code === 'TO302')).toHaveLength(3)
  })
})

test('a renamed parent gives its members no name of a partition field', () => {
  const host = struct(column('host', 'string'))
  const at = (path: string): Partial<Declaration> => ({ partitionBy: [{ column: path, transform: 'identity' }] })
  const before = created(declare([column('o', host), column('q', host)], at('o.host')))
  const moved = evolved(before, declare([column('p', host, { renamedFrom: 'o' }), column('q', host)], at('p.host')))
  const taken = declare([column('p', host), column('o', host, { renamedFrom: 'q' })], at('p.host'))
  expect(planned(taken, moved).changes.map(({ code, path }) => `${code} ${path}`)).toContain('BR208 o.host')
  expect(planned(taken, moved).action).toBe('refuse')
})
