import { describe, expect, test } from 'vitest'
import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import type { Companion } from '../../../src/iceberg/companion.ts'
import { IcebergError } from '../../../src/iceberg/errors.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import { appendOnce } from '../../../src/ingest/keys/append-once.ts'
import { orphansOf } from '../../support/crash-check.ts'
import { batch, key, seededContext } from '../../support/crash-table.ts'
import { directory, interrupted, keysOf, newTable, type Place } from './appending.ts'

describe('what goes with the commit', () => {
  const mark: Companion = ({ properties }) => [
    { action: 'set-properties', updates: { mark: `${properties['mark'] ?? ''}+` } },
    { action: 'remove-properties', removals: ['old'] },
  ]

  async function withProperties({ catalog }: Place, updates: Record<string, string>): Promise<void> {
    await catalog.commit(await catalog.load(), { requirements: [], updates: [{ action: 'set-properties', updates }] })
  }

  test('is in the snapshot’s own commit', async () => {
    const place = await newTable()
    await withProperties(place, { old: 'x' })
    const { catalog } = place
    const { table, rows } = await appendOnce(catalog, await catalog.load(), batch('a'), key, seededContext(2), {
      also: mark,
    })
    expect([rows, table.version, table.metadata.properties['mark'], table.metadata.properties['old']]).toEqual([
      6,
      3,
      '+',
      undefined,
    ])
  })

  test.each([
    ['no row is new', batch('a'), 6],
    ['there are no rows', [], 0],
  ])('is committed alone where %s', async (_why, rows, duplicates) => {
    const { disk, catalog, append: add } = await newTable()
    await add(batch('a'))
    const before = await catalog.load()
    const appended = await appendOnce(catalog, before, rows, key, seededContext(2), { also: mark })
    expect(appended).toMatchObject({ rows: 0, duplicates })
    const { metadata, version } = await catalog.load()
    expect([version, metadata.properties['mark'], metadata.snapshots]).toEqual([3, '+', before.metadata.snapshots])
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })

  test('is made anew for what another writer committed first', async () => {
    const place = await newTable()
    const { catalog, append: add, keys, disk } = place
    const others = async (): Promise<void> => {
      await withProperties(place, { mark: 'theirs' })
      await add(batch('a'))
    }
    const base = await catalog.load()
    // Some rows are left, all are stored, and there were none to begin with.
    for (const [index, rows] of [[...batch('a'), ...batch('b')], batch('a'), []].entries()) {
      const { table } = await appendOnce(interrupted(catalog, others), base, rows, key, seededContext(3 + index), {
        also: mark,
      })
      expect(table.metadata.properties['mark']).toBe('theirs+')
    }
    expect(await keys()).toEqual(keysOf([...batch('a'), ...batch('b')]))
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })

  test('can rule the commit out, first or after a conflict; nothing is left behind', async () => {
    const place = await newTable()
    const { catalog, append: add, keys, disk } = place
    const ruledOut = new Error('not this one')
    const also =
      (version: number): Companion =>
      ({ properties }) => {
        if (Number(properties['version'] ?? 0) >= version) throw ruledOut
        return []
      }
    const base = await catalog.load()
    const run = (rows: readonly Row[], through: Catalog, version: number): Promise<unknown> =>
      appendOnce(through, base, rows, key, seededContext(4), { also: also(version) })
    await expect(run(batch('a'), catalog, 0)).rejects.toBe(ruledOut)
    await expect(run([], catalog, 0)).rejects.toBe(ruledOut)
    const others = async (): Promise<void> => {
      await withProperties(place, { version: '1' })
      await add(batch('b'))
    }
    for (const rows of [batch('a'), batch('b'), [...batch('a'), ...batch('b')]])
      await expect(run(rows, interrupted(catalog, others), 1)).rejects.toBe(ruledOut)
    expect(await keys()).toEqual(keysOf(batch('b')))
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })

  test('holds only for the rows that are on main', async () => {
    const { catalog, append: add } = await newTable()
    await add(batch('a'))
    const commits: unknown[] = []
    const watched: Catalog = {
      ...catalog,
      commit: (base, commit) => {
        commits.push(commit.requirements)
        return catalog.commit(base, commit)
      },
    }
    const base = await catalog.load()
    await appendOnce(watched, base, batch('a'), key, seededContext(5), { also: mark })
    const id = base.metadata['current-snapshot-id']
    expect(commits).toEqual([
      [
        { type: 'assert-table-uuid', uuid: base.metadata['table-uuid'] },
        { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': id },
      ],
    ])
  })

  test('and is not known to be committed, the error says how many rows it would be', async () => {
    const { catalog, append: add } = await newTable()
    await add(batch('a').slice(0, 2))
    const unsure: Catalog = {
      ...catalog,
      commit: () => Promise.reject(new IcebergError('COMMIT_STATE_UNKNOWN', 'may be', { version: 3 })),
    }
    const base = await catalog.load()
    for (const [rows, expected] of [
      [batch('a'), { version: 3, rows: 4, duplicates: 2 }],
      [batch('a').slice(0, 2), { version: 3, rows: 0, duplicates: 2 }],
    ] as const)
      await expect(appendOnce(unsure, base, rows, key, seededContext(6), { also: mark })).rejects.toMatchObject({
        code: 'COMMIT_STATE_UNKNOWN',
        details: expected,
      })
  })
})
