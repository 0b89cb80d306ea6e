import { expect, test } from 'vitest'
import type { Snapshot, TableMetadata } from '../../src/iceberg/types.ts'
import { applyUpdates } from '../../src/iceberg/updates/index.ts'
import { isInHistory, withAncestors } from '../../src/stores/table/ancestors.ts'
import { newMetadata, required } from '../support/table.ts'

const empty = newMetadata({ columns: [required('id', 'int')] })

/** A table with these snapshots, the last of them the current one. @param chain each the parent of the next */
function tableOf(chain: readonly Snapshot['snapshot-id'][], from: TableMetadata = empty): TableMetadata {
  const snapshots = chain.map((id, index): Snapshot => {
    const parent = chain[index - 1]
    return {
      'snapshot-id': id,
      'sequence-number': index + 1,
      'timestamp-ms': index,
      'manifest-list': `list ${id}`,
      summary: { operation: 'append' },
      'schema-id': 0,
      ...(parent === undefined ? {} : { 'parent-snapshot-id': parent }),
    }
  })
  const current = chain.at(-1) as Snapshot['snapshot-id']
  const main = { 'snapshot-id': current, type: 'branch' } as const
  return { ...from, snapshots, 'current-snapshot-id': current, refs: { main } }
}

/** Without the oldest snapshots, and with what an expiry notes of some. */
function expired(table: TableMetadata, count: number, noted: readonly string[]): TableMetadata {
  const others = withAncestors(noted)(table)
  const after = applyUpdates(table, others, { nowMs: 0 })
  return { ...after, snapshots: after.snapshots.slice(count) }
}

function known(table: TableMetadata, ...ids: readonly string[]): string[] {
  return ids.filter(id => isInHistory(table, id))
}

test('the current snapshot and its parents are the history, with the first that is not kept', () => {
  const table = tableOf([1, 2, 3, 4])
  expect(known(table, '1', '2', '3', '4', '5', '')).toEqual(['1', '2', '3', '4'])
  expect(known({ ...table, snapshots: table.snapshots.slice(2) }, '1', '2', '3', '4')).toEqual(['2', '3', '4'])
  expect(known(empty, '1', '')).toEqual([])
})

test('ids beyond 2^53 are told apart', () => {
  const table = tableOf([9007199254740993n, 9007199254740995n, 3, 4])
  const ids = ['9007199254740993', '9007199254740992', '9007199254740994']
  expect(known(table, ...ids)).toEqual(['9007199254740993'])
  expect(known(expired(table, 3, ids), ...ids)).toEqual(['9007199254740993'])
})

test('of what expired, those that were asked for are known, one expiry after the other', () => {
  let table = expired(tableOf([1, 2, 3, 4, 5]), 4, ['2', '1', '5', '77', '2'])
  expect(table.properties['hyp.ancestors']).toBe('5 1 2 5')
  expect(known(table, '1', '2', '3', '5', '77')).toEqual(['1', '2', '5'])
  table = expired(tableOf([5, 6, 7, 8], table), 3, ['1', '6', '77'])
  expect(table.properties['hyp.ancestors']).toBe('8 1 6')
  expect(known(table, '1', '2', '6', '77')).toEqual(['1', '6'])
  table = expired(tableOf([8, 9], table), 1, [])
  expect(table.properties).not.toHaveProperty('hyp.ancestors')
})

test('what is said of a snapshot that is no longer in the history is not believed', () => {
  const table = expired(tableOf([1, 2, 3, 4]), 2, ['1'])
  expect(known(table, '1')).toEqual(['1'])
  expect(known(tableOf([10, 11], table), '1', '4')).toEqual([])
  expect(withAncestors(['1'])(tableOf([10, 11], table))).toEqual([
    { action: 'remove-properties', removals: ['hyp.ancestors'] },
  ])
})

test('a table without snapshots, or of which nothing is asked, says nothing', () => {
  expect(withAncestors(['1'])(empty)).toEqual([])
  expect(withAncestors([])(tableOf([1, 2]))).toEqual([])
  expect(withAncestors(['77'])(tableOf([1, 2]))).toEqual([])
})

test('a property that somebody else wrote is no reason to believe anything', () => {
  for (const text of ['', ' ', '1', 'x 1', ' 1', '4']) {
    const table = { ...tableOf([3, 4, 5]), properties: { 'hyp.ancestors': text } }
    expect(known(table, '1', '', ' '), JSON.stringify(text)).toEqual([])
  }
})
