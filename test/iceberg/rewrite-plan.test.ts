import { describe, expect, test } from 'vitest'
import { type DataFile, entryStatus, fileContent, type ManifestEntry } from '../../src/iceberg/manifest/data-file.ts'
import { planRewrites, targetFileBytes } from '../../src/iceberg/rewrite/plan.ts'
import type { TableMetadata } from '../../src/iceberg/types.ts'
import { newMetadata, required } from '../support/table.ts'

const metadata = newMetadata({ columns: [required('id', 'int')], partitionBy: ['bucket[16](id)'] })
const mebibyte = 2 ** 20
const target = 128 * mebibyte
let names = 0

function entry(rows: number, bytes: number, change: Partial<DataFile> = {}, sequenceNumber = names): ManifestEntry {
  const none = new Map<number, never>()
  return {
    status: entryStatus.added,
    snapshotId: 1,
    sequenceNumber,
    fileSequenceNumber: sequenceNumber,
    specId: 0,
    file: {
      content: fileContent.data,
      location: `file:///t/data/${names++}.parquet`,
      format: 'PARQUET',
      partition: new Map([[1000, 0]]),
      recordCount: rows,
      fileSize: bytes,
      columnSizes: none,
      valueCounts: none,
      nullValueCounts: none,
      nanValueCounts: none,
      lowerBounds: none,
      upperBounds: none,
      splitOffsets: undefined,
      equalityIds: undefined,
      sortOrderId: 1,
      ...change,
    },
  }
}

function files(count: number, rows: number, bytes: number, change?: Partial<DataFile>): ManifestEntry[] {
  return Array.from({ length: count }, () => entry(rows, bytes, change))
}

function plan(data: readonly ManifestEntry[], deletes: readonly ManifestEntry[] = [], of: TableMetadata = metadata) {
  return planRewrites({ data: [...data], deletes: [...deletes] }, of)
}

describe('files are worth being written again', () => {
  test('when there are four of a size, not three', () => {
    expect(plan(files(3, 2, 15_000))).toEqual([])
    const four = files(4, 2, 15_000)
    expect(plan(four)).toEqual([
      { specId: 0, partition: new Map([[1000, 0]]), entries: four, bytes: 60_000, rows: 8, files: 1 },
    ])
  })

  test('with those of the next size, where they make four of that', () => {
    expect(plan([...files(4, 2, 15_000), ...files(3, 8, 16_000)])[0]?.entries).toHaveLength(7)
    expect(plan([...files(4, 2, 15_000), ...files(2, 8, 16_000)])[0]?.entries).toHaveLength(4)
  })

  test('only with those of their partition and spec', () => {
    const others = files(2, 2, 15_000, { partition: new Map([[1000, 1]]) })
    const older = files(2, 2, 15_000).map(each => ({ ...each, specId: 1 }))
    expect(plan([...files(2, 2, 15_000), ...others, ...older])).toEqual([])
  })

  test('not when they are as large as they should be, or nearly', () => {
    expect(plan(files(20, 200_000, target * 0.75))).toEqual([])
    const small = { ...metadata, properties: { 'write.target-file-size-bytes': String(20 * mebibyte) } }
    expect(targetFileBytes(small)).toBe(20 * mebibyte)
    expect(plan(files(4, 30_000, 15 * mebibyte), [], small)).toEqual([])
    expect(plan(files(4, 30_000, 15 * mebibyte))).toHaveLength(1)
  })

  test('in groups that make about one file each, those of one time together', () => {
    const batches = files(200, 1000, 2 * mebibyte)
    const groups = plan(batches.toReversed())
    expect(groups.map(({ entries, files: count }) => [entries.length, count])).toEqual([
      [64, 1],
      [64, 1],
      [72, 1],
    ])
    expect(groups.flatMap(({ entries }) => entries)).toEqual(batches)
  })

  test('when a tenth of their rows, or five delete files, may delete of them', () => {
    const [file] = files(1, 1000, 200 * mebibyte) as [ManifestEntry]
    const deletes = (count: number, rows: number): ManifestEntry[] =>
      Array.from({ length: count }, () =>
        entry(rows, 3000, { content: fileContent.equalityDeletes, equalityIds: [1] }, names + 10),
      )
    expect(plan([file], deletes(1, 99))).toEqual([])
    expect(plan([file], deletes(1, 100))[0]?.entries).toEqual([file])
    expect(plan([file], deletes(4, 1))).toEqual([])
    expect(plan([file], deletes(5, 1))[0]?.entries).toEqual([file])
  })

  test('not when they are of another format, or a deletion vector may delete of them', () => {
    expect(plan(files(9, 2, 15_000, { format: 'ORC' }))).toEqual([])
    const data = files(5, 2, 15_000)
    const vector = entry(1, 100, {
      content: fileContent.positionDeletes,
      format: 'PUFFIN',
      referencedDataFile: data[0]?.file.location,
    })
    expect(plan(data, [vector])[0]?.entries).toEqual(data.slice(1))
  })
})

/** What becomes of a partition that is tidied up after each so many new files. */
function simulate(
  arrivals: number,
  rowsOfFile: number,
  every: number,
): { files: number; most: number; written: number } {
  // A file is a footer of 12 KB and 640 bytes for each row.
  const sized = (rows: number): ManifestEntry => entry(rows, 12_000 + 640 * rows)
  let live: ManifestEntry[] = []
  let most = 0
  let written = 0
  for (let arrival = 1; arrival <= arrivals; arrival++) {
    live.push(sized(rowsOfFile))
    if (arrival % every !== 0) continue
    for (const group of plan(live)) {
      live = live.filter(each => !group.entries.includes(each))
      live.push(sized(group.rows))
      written += group.rows
    }
    most = Math.max(most, live.length)
  }
  return { files: live.length, most, written: written / (arrivals * rowsOfFile) }
}

describe('a partition that is fed two rows at a time', () => {
  test('never has many files, and its rows are written again some times, as many as their logarithm', () => {
    for (const every of [1, 5, 20]) {
      const { most, written } = simulate(20_000, 2, every)
      // 40 000 rows: log4(20 000) is 7.1.
      expect(most).toBeLessThanOrEqual(3 * 8)
      expect(written).toBeLessThanOrEqual(7.2)
      expect(written).toBeGreaterThan(3)
    }
  })

  test('has all that an import brought in few files, each of them written again once', () => {
    expect(simulate(64, 2200, 64)).toEqual({ files: 1, most: 1, written: 1 })
    const { most, written } = simulate(320, 2200, 16)
    expect(most).toBeLessThanOrEqual(12)
    expect(written).toBeLessThanOrEqual(3)
  })
})
