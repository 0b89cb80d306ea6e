import { expect, test } from 'vitest'
import { commitAppend, prepareAppend } from '../../src/iceberg/append.ts'
import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import { removeDataFiles, writeDataFiles } from '../../src/iceberg/data-files.ts'
import { isCode } from '../../src/iceberg/errors.ts'
import { expireSnapshots } from '../../src/iceberg/expiry/expire.ts'
import { reachableFiles } from '../../src/iceberg/expiry/reachable.ts'
import { mergeManifests } from '../../src/iceberg/merge-manifests.ts'
import { currentSnapshot } from '../../src/iceberg/metadata.ts'
import { commitReplacement } from '../../src/iceberg/replace-files.ts'
import { liveFiles, readManifestList } from '../../src/iceberg/snapshot.ts'
import { catalogAt, context, createTable, optional, readRows, required, type TestTable } from '../support/table.ts'

const shape = {
  columns: [required('id', 'int'), optional('part', 'string')],
  partitionBy: ['identity(part)'],
  properties: {
    'commit.retry.num-retries': '50',
    'write.metadata.previous-versions-max': '5',
    'write.metadata.delete-after-commit.enabled': 'true',
  },
}
const options = { uniqueName: context.uniqueName, rowGroupRows: 1000 }

async function idsIn(table: Table): Promise<number[]> {
  return (await readRows(table)).map(row => row['id'] as number).sort((a, b) => a - b)
}

/** Appends rows of its own in many commits. */
async function produce({ directory }: TestTable, producer: number, commits: number): Promise<number[]> {
  const catalog = catalogAt(directory)
  const ids: number[] = []
  for (let n = 0; n < commits; n++) {
    const table = await catalog.load()
    const rows = [0, 1].map(index => ({ id: producer * 10_000 + n * 2 + index, part: `p${index}` }))
    const prepared = await prepareAppend(table, await writeDataFiles(table, rows, options), context)
    await commitAppend(catalog, table, prepared, context, async (_now, _then, same) => same)
    ids.push(...rows.map(row => row.id))
  }
  return ids
}

/**
 * What is read just now, as the program itself keeps it: a reader takes a hold on everything before it loads the table, and
 * says then what it found; who expires loads the table before he asks.
 */
interface Readers {
  read<Result>(use: (table: Table) => Promise<Result>): Promise<Result>
  pinnedIn(table: Table): ReadonlySet<bigint>
}

function readersOf({ directory }: TestTable): Readers {
  const held = new Map<symbol, 'all' | bigint | undefined>()
  return {
    read: async use => {
      const reader = Symbol('reader')
      held.set(reader, 'all')
      try {
        const table = await catalogAt(directory).load()
        held.set(reader, snapshotOf(table))
        return await use(table)
      } finally {
        held.delete(reader)
      }
    },
    pinnedIn: ({ metadata }) => {
      const all = [...held.values()].includes('all')
      const ids = all ? metadata.snapshots.map(snapshot => BigInt(snapshot['snapshot-id'])) : held.values()
      return new Set([...ids].filter(id => typeof id === 'bigint'))
    },
  }
}

function snapshotOf({ metadata }: Table): bigint | undefined {
  const snapshot = currentSnapshot(metadata)
  return snapshot && BigInt(snapshot['snapshot-id'])
}

/** Two keepers replace the same files: what one replaced first the other has to leave. */
async function compact({ directory }: TestTable, table: Table): Promise<'done' | 'refused'> {
  const catalog = catalogAt(directory)
  const { data } = await liveFiles(table)
  const removed = data.filter(({ file }) => file.recordCount < 50).slice(0, 12)
  const files = await writeDataFiles(table, await readRows(table, { files: removed }), options)
  const added = files.map(file => ({ file, specId: 0 }))
  const sequenceNumber = currentSnapshot(table.metadata)?.['sequence-number'] ?? 0
  try {
    await commitReplacement(catalog, table, { operation: 'replace', removed, added, sequenceNumber }, context)
    return 'done'
  } catch (error) {
    if (!isCode(error, 'REPLACED_FILES_CHANGED')) throw error
    await removeDataFiles(table, files)
    return 'refused'
  }
}

test('beside four writers and a reader, a table is looked after, and no row is lost, doubled or kept from being read', async () => {
  const target = await createTable(shape)
  const readers = readersOf(target)
  const writing = { isOver: false }
  const outcomes: string[] = []
  const keep = async (): Promise<void> => {
    const catalog = catalogAt(target.directory)
    while (!writing.isOver) {
      outcomes.push(await readers.read(table => compact(target, table)))
      await mergeManifests(catalog, await catalog.load(), context, { minimum: 4 })
      const table = await catalog.load()
      const rule = { nowMs: Date.now() + 60_000, minSnapshots: 3, maxAgeMs: 0, pinned: readers.pinnedIn(table) }
      const { left } = await expireSnapshots(catalog, table, rule, context)
      expect(left).toEqual([])
    }
  }
  const read = async (): Promise<number> => {
    let times = 0
    for (; !writing.isOver; times++) {
      await readers.read(async table => {
        const first = await idsIn(table)
        await new Promise(resolve => setTimeout(resolve, 20))
        expect(await idsIn(table)).toEqual(first)
        expect(new Set(first).size).toBe(first.length)
      })
    }
    return times
  }
  const kept = [keep(), keep()]
  const reading = read()
  const written = await Promise.all([1, 2, 3, 4].map(producer => produce(target, producer, 12)))
  writing.isOver = true
  await Promise.all(kept)
  expect(await reading).toBeGreaterThan(1)
  expect(outcomes.filter(outcome => outcome === 'done').length).toBeGreaterThan(1)

  const table = await target.catalog.load()
  expect(await idsIn(table)).toEqual(written.flat().sort((a, b) => a - b))
  const rule = { nowMs: Date.now() + 60_000, minSnapshots: 1, maxAgeMs: 0, pinned: readers.pinnedIn(table) }
  const left = await expireSnapshots(target.catalog, table, rule, context)
  const named = await reachableFiles(left.table, left.table.metadata.snapshots)
  const files = (await left.table.io.listFiles(target.directory)).map(({ path }) => path)
  // Nothing that was not needed is left either: no try of anybody left a file behind.
  expect(files.filter(path => /\.(parquet|avro)$/.test(path)).sort()).toEqual([...named].sort())
  expect((await readManifestList(left.table)).length).toBeLessThan(60)
})
