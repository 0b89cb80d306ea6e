import { describe, expect, test } from 'vitest'
import type { Catalog } from '../../src/iceberg/catalog/catalog.ts'
import { tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import type { Requirement, Update } from '../../src/iceberg/commit.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { parseJson, printJson } from '../../src/iceberg/json.ts'
import { checkRequirements, requirementsOf } from '../../src/iceberg/requirements.ts'
import type { TableMetadata } from '../../src/iceberg/types.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { applyTable, type Receipt } from '../../src/stores/table/store.ts'
import { column, committed, declare, repartitioned } from '../schema/declaring.ts'
import { openTable, systemClock } from '../support/crash-table.ts'
import { contentsOf, failure, temporaryFolder } from '../support/table.ts'
import { baseTable } from './base-schema.ts'
import { change, idsOf, withSchema } from './editing.ts'

const schema = currentSchema(baseTable)
const spec = { 'spec-id': 0, fields: [] }
const table: TableMetadata = {
  ...baseTable,
  'current-snapshot-id': 11,
  snapshots: [{ 'snapshot-id': 11, 'sequence-number': 1, 'timestamp-ms': 1 }],
  refs: {
    main: { type: 'branch', 'snapshot-id': 11 },
    audit: { type: 'branch', 'snapshot-id': 9223372036854775807n },
    release: { type: 'tag', 'snapshot-id': 11 },
  },
}

const uuid = { type: 'assert-table-uuid', uuid: table['table-uuid'] } as const
const lastField = { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 23 } as const
const current = { type: 'assert-current-schema-id', 'current-schema-id': 0 } as const
const lastPartition = { type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 999 } as const
const defaultSpec = { type: 'assert-default-spec-id', 'default-spec-id': 0 } as const
const order = { type: 'assert-default-sort-order-id', 'default-sort-order-id': 0 } as const
const audit = { type: 'assert-ref-snapshot-id', ref: 'audit', 'snapshot-id': 9223372036854775807n } as const

describe('what must hold for an update', () => {
  const ref = (name: string, type: 'branch' | 'tag', id = 11): Update => ({
    action: 'set-snapshot-ref',
    'ref-name': name,
    type,
    'snapshot-id': id,
  })

  test.each<[what: string, updates: readonly Update[], more: readonly Requirement[]]>([
    ['nothing', [], []],
    ['add-schema', [{ action: 'add-schema', schema }], [lastField]],
    [
      'add-schema twice',
      [
        { action: 'add-schema', schema },
        { action: 'add-schema', schema },
      ],
      [lastField],
    ],
    ['set-current-schema', [{ action: 'set-current-schema', 'schema-id': -1 }], [current]],
    [
      'an evolution',
      [
        { action: 'add-schema', schema },
        { action: 'set-current-schema', 'schema-id': -1 },
        { action: 'set-properties', updates: { a: 'b' } },
      ],
      [lastField, current],
    ],
    ['add-spec', [{ action: 'add-spec', spec }], [lastPartition]],
    ['set-default-spec', [{ action: 'set-default-spec', 'spec-id': -1 }], [defaultSpec]],
    ['set-default-sort-order', [{ action: 'set-default-sort-order', 'sort-order-id': -1 }], [order]],
    [
      'a branch that is there',
      [ref('main', 'branch')],
      [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 11 }],
    ],
    ['a tag that is new', [ref('new', 'tag')], [{ type: 'assert-ref-snapshot-id', ref: 'new', 'snapshot-id': null }]],
    [
      'a branch twice',
      [ref('main', 'branch'), ref('main', 'branch')],
      [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 11 }],
    ],
  ])('#139 %s', (_what, updates, more) => {
    expect(requirementsOf(updates, table)).toEqual([uuid, ...more])
  })

  test('#141 that removes schemas or specs: no other branch has moved; main and tags do not count', () => {
    expect(requirementsOf([{ action: 'remove-schemas', 'schema-ids': [1] }], table)).toEqual([uuid, current, audit])
    expect(requirementsOf([{ action: 'remove-partition-specs', 'spec-ids': [1] }], table)).toEqual([
      uuid,
      defaultSpec,
      audit,
    ])
  })

  const unconditional: readonly Update[] = [
    { action: 'set-properties', updates: { a: 'b' } },
    { action: 'remove-properties', removals: ['a'] },
    { action: 'set-location', location: 'file:///else' },
    { action: 'upgrade-format-version', 'format-version': 2 },
    { action: 'assign-uuid', uuid: table['table-uuid'] },
    { action: 'set-statistics', statistics: { 'snapshot-id': 11 } },
    { action: 'remove-statistics', 'snapshot-id': 11 },
    { action: 'set-partition-statistics', 'partition-statistics': { 'snapshot-id': 11 } },
    { action: 'remove-partition-statistics', 'snapshot-id': 11 },
    { action: 'add-snapshot', snapshot: { 'snapshot-id': 12, 'timestamp-ms': 1 } },
    { action: 'remove-snapshots', 'snapshot-ids': [11] },
    { action: 'remove-snapshot-ref', 'ref-name': 'audit' },
    { action: 'add-sort-order', 'sort-order': { 'order-id': 1, fields: [] } },
  ]

  test.each(unconditional.map(update => [update.action, update] as const))(
    '#142 %s: only that it is the table',
    (_action, update) => {
      expect(requirementsOf([update], table)).toEqual([uuid])
    },
  )
})

describe('a requirement', () => {
  test.each<[Requirement, reason: string]>([
    [{ ...uuid, uuid: 'other' }, `UUID does not match: expected other != ${table['table-uuid']}`],
    [{ ...lastField, 'last-assigned-field-id': 2 }, 'last assigned field id changed: expected id 2 != 23'],
    [{ ...current, 'current-schema-id': 3 }, 'current schema changed: expected id 3 != 0'],
    [{ ...lastPartition, 'last-assigned-partition-id': 5 }, 'last assigned partition id changed: expected id 5 != 999'],
    [{ ...defaultSpec, 'default-spec-id': 2 }, 'default partition spec changed: expected id 2 != 0'],
    [{ ...order, 'default-sort-order-id': 2 }, 'default sort order changed: expected id 2 != 0'],
    [{ ...audit, 'snapshot-id': null }, 'branch audit was created concurrently'],
    [{ ...audit, ref: 'gone' }, 'branch or tag gone is missing, expected 9223372036854775807'],
    [{ ...audit, 'snapshot-id': 14 }, 'branch audit has changed: expected id 14 != 9223372036854775807'],
    [{ type: 'assert-create' }, 'table already exists'],
  ])('#140 that does not hold is a conflict that says which: %o', (requirement, reason) => {
    expect(() => checkRequirements(table, [requirement])).toThrow(
      failure('COMMIT_CONFLICT', `Requirement failed: ${reason}`),
    )
  })

  const evolution = requirementsOf(
    [
      { action: 'add-schema', schema },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
    baseTable,
  )

  test('#143 of an evolution holds where only the partition spec changed meanwhile', () => {
    const bucket = { 'source-id': 2, 'field-id': 1000, name: 'data_bucket', transform: 'bucket[4]' }
    expect(() => checkRequirements(repartitioned(baseTable, bucket), evolution)).not.toThrow()
    expect(() =>
      checkRequirements(committed(baseTable, { action: 'set-properties', updates: { a: 'b' } }), evolution),
    ).not.toThrow()
  })

  test('#144 of an evolution does not hold where columns changed, be it that only an id was used up', () => {
    const renamed = withSchema(baseTable, change('data', { doc: 'Said.' }))
    expect(() => checkRequirements(renamed, evolution)).toThrow(failure('COMMIT_CONFLICT', 'current schema changed'))
    const restored = { ...baseTable, 'last-column-id': 24 }
    expect(() => checkRequirements(restored, evolution)).toThrow(
      failure('COMMIT_CONFLICT', 'last assigned field id changed: expected id 23 != 24'),
    )
  })

  test('#146 of a new spec does not hold where another was added or made the default, nor that of a create', () => {
    const made = requirementsOf(
      [
        { action: 'add-spec', spec },
        { action: 'set-default-spec', 'spec-id': -1 },
      ],
      baseTable,
    )
    const bucket = { 'source-id': 2, 'field-id': 1000, name: 'data_bucket', transform: 'bucket[4]' }
    const added = committed(baseTable, { action: 'add-spec', spec: { 'spec-id': 0, fields: [bucket] } })
    expect(() => checkRequirements(added, made)).toThrow(
      failure('COMMIT_CONFLICT', 'last assigned partition id changed'),
    )
    const chosen = { ...baseTable, 'default-spec-id': 1 }
    expect(() => checkRequirements(chosen, made)).toThrow(failure('COMMIT_CONFLICT', 'default partition spec changed'))
    expect(() => checkRequirements(baseTable, [{ type: 'assert-create' }])).toThrow(
      failure('COMMIT_CONFLICT', 'table already exists'),
    )
  })

  test('#149 of one table does not hold for another of the same place', () => {
    const another = { ...baseTable, 'table-uuid': '6bd4a1b0-0000-4000-8000-000000000002' }
    expect(() => checkRequirements(another, evolution)).toThrow(failure('COMMIT_CONFLICT', 'UUID does not match'))
  })

  test('#151 with an id beyond 2^53 is written as a plain number', () => {
    expect(printJson(audit)).toBe('{"type":"assert-ref-snapshot-id","ref":"audit","snapshot-id":9223372036854775807}')
    expect(parseJson(printJson(audit) ?? '')).toEqual(audit)
  })

  test('#152 compares ids as integers, whether they are small or large', () => {
    for (const id of [11, 11n]) {
      const held = { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': id } as const
      expect(() => checkRequirements(table, [held])).not.toThrow()
    }
    const near = { ...audit, 'snapshot-id': 9223372036854775806n }
    expect(() => checkRequirements(table, [near])).toThrow(failure('COMMIT_CONFLICT', 'has changed'))
  })
})

describe('two that add columns at once', () => {
  async function race(
    first: Declaration,
    mine: Declaration,
    theirs: Declaration,
  ): Promise<{ receipt: Receipt; catalog: Catalog }> {
    const directory = await temporaryFolder()
    const inner = openTable(localFileIO, directory, systemClock)
    const apply = (declaration: Declaration, catalog: Catalog): Promise<Receipt> =>
      applyTable({ catalog, declaration, location: tableLocation(directory), context: systemClock })
    await apply(first, inner)
    let isFirst = true
    const late: Catalog = {
      ...inner,
      commit: async (base, commit) => {
        if (isFirst) await apply(theirs, inner)
        isFirst = false
        return inner.commit(base, commit)
      },
    }
    return { receipt: await apply(mine, late), catalog: inner }
  }

  const a = column('a', 'int')
  const having = (...names: readonly string[]): Declaration => declare([a, ...names.map(name => column(name, 'int'))])

  test('#145 another column: the second plans again and gets the next id', async () => {
    const { receipt } = await race(having(), having('mine'), having('theirs'))
    expect(receipt.action).toBe('evolve')
    expect(idsOf(receipt.table.metadata)).toMatchObject({ theirs: 2, mine: 3 })
  })

  test('#145 the same column: the second finds it there', async () => {
    const { receipt, catalog } = await race(having(), having('both'), having('both'))
    expect(receipt.action).toBe('none')
    expect(receipt.table.version).toBe((await catalog.load()).version)
  })

  test('#148 the same commit sent twice is applied once', async () => {
    const directory = await temporaryFolder()
    const catalog = openTable(localFileIO, directory, systemClock)
    const { table: base } = await applyTable({
      catalog,
      declaration: having(),
      location: tableLocation(directory),
      context: systemClock,
    })
    const updates: readonly Update[] = [
      {
        action: 'add-schema',
        schema: {
          ...currentSchema(base.metadata),
          fields: [...currentSchema(base.metadata).fields, { id: 2, name: 'b', required: false, type: 'int' }],
        },
      },
      { action: 'set-current-schema', 'schema-id': -1 },
    ]
    const commit = { requirements: requirementsOf(updates, base.metadata), updates }
    await catalog.commit(base, commit)
    const before = await contentsOf(directory)
    await expect(catalog.commit(base, commit)).rejects.toEqual(failure('COMMIT_CONFLICT', 'version 2'))
    await expect(catalog.commit(await catalog.load(), commit)).rejects.toEqual(
      failure('COMMIT_CONFLICT', 'Requirement failed'),
    )
    expect(await contentsOf(directory)).toEqual(before)
  })
})
