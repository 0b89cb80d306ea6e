import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { decodeAvro } from '../../src/iceberg/avro/decode.ts'
import { expireSnapshots } from '../../src/iceberg/expiry/expire.ts'
import { reachableFiles } from '../../src/iceberg/expiry/reachable.ts'
import { entryStatus, type ManifestEntry } from '../../src/iceberg/manifest/data-file.ts'
import { mergeManifests } from '../../src/iceberg/merge-manifests.ts'
import { liveFiles, readManifestList } from '../../src/iceberg/snapshot.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { describeWithData } from '../support/data.ts'
import { copyOf } from '../support/foreign-tables.ts'
import { replace } from '../support/replacing.ts'
import { append, context, readRows, type TestTable } from '../support/table.ts'

const rule = { nowMs: Date.now() + 60_000, minSnapshots: 1, maxAgeMs: 0, pinned: new Set<bigint>() }

function inOrder(rows: readonly Row[]): string[] {
  return rows.map(row => JSON.stringify(row, (_key, cell) => (typeof cell === 'bigint' ? `${cell}` : cell))).sort()
}

/** Entries as they are after their manifests were written again, by their file. */
async function entriesOf({ table }: TestTable): Promise<Record<string, ManifestEntry>> {
  const { data, deletes } = await liveFiles(table)
  return Object.fromEntries(
    [...data, ...deletes].map(entry => [basename(entry.file.location), { ...entry, status: entryStatus.existing }]),
  )
}

/** What the manifests hold byte for byte of each live file, by the ids of the fields; metrics that nobody took are null, empty or absent. */
async function recordsOf({ table }: TestTable): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const { location } of await readManifestList(table)) {
    for (const record of decodeAvro(await readFile(table.path(location))).records) {
      if (record[0] === entryStatus.deleted) continue
      const file = record[2] as Record<number, unknown>
      const said = Object.entries(file).filter(
        ([, value]) => value !== null && !(value instanceof Map && value.size === 0),
      )
      found[basename(file[100] as string)] = Object.fromEntries(said)
    }
  }
  return found
}

describeWithData('manifests that Java and Spark wrote', () => {
  test.each([
    ['java/bunnies', 5],
    ['spark/rename_column', 3],
  ] as const)('keep what they say of files when they are written again (%s)', async (name, version) => {
    const target = await copyOf(name, version)
    const before = await entriesOf(target)
    const said = await recordsOf(target)
    const rows = inOrder(await readRows(target.table))
    expect(Object.keys(before).length).toBeGreaterThan(2)

    const one = await append(target, [(await readRows(target.table))[0] as Row])
    const { data } = await liveFiles(one.table)
    const mine = data.filter(entry => !Object.hasOwn(before, basename(entry.file.location)))
    const merged = { ...one, table: await mergeManifests(one.catalog, one.table, context, { minimum: 2 }) }
    const back = await replace(merged, mine, [], { operation: 'delete' })
    expect(await entriesOf(back)).toEqual(before)
    expect(await recordsOf(back)).toEqual(said)
    expect(inOrder(await readRows(back.table))).toEqual(rows)

    const { table } = await expireSnapshots(back.catalog, back.table, rule, context)
    expect(table.metadata.snapshots).toHaveLength(1)
    expect(inOrder(await readRows(table))).toEqual(rows)
    for (const path of await reachableFiles(table, table.metadata.snapshots))
      expect(await table.io.size(path)).toBeGreaterThan(0)
  })

  test('let go of a file and the deletes that are of nothing else, and the totals follow', async () => {
    const target = await copyOf('java/bunnies', 5)
    const rows = await readRows(target.table)
    const { data, deletes } = await liveFiles(target.table)
    const { table } = await replace(target, [...data, ...deletes], rows)
    expect(inOrder(await readRows(table))).toEqual(inOrder(rows))
    expect((await liveFiles(table)).deletes).toEqual([])
    expect(table.metadata.snapshots.at(-1)?.summary).toMatchObject({
      'removed-delete-files': '2',
      'deleted-data-files': String(data.length),
      'total-delete-files': '0',
      'total-position-deletes': '0',
      'total-equality-deletes': '0',
      'total-data-files': '1',
      'total-records': String(rows.length),
    })
  })
})
