import { DuckDBInstance } from '@duckdb/node-api'
import { expect, onTestFinished, test } from 'vitest'
import { type DeletionOutcome, runDeletion } from '../../src/daemon/deletion/deletion-task.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { liveDataFiles } from '../../src/iceberg/snapshot.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { ensureHome, homeAt } from '../../src/stores/home.ts'
import { type UpkeepStep, usualUpkeepLimits } from '../../src/stores/table/upkeep/due.ts'
import { tidyTable } from '../../src/stores/table/upkeep/pass.ts'
import type { UpkeepReport } from '../../src/stores/table/upkeep/report.ts'
import { session } from '../query/real-table.ts'
import { describeWithEngines, expectSameEverywhere, pyicebergRead } from '../support/foreign.ts'
import {
  append,
  catalogAt,
  context,
  createTable,
  evolve,
  optional,
  required,
  type TestTable,
  temporaryFolder,
} from '../support/table.ts'

const hourMs = 3_600_000

function rowsFrom(start: number, count: number): Row[] {
  return Array.from({ length: count }, (_, index) => ({ id: BigInt(start + index), name: `row ${start + index}` }))
}

/** Many small files from before and after a change of the columns. */
async function fed(): Promise<TestTable> {
  const columns = [required('id', 'long'), optional('name', 'string')]
  const folder = await temporaryFolder('plain-')
  let target = await createTable({ columns, partitionBy: ['bucket[2](id)'], sortBy: ['id'] }, folder)
  for (let n = 0; n < 4; n++) target = await append(target, rowsFrom(n * 10, 10))
  target = await evolve(target, [required('id', 'long'), optional('note', 'string'), optional('name', 'string')])
  for (let n = 4; n < 8; n++) target = await append(target, rowsFrom(n * 10, 10))
  return target
}

/** What the daemon does by itself, all at once, so many milliseconds from now. */
function tidy({ directory }: TestTable, laterMs: number): Promise<UpkeepReport> {
  const now = (): number => Date.now() + laterMs
  const steps: ReadonlySet<UpkeepStep> = new Set(['compact', 'merge', 'expire', 'sweep'])
  return tidyTable(catalogAt(directory, localFileIO, now), steps, {
    name: 't',
    limits: { ...usualUpkeepLimits, minSnapshots: 1 },
    leased: async () => new Set(),
    context: { ...context, now, monotonic: () => performance.now() },
  })
}

/** Deletes rows from the table, and leaves what it was before. */
async function deleteWhere({ directory }: TestTable, where: string): Promise<DeletionOutcome> {
  const home = homeAt(await temporaryFolder('plain-'))
  await ensureHome(home)
  const request = { unwanted: { kind: 'where' as const, where }, dryRun: false, purge: false }
  return runDeletion({ home, table: 't', directory, request })
}

function idOf(row: Readonly<Record<string, unknown>>): number {
  return Number((row['id'] as { integer?: string }).integer ?? row['id'])
}

describeWithEngines('whoever holds an older snapshot', () => {
  test('goes on with it after the table was compacted and rows were deleted, until it expires; the newest is read by every engine', async () => {
    const target = await fed()
    const held = target.table.path(target.table.metadataLocation)
    const before = await pyicebergRead(held)
    expect(before.rows).toHaveLength(80)
    const query = await session({ tables: { t: target.table } })
    const count = async (): Promise<unknown> => {
      const { batches } = await query.run('SELECT count(*), sum(id), count(name) FROM t')
      for await (const { columns } of batches) return columns.map(([cell]) => Number(cell))
      return undefined
    }
    expect(await count()).toEqual([80, 3160, 80])
    const files = (await liveDataFiles(target.table)).map(({ file }) => `'${target.table.path(file.location)}'`)
    const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
    onTestFinished(() => duckdb.closeSync())
    const parquet = `SELECT count(*), sum(id), count(name) FROM read_parquet([${files.join(', ')}], union_by_name = true)`
    const duckdbCount = async (): Promise<unknown> =>
      (await duckdb.runAndReadAll(parquet)).getRows().map(row => row.map(Number))
    expect(await duckdbCount()).toEqual([[80, 3160, 80]])

    expect(await tidy(target, hourMs / 2)).toMatchObject({
      compacted: { after: { files: 2 } },
      expired: { snapshots: 0 },
      failures: [],
    })
    expect(await pyicebergRead(held)).toEqual(before)
    expect(await count()).toEqual([80, 3160, 80])
    expect(await duckdbCount()).toEqual([[80, 3160, 80]])
    await expectSameEverywhere(target.directory)

    expect(await deleteWhere(target, 'id < 8')).toMatchObject({ rows: 8, purge: null })
    expect(await pyicebergRead(held)).toEqual(before)
    expect(await count()).toEqual([80, 3160, 80])
    expect(await duckdbCount()).toEqual([[80, 3160, 80]])
    await expectSameEverywhere(target.directory)

    const { expired, failures } = await tidy(target, 2 * hourMs)
    expect(failures).toEqual([])
    expect(expired?.snapshots).toBeGreaterThanOrEqual(8)
    await expectSameEverywhere(target.directory)
    const now = await target.catalog.load()
    const after = await pyicebergRead(now.path(now.metadataLocation))
    const inOrder = (rows: typeof before.rows): string[] => rows.map(row => JSON.stringify(row)).toSorted()
    expect(inOrder(after.rows)).toEqual(inOrder(before.rows.filter(row => idOf(row) >= 8)))
    await expect(pyicebergRead(held)).rejects.toThrow(/[Nn]o such file|FileNotFound/)
    await expect(count()).rejects.toMatchObject({ code: 'FILE_MISSING' })
    await expect(duckdbCount()).rejects.toThrow('No files found')
  })
})
