import { appendFile, cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Catalog, Table } from '../../../src/iceberg/catalog/catalog.ts'
import { expireSnapshots } from '../../../src/iceberg/expiry/expire.ts'
import { localFileIO } from '../../../src/iceberg/file-io/local.ts'
import type { Long } from '../../../src/iceberg/types.ts'
import { purgeTable } from '../../../src/ingest/deletion/purge-table.ts'
import { deleteFromTable } from '../../../src/ingest/deletion/table-deletion.ts'
import { builtinTable } from '../../../src/schema/builtin.ts'
import { cursorId } from '../../../src/stores/records/kinds/source-cursor.ts'
import { recordPlace } from '../../../src/stores/records/place.ts'
import type { RecordPlaceOptions } from '../../../src/stores/records/store.ts'
import { type UpkeepStep, usualUpkeepLimits } from '../../../src/stores/table/upkeep/due.ts'
import { tidyTable } from '../../../src/stores/table/upkeep/pass.ts'
import { transcript, tree, user } from '../../sources/claude/transcript.ts'
import { openTable, systemClock } from '../../support/crash-table.ts'
import { readRows } from '../../support/table.ts'
import { type Loading, newLoading } from './loading.ts'

/*
 * What was noted of files, when the snapshots that the notes name have expired.
 */

/** A session of so many prompts, one row each. */
function session(name: string, prompts: number): string {
  return transcript(...Array.from({ length: prompts }, (_, index) => user(`question ${index}`, { sessionId: name })))
}

const a = 'projects/p/a.jsonl'
const b = 'projects/p/b.jsonl'

async function twoFiles(): Promise<string> {
  return tree({ [a]: session('a', 2), [b]: session('b', 3) })
}

function cursorPath({ records }: Loading, claude: string): string {
  return `${records.directory}/source_cursor/${cursorId('claude', join(claude, 'projects'))}.json`
}

const unchanged = { bytes: 0, lines: 0, captured: 0, rows: 0, commits: 0 }

/**
 * Only the newest snapshot stays, and what has a tag.
 * @param records undefined: as a program does it that knows of no cursors
 */
async function expire({ catalog }: Pick<Loading, 'catalog'>, records?: RecordPlaceOptions, left = 1): Promise<Table> {
  const report = await tidyTable(catalog, new Set<UpkeepStep>(['expire']), {
    name: 'messages',
    records,
    limits: { ...usualUpkeepLimits, minSnapshots: 1, maxAgeMs: 0 },
    leased: async () => new Set(),
    // Later than what was written, on a clock that counts milliseconds.
    context: { ...systemClock, now: () => Date.now() + 1000 },
  })
  expect(report.failures).toEqual([])
  const table = await catalog.load()
  expect(table.metadata.snapshots).toHaveLength(left)
  return table
}

/** Somebody else's rows, two commits: the snapshot that is left says what its parent was. */
async function addOthers(loading: Loading, name: string): Promise<void> {
  for (const each of [`${name}1`, `${name}2`])
    await loading.backfill(await tree({ [`projects/p/${each}.jsonl`]: session(each, 1) }), { rereads: true })
}

async function snapshotNoted(loading: Loading, claude: string): Promise<bigint> {
  const noted = JSON.parse(await readFile(cursorPath(loading, claude), 'utf8')) as { readonly snapshot_id: string }
  return BigInt(noted.snapshot_id)
}

async function pointTo({ catalog }: Loading, id: Long, ref: string, type: 'branch' | 'tag'): Promise<void> {
  const to = { action: 'set-snapshot-ref', 'ref-name': ref, type, 'snapshot-id': id } as const
  await catalog.commit(await catalog.load(), { requirements: [], updates: [to] })
}

/** @returns puts the folder back as it is now */
async function keep(directory: string): Promise<() => Promise<void>> {
  const copy = `${directory} copy`
  await cp(directory, copy, { recursive: true })
  return async () => {
    await rm(directory, { recursive: true })
    await rename(copy, directory)
  }
}

function reopened({ directory }: Loading): Catalog {
  return openTable(localFileIO, directory, systemClock)
}

test('nothing is read again, however often they do, and nothing is written', async () => {
  const claude = await twoFiles()
  const loading = await newLoading()
  await loading.backfill(claude)
  const noted = await snapshotNoted(loading, claude)
  for (const name of ['c', 'd', 'e']) {
    await addOthers(loading, name)
    const { metadata } = await expire(loading, loading.records)
    expect(metadata.snapshots.map(snapshot => BigInt(snapshot['snapshot-id']))).not.toContain(noted)
    const before = await readdir(loading.directory, { recursive: true })
    expect(await loading.backfill(claude)).toMatchObject({ ...unchanged, files: 2, unchanged: 2 })
    expect(await readdir(loading.directory, { recursive: true })).toEqual(before)
  }
  expect(await snapshotNoted(loading, claude)).toBe(noted)
  await appendFile(join(claude, a), session('late', 1))
  expect(await loading.backfill(claude)).toMatchObject({ unchanged: 1, rows: 1, duplicates: 2 })
})

test('nothing is read again of histories that were read at different times, and of one whose rows were all there', async () => {
  const claude = await twoFiles()
  const again = `${claude} again`
  await cp(claude, again, { recursive: true })
  const line = { type: 'response_item', payload: { type: 'message', role: 'user', content: 'Go on.' } }
  const rollout = transcript({ type: 'session_meta', payload: { id: 'thread' } }, line)
  const codex = await tree({ 'sessions/rollout-2026-01-01T00-00-00-thread.jsonl': rollout })
  const thread = { request: { source: 'codex' as const }, env: { CODEX_HOME: codex } }
  const loading = await newLoading()
  await loading.backfill(claude)
  await loading.backfill('/nowhere', thread)
  expect(await loading.backfill(again)).toMatchObject({ unchanged: 0, rows: 0, duplicates: 5, commits: 0 })
  await addOthers(loading, 'c')
  await expire(loading, loading.records)
  expect(await loading.backfill(claude)).toMatchObject({ ...unchanged, unchanged: 2 })
  expect(await loading.backfill(again)).toMatchObject({ ...unchanged, unchanged: 2 })
  expect(await loading.backfill('/nowhere', thread)).toMatchObject({ ...unchanged, unchanged: 1 })
})

test('nothing is read again while the table refuses rows, what went to the spool included', async () => {
  const claude = await tree({ [a]: session('a', 2) })
  const loading = await newLoading()
  await loading.backfill(claude)
  await writeFile(join(claude, b), session('b', 3))
  const discarded = { rows: 0, values: 0 }
  const answer = { formatVersion: 1 as const, table: 't', rows: 3, held: true, discarded, refused: 0, errors: [] }
  const refusing = { spool: async () => answer }
  expect(await loading.backfill(claude, refusing)).toMatchObject({ unchanged: 1, spooled: 3 })
  await addOthers(loading, 'c')
  await expire(loading, loading.records)
  expect(await loading.backfill(claude, refusing)).toMatchObject({ unchanged: 2, spooled: 0 })
  expect(await loading.backfill(claude)).toMatchObject({ unchanged: 1, rows: 3 })
})

test('nothing is read again when rows were deleted, and all but the newest snapshot with them', async () => {
  const claude = await twoFiles()
  const loading = await newLoading()
  await loading.backfill(claude)
  await addOthers(loading, 'c')
  const { catalog } = loading
  const place = recordPlace({ records: loading.records.directory })
  const { graves, gone } = await deleteFromTable({
    catalog,
    name: builtinTable,
    request: { unwanted: { kind: 'session', session: 'a' }, dryRun: false },
    place,
    context: systemClock,
    rowsWhere: () => Promise.reject(new Error('is not asked')),
  })
  const leased = async (): Promise<ReadonlySet<bigint>> => new Set()
  await purgeTable({ catalog, graves, gone, context: systemClock, leased, records: place, dryRun: false })
  expect((await loading.load()).metadata.snapshots).toHaveLength(1)
  expect(await loading.backfill(claude)).toMatchObject({ ...unchanged, unchanged: 2 })
  expect(await readRows(await loading.load())).toHaveLength(5)
})

test('everything is read again into an older copy of the table, also when that goes on and expires', async () => {
  const claude = await twoFiles()
  const loading = await newLoading()
  await loading.backfill(claude)
  await addOthers(loading, 'c')
  await expire(loading, loading.records)
  const putBack = await keep(loading.directory)
  await writeFile(join(claude, b), session('x', 4))
  expect(await loading.backfill(claude)).toMatchObject({ unchanged: 1, rows: 4 })
  await putBack()
  const then = { ...loading, catalog: reopened(loading) }
  await addOthers(loading, 'd')
  await expire(then, loading.records)
  expect(await loading.backfill(claude, { through: then.catalog })).toMatchObject({ unchanged: 0, rows: 4 })
  expect(await loading.backfill(claude, { through: then.catalog })).toMatchObject({ ...unchanged, unchanged: 2 })
})

test('nothing is read again where table and records are put back as they were together', async () => {
  const claude = await twoFiles()
  const loading = await newLoading()
  await loading.backfill(claude)
  await addOthers(loading, 'c')
  await expire(loading, loading.records)
  const putBack = [await keep(loading.directory), await keep(loading.records.directory)]
  await writeFile(join(claude, b), session('x', 4))
  await loading.backfill(claude)
  await expire(loading, loading.records)
  for (const back of putBack) await back()
  const through = reopened(loading)
  expect(await loading.backfill(claude, { through })).toMatchObject({ unchanged: 1, captured: 4, rows: 4 })
})

test('everything is read once more where only the records are older', async () => {
  const claude = await twoFiles()
  const loading = await newLoading()
  await loading.backfill(claude)
  const putBack = await keep(loading.records.directory)
  await writeFile(join(claude, b), session('x', 4))
  await loading.backfill(claude)
  await addOthers(loading, 'c')
  await expire(loading, loading.records)
  await putBack()
  expect(await loading.backfill(claude)).toMatchObject({ unchanged: 0, rows: 0, duplicates: 6 })
  expect(await loading.backfill(claude)).toMatchObject({ ...unchanged, unchanged: 2 })
})

test('everything is read once more where another program let them go', async () => {
  const claude = await twoFiles()
  const loading = await newLoading()
  await loading.backfill(claude)
  await addOthers(loading, 'c')
  await expire(loading)
  expect(await loading.backfill(claude)).toMatchObject({ unchanged: 0, rows: 0, duplicates: 5 })
  expect(await loading.backfill(claude)).toMatchObject({ ...unchanged, unchanged: 2 })
})

test('everything is read again into a table that was brought back to a snapshot from before', async () => {
  const claude = await twoFiles()
  const loading = await newLoading()
  await addOthers(loading, 'first')
  const early = (await loading.load()).metadata['current-snapshot-id'] as Long
  await pointTo(loading, early, 'early', 'tag')
  await loading.backfill(claude)
  await addOthers(loading, 'c')
  await expire(loading, loading.records, 2)
  expect(await loading.backfill(claude)).toMatchObject({ ...unchanged, unchanged: 2 })
  await pointTo(loading, early, 'main', 'branch')
  expect(await loading.backfill(claude)).toMatchObject({ unchanged: 0, rows: 5 })
})

test('a cursor that cannot be read keeps no snapshot from expiring, nor the others from counting', async () => {
  const claude = await twoFiles()
  const again = await twoFiles()
  const loading = await newLoading()
  await loading.backfill(claude)
  await loading.backfill(again)
  const path = cursorPath(loading, again)
  await writeFile(path, '{"schema_version": 2')
  await addOthers(loading, 'c')
  await expire(loading, loading.records)
  expect(await loading.backfill(claude)).toMatchObject({ ...unchanged, unchanged: 2 })
})

test('an expiry that cannot look at the records goes on all the same', async () => {
  const claude = await twoFiles()
  const loading = await newLoading()
  await loading.backfill(claude)
  await addOthers(loading, 'c')
  const io = { ...localFileIO, list: () => Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES' })) }
  await expire(loading, { ...loading.records, io })
  expect(await loading.backfill(claude)).toMatchObject({ unchanged: 0, rows: 0, duplicates: 5 })
})

test('what is committed while they expire is no reason to read anything again', async () => {
  const claude = await twoFiles()
  const loading = await newLoading()
  await loading.backfill(claude)
  await addOthers(loading, 'c')
  let tries = 0
  const overtaken: Catalog = {
    ...loading.catalog,
    commit: async (base, commit) => {
      if (tries++ === 0) await addOthers(loading, 'd')
      return loading.catalog.commit(base, commit)
    },
  }
  await expire({ catalog: overtaken }, loading.records, 3)
  expect(tries).toBe(2)
  expect(await loading.backfill(claude)).toMatchObject({ ...unchanged, unchanged: 2 })
  await expire(loading, loading.records)
  expect(await loading.backfill(claude)).toMatchObject({ ...unchanged, unchanged: 2 })
})

test('a dry run, and one that finds nothing to expire, change nothing', async () => {
  const claude = await twoFiles()
  const loading = await newLoading()
  await loading.backfill(claude)
  await addOthers(loading, 'c')
  const rule = { nowMs: Date.now() + 1000, minSnapshots: 1, maxAgeMs: 0, pinned: new Set<bigint>() }
  const also = (): Promise<never> => Promise.reject(new Error('is asked'))
  const before = await loading.load()
  await expireSnapshots(loading.catalog, before, rule, systemClock, { dryRun: true, also })
  await expireSnapshots(loading.catalog, before, { ...rule, minSnapshots: 9 }, systemClock, { also })
  expect((await loading.load()).metadataLocation).toBe(before.metadataLocation)
})
