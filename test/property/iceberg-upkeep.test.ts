import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import { expireSnapshots } from '../../src/iceberg/expiry/expire.ts'
import { sweepOrphans } from '../../src/iceberg/expiry/orphans.ts'
import { reachableFiles } from '../../src/iceberg/expiry/reachable.ts'
import { mergeManifests } from '../../src/iceberg/merge-manifests.ts'
import { currentSnapshot } from '../../src/iceberg/metadata.ts'
import { liveFiles, readManifestList, readManifests } from '../../src/iceberg/snapshot.ts'
import type { Long } from '../../src/iceberg/types.ts'
import { dataFilesOf, deleteEqual, deletePositions } from '../support/deletes.ts'
import { PowerDisk } from '../support/power-file-io.ts'
import { replace } from '../support/replacing.ts'
import { append, context, createTable, optional, readRows, required, type TestTable } from '../support/table.ts'

/*
 * Appends, deletes of other writers, replacements, merges, expiries, tags and
 * rollbacks in any order: each snapshot that is left holds the rows that it
 * held when it was made, and what nothing needs is gone.
 */

type Step =
  | { readonly do: 'append'; readonly rows: number }
  | {
      readonly do: 'delete equal' | 'delete position' | 'replace' | 'drop'
      readonly pick: number
      readonly count: number
    }
  | { readonly do: 'merge'; readonly minimum: number }
  | { readonly do: 'expire'; readonly keep: number; readonly pick: number }
  | { readonly do: 'tag' | 'roll back'; readonly pick: number }

const number = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), rows: fc.integer({ min: 1, max: 5 }) }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom('delete equal' as const, 'delete position' as const, 'replace' as const, 'drop' as const),
        pick: number(50),
        count: fc.integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('merge' as const), minimum: fc.integer({ min: 2, max: 4 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('expire' as const),
        keep: fc.integer({ min: 1, max: 4 }),
        pick: number(50),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('tag' as const, 'roll back' as const), pick: number(50) }),
    },
  ),
  { minLength: 3, maxLength: 14 },
)

async function idsIn(table: Table, snapshot?: Long): Promise<number[]> {
  const metadata = snapshot === undefined ? table.metadata : { ...table.metadata, 'current-snapshot-id': snapshot }
  return (await readRows({ ...table, metadata })).map(row => row['id'] as number).sort((a, b) => a - b)
}

async function perform(target: TestTable, step: Step, next: { id: number }): Promise<TestTable> {
  const { catalog, table } = target
  const { metadata } = table
  switch (step.do) {
    case 'append':
      return append(
        target,
        Array.from({ length: step.rows }, () => ({ id: next.id++, part: next.id % 2 === 0 ? 'even' : null })),
      )
    case 'merge':
      return { ...target, table: await mergeManifests(catalog, table, context, { minimum: step.minimum }) }
    case 'expire': {
      const { snapshots } = metadata
      const read = snapshots[step.pick % (snapshots.length + 1)]
      const pinned = new Set(read === undefined ? [] : [BigInt(read['snapshot-id'])])
      const rule = { nowMs: Date.now() + 60_000, minSnapshots: step.keep, maxAgeMs: 0, pinned }
      return { ...target, table: (await expireSnapshots(catalog, table, rule, context)).table }
    }
    case 'tag':
    case 'roll back': {
      const snapshot = metadata.snapshots[step.pick % Math.max(1, metadata.snapshots.length)]
      if (snapshot === undefined) return target
      const ref =
        step.do === 'tag'
          ? ({ name: `t${step.pick % 2}`, type: 'tag' } as const)
          : ({ name: 'main', type: 'branch' } as const)
      const committed = await catalog.commit(table, {
        requirements: [],
        updates: [
          { action: 'set-snapshot-ref', 'ref-name': ref.name, type: ref.type, 'snapshot-id': snapshot['snapshot-id'] },
        ],
      })
      return { ...target, table: committed }
    }
    default:
      return change(target, step)
  }
}

async function change(target: TestTable, step: Extract<Step, { pick: number; count: number }>): Promise<TestTable> {
  const live = await dataFilesOf(target)
  const { deletes } = await liveFiles(target.table)
  if (live.length === 0) return target
  const first = step.pick % live.length
  const removed = live.slice(first, first + step.count)
  const ids = await idsIn(target.table)
  if (step.do === 'delete equal') {
    const id = ids[step.pick % Math.max(1, ids.length)] ?? -1
    return deleteEqual(target, [1], [{ id }], { partition: new Map(), specId: 0 })
  }
  if (step.do === 'delete position') {
    const { file } = removed[0] as (typeof removed)[number]
    return deletePositions(target, [{ file: file.location, pos: step.pick % file.recordCount }])
  }
  // Deletes that are of nothing else go too.
  const all = removed.length === live.length ? deletes : []
  const rows = step.do === 'drop' ? [] : await readRows(target.table, { files: removed })
  const sequenceNumber = currentSnapshot(target.table.metadata)?.['sequence-number'] ?? 0
  return replace(target, [...removed, ...all], rows, {
    sequenceNumber,
    operation: step.do === 'drop' ? 'delete' : 'replace',
  })
}

/** Whether a step made of the ids what it should. */
function expected(step: Step, before: readonly number[], after: readonly number[], next: number): boolean {
  const was = new Set(before)
  const is = new Set(after)
  if (is.size !== after.length) return false
  const lost = before.filter(id => !is.has(id))
  const came = after.filter(id => !was.has(id))
  switch (step.do) {
    case 'append':
      return lost.length === 0 && came.length === step.rows && came.every(id => id >= next)
    case 'replace':
    case 'merge':
    case 'expire':
    case 'tag':
      return lost.length === 0 && came.length === 0
    case 'delete equal':
    case 'delete position':
      return lost.length <= 1 && came.length === 0
    case 'drop':
      return came.length === 0
    case 'roll back':
      return true
  }
}

async function checkTable(table: Table, rowsOf: ReadonlyMap<bigint, readonly number[]>): Promise<void> {
  for (const snapshot of table.metadata.snapshots) {
    expect(await idsIn(table, snapshot['snapshot-id'])).toEqual(rowsOf.get(BigInt(snapshot['snapshot-id'])))
    const manifests = await readManifestList(table, snapshot)
    for (const manifest of manifests) {
      const entries = (await readManifests(table, [manifest])).filter(({ status }) => status !== 2)
      expect(entries).toHaveLength((manifest.addedFiles ?? 0) + (manifest.existingFiles ?? 0))
      const lowest = entries.map(({ sequenceNumber }) => Number(sequenceNumber)).sort((a, b) => a - b)[0]
      if (lowest !== undefined) expect(Number(manifest.minSequenceNumber)).toBe(lowest)
    }
  }
}

test('whatever is done to a table, each snapshot keeps its rows, and an expiry leaves what is needed and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async work => {
      const disk = new PowerDisk()
      await disk.io.makeDirectory('/home')
      let target = await createTable(
        { columns: [required('id', 'int'), optional('part', 'string')] },
        '/home/t',
        disk.io,
      )
      const rowsOf = new Map<bigint, readonly number[]>()
      const next = { id: 0 }
      let hasExpired = false
      for (const step of work) {
        const before = await idsIn(target.table)
        const firstNew = next.id
        target = await perform(target, step, next)
        const after = await idsIn(target.table)
        if (!expected(step, before, after, firstNew))
          throw new Error(`${step.do} made ${after.join()} of ${before.join()}`)
        const current = currentSnapshot(target.table.metadata)
        if (current !== undefined && !rowsOf.has(BigInt(current['snapshot-id'])))
          rowsOf.set(BigInt(current['snapshot-id']), after)
        if (step.do === 'expire') {
          hasExpired = true
          await checkTable(target.table, rowsOf)
        }
      }
      await checkTable(target.table, rowsOf)
      if (!hasExpired) return
      const { table } = target
      const named = await reachableFiles(table, table.metadata.snapshots)
      const there = (await disk.io.listFiles('/home/t'))
        .map(({ path }) => path)
        .filter(path => /\.(avro|parquet)$/.test(path))
      // A file that was replaced before its snapshot was rolled back is named by nobody; a sweep finds it.
      for (const path of named) expect(there).toContain(path)
      await sweepOrphans(table, { graceMs: 0, nowMs: Date.now() })
      await checkTable(table, rowsOf)
      const left = (await disk.io.listFiles('/home/t'))
        .map(({ path }) => path)
        .filter(path => /\.(avro|parquet)$/.test(path))
      expect(left.sort()).toEqual([...named].sort())
    }),
    { numRuns: 150 },
  )
})
