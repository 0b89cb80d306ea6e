import { describe, expect, test } from 'vitest'
import { type ExpiryRule, expirable } from '../../src/iceberg/expiry/expirable.ts'
import type { Long, SnapshotRef, TableMetadata } from '../../src/iceberg/types.ts'
import { failure, newMetadata, required } from '../support/table.ts'

const start = 1_700_000_000_000
const minute = 60_000

/** A table with a snapshot each minute: ids from 1, each the child of the one before unless told otherwise. */
function tableOf(
  count: number,
  {
    refs = {},
    parents = {},
    properties = {},
  }: {
    refs?: Record<string, SnapshotRef>
    parents?: Record<number, Long | undefined>
    properties?: Record<string, string>
  } = {},
): TableMetadata {
  const snapshots = Array.from({ length: count }, (_, index) => {
    const id = index + 1
    const parent = id in parents ? parents[id] : id === 1 ? undefined : id - 1
    return {
      'snapshot-id': id,
      'sequence-number': id,
      'timestamp-ms': start + index * minute,
      'manifest-list': `file:///t/metadata/snap-${id}.avro`,
      ...(parent === undefined ? {} : { 'parent-snapshot-id': parent }),
    }
  })
  return {
    ...newMetadata({ columns: [required('id', 'int')] }),
    snapshots,
    properties,
    'current-snapshot-id': count,
    refs: { main: { type: 'branch', 'snapshot-id': count }, ...refs },
  }
}

/** The rule at the moment of a snapshot. */
function rule(at: number, change: Partial<ExpiryRule> = {}): ExpiryRule {
  return { nowMs: start + (at - 1) * minute, minSnapshots: 1, maxAgeMs: 5 * minute, pinned: new Set(), ...change }
}

function upTo(last: number, first = 1): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

describe('snapshots of main', () => {
  test('go when they were the newest longer ago than the age, and are more than the number', () => {
    expect(expirable(tableOf(20), rule(20))).toEqual({ snapshots: upTo(13), refs: [] })
    expect(expirable(tableOf(20), rule(20, { minSnapshots: 10 })).snapshots).toEqual(upTo(10))
    expect(expirable(tableOf(20), rule(20, { minSnapshots: 10, maxAgeMs: 15 * minute })).snapshots).toEqual(upTo(3))
    expect(expirable(tableOf(20), rule(20, { minSnapshots: 20 })).snapshots).toEqual([])
  })

  test('do not go all, however old they are', () => {
    expect(expirable(tableOf(3), rule(1000)).snapshots).toEqual([1, 2])
    expect(expirable(tableOf(3), rule(1000, { minSnapshots: 0 })).snapshots).toEqual([1, 2])
  })

  test('stay for the age from when another took their place, however old they are', () => {
    const metadata = tableOf(20)
    const night = 600 * minute
    const snapshots = metadata.snapshots.map((snapshot, index) =>
      index < 10 ? snapshot : { ...snapshot, 'timestamp-ms': snapshot['timestamp-ms'] + night },
    )
    const after = (at: number): number[] =>
      expirable({ ...metadata, snapshots }, rule(at, { nowMs: rule(at).nowMs + night })).snapshots.map(Number)
    // The tenth was the newest until the eleventh came, ten hours later.
    expect(after(16)).toEqual(upTo(9))
    expect(after(17)).toEqual(upTo(10))
  })

  test('are the young ones also when the clock went back', () => {
    expect(expirable(tableOf(20), rule(1)).snapshots).toEqual([])
  })

  test('stay where somebody reads them, and only those', () => {
    expect(expirable(tableOf(5), rule(100, { pinned: new Set([2n, 77n]) })).snapshots).toEqual([1, 3, 4])
  })

  test('are kept as the properties of the table say', () => {
    const properties = { 'history.expire.min-snapshots-to-keep': '3', 'history.expire.max-snapshot-age-ms': '0' }
    expect(expirable(tableOf(20, { properties }), rule(20, { minSnapshots: 10 })).snapshots).toEqual(upTo(17))
    const younger = { 'history.expire.max-snapshot-age-ms': String(10 * minute) }
    expect(expirable(tableOf(20, { properties: younger }), rule(20)).snapshots).toEqual(upTo(8))
    const none = { 'history.expire.min-snapshots-to-keep': 'many', 'history.expire.max-snapshot-age-ms': '' }
    expect(expirable(tableOf(20, { properties: none }), rule(20)).snapshots).toEqual(upTo(13))
  })

  test('are kept as the ref itself says, before the properties', () => {
    const main: SnapshotRef = {
      type: 'branch',
      'snapshot-id': 20,
      'min-snapshots-to-keep': 2,
      'max-snapshot-age-ms': 3 * minute,
    }
    const properties = { 'history.expire.min-snapshots-to-keep': '15' }
    expect(expirable(tableOf(20, { refs: { main }, properties }), rule(20)).snapshots).toEqual(upTo(15))
  })
})

describe('other refs', () => {
  test('keep what they point to, a branch its line as well', () => {
    const refs: Record<string, SnapshotRef> = {
      tag: { type: 'tag', 'snapshot-id': 2 },
      branch: { type: 'branch', 'snapshot-id': 6, 'min-snapshots-to-keep': 2 },
    }
    expect(expirable(tableOf(20, { refs }), rule(20))).toEqual({
      snapshots: [1, 3, 4, ...upTo(13, 7)],
      refs: [],
    })
  })

  test('go when what they point to is older than they may be, main never', () => {
    const refs: Record<string, SnapshotRef> = {
      main: { type: 'branch', 'snapshot-id': 20, 'max-ref-age-ms': 1 },
      old: { type: 'tag', 'snapshot-id': 2, 'max-ref-age-ms': 10 * minute },
      exact: { type: 'tag', 'snapshot-id': 3, 'max-ref-age-ms': 97 * minute },
      line: { type: 'branch', 'snapshot-id': 4, 'max-ref-age-ms': 10n },
      forever: { type: 'tag', 'snapshot-id': 5 },
    }
    expect(expirable(tableOf(20, { refs }), rule(100, { minSnapshots: 16 }))).toEqual({
      snapshots: [1, 2, 4],
      refs: ['old', 'line'],
    })
  })

  test('go by the property of the table where they say nothing themselves', () => {
    const refs: Record<string, SnapshotRef> = {
      old: { type: 'tag', 'snapshot-id': 2 },
      own: { type: 'tag', 'snapshot-id': 3, 'max-ref-age-ms': 9_223_372_036_854_775_807n },
    }
    const properties = { 'history.expire.max-ref-age-ms': String(10 * minute) }
    expect(expirable(tableOf(20, { refs, properties }), rule(20)).refs).toEqual(['old'])
  })

  test('that go leave what somebody reads', () => {
    const refs: Record<string, SnapshotRef> = { old: { type: 'tag', 'snapshot-id': 2, 'max-ref-age-ms': 1 } }
    expect(expirable(tableOf(4, { refs }), rule(100, { pinned: new Set([2n]) }))).toEqual({
      snapshots: [1, 3],
      refs: ['old'],
    })
  })
})

describe('what no branch leads to', () => {
  test('stays while it is young: somebody may be about to publish it', () => {
    // 8 and 10 were staged or rolled back; main goes from 7 to 9 and from 9 to 11.
    const parents = { 9: 7, 11: 9 }
    expect(expirable(tableOf(12, { parents }), rule(12, { minSnapshots: 3 })).snapshots).toEqual(upTo(5))
    expect(expirable(tableOf(12, { parents }), rule(15, { minSnapshots: 3 })).snapshots).toEqual(upTo(8))
    expect(expirable(tableOf(12, { parents }), rule(15, { minSnapshots: 4 })).snapshots).toEqual([...upTo(6), 8])
  })

  test('stays as long from when main was set back from it, however old it is', () => {
    const table = tableOf(9, { parents: { 9: 3 } })
    const log = [...upTo(8), 3].map((id, index) => ({
      'snapshot-id': id,
      // It was set back an hour after the last commit.
      'timestamp-ms': start + (index < 8 ? index : 67) * minute,
    }))
    const setBack = (refs: TableMetadata['refs']): TableMetadata => ({ ...table, 'snapshot-log': log, refs })
    const main = { main: { type: 'branch' as const, 'snapshot-id': 3 } }
    expect(expirable(setBack(main), rule(70)).snapshots).toEqual([1, 2, 4, 5, 6, 7, 9])
    expect(expirable(setBack(main), rule(75)).snapshots).toEqual([1, 2, ...upTo(9, 4)])
    expect(expirable(setBack(main), rule(70, { onlyHead: true })).snapshots).toEqual([1, 2, ...upTo(9, 4)])
  })

  test('and a line whose parent is gone ends there', () => {
    expect(expirable(tableOf(6, { parents: { 3: 99 } }), rule(100, { minSnapshots: 10 })).snapshots).toEqual([1, 2])
  })
})

test('where only the head is wanted, all else goes, whatever refs and properties say', () => {
  const refs: Record<string, SnapshotRef> = {
    main: { type: 'branch', 'snapshot-id': 6, 'min-snapshots-to-keep': 5 },
    tag: { type: 'tag', 'snapshot-id': 2 },
  }
  const properties = { 'history.expire.min-snapshots-to-keep': '5' }
  const metadata = tableOf(6, { refs, properties, parents: { 5: 3 } })
  expect(expirable(metadata, rule(6, { onlyHead: true, pinned: new Set([3n]) }))).toEqual({
    snapshots: [1, 2, 4, 5],
    refs: ['tag'],
  })
})

test('a table without a snapshot has nothing to expire', () => {
  expect(expirable(newMetadata({ columns: [required('id', 'int')] }), rule(1))).toEqual({ snapshots: [], refs: [] })
})

test('a table whose files are not to be collected is refused', () => {
  expect(() => expirable(tableOf(9, { properties: { 'gc.enabled': 'false' } }), rule(100))).toThrow(
    failure('UPDATE_ILLEGAL', 'gc.enabled is false'),
  )
  expect(expirable(tableOf(9, { properties: { 'gc.enabled': 'true' } }), rule(100)).snapshots).toHaveLength(8)
})
