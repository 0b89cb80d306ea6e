import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tableStatus } from '../../../src/daemon/table-status.ts'
import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import { currentSnapshot } from '../../../src/iceberg/metadata.ts'
import type { Long } from '../../../src/iceberg/types.ts'
import { bury } from '../../../src/ingest/deletion/bury.ts'
import { deleteAgain } from '../../../src/ingest/deletion/delete-again.ts'
import { keepDeleted } from '../../../src/ingest/deletion/keep-deleted.ts'
import { sessionGrave } from '../../../src/ingest/deletion/request.ts'
import { generationOf } from '../../../src/ingest/tombstones/tombstones.ts'
import { newestRelease } from '../../../src/schema/builtin.ts'
import { backUp } from '../../../src/stores/backup/backup.ts'
import { restore } from '../../../src/stores/backup/restore.ts'
import { loadDeclaration } from '../../../src/stores/declared.ts'
import type { Home } from '../../../src/stores/home.ts'
import { recordPlace } from '../../../src/stores/records/place.ts'
import { openCatalog, systemContext } from '../../../src/stores/table/catalog.ts'
import { type UpkeepLimits, usualUpkeepLimits } from '../../../src/stores/table/upkeep/due.ts'
import { rememberedMaintenance } from '../../../src/stores/table/upkeep/status.ts'
import { type Tended, type TendOptions, tendTable } from '../../../src/stores/table/upkeep/tend.ts'
import { temporaryFolder } from '../../support/table.ts'
import { addNotes, deleteNotes, homeWithNotes, note, noteIds } from './forgetful-home.ts'

/*
 * A table that another program sets back to a snapshot from before a deletion, which every engine can.
 */

async function made(): Promise<{ readonly folder: string; readonly home: Home; readonly full: Long }> {
  const folder = await temporaryFolder('hyp set back ')
  const home = await homeWithNotes(join(folder, 'home'))
  await addNotes(home, note(1, 'a'), note(2, 'a'), note(3, 'b', 1), note(4, 'c'), note(5, 'c'))
  await addNotes(home, note(6, 'd'))
  return { folder, home, full: await headOf(home) }
}

async function headOf(home: Home): Promise<Long> {
  return currentSnapshot((await openCatalog(home, { table: 'notes' }).load()).metadata)?.['snapshot-id'] as Long
}

/** As `rollback_to_snapshot` of Spark and `manage_snapshots` of PyIceberg do it. */
async function setBack(home: Home, snapshot: Long): Promise<void> {
  const catalog = openCatalog(home, { table: 'notes' })
  await catalog.commit(await catalog.load(), {
    requirements: [],
    updates: [{ action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshot }],
  })
}

/** A look at the table, as the daemon has one. */
async function look(home: Home, options: Partial<TendOptions> = {}): Promise<Tended> {
  const catalog = openCatalog(home, { table: 'notes' })
  return tendTable(catalog, {
    name: 'notes',
    sweptMs: Date.now(),
    leased: async () => new Set(),
    deletions: keepDeleted({ home, catalog, table: 'notes', context: systemContext }),
    context: systemContext,
    ...options,
  })
}

async function isToldOf(home: Home): Promise<boolean> {
  const spool = { rows: 0, bytes: 0, since: null, held: 0, reason: null, failure: null }
  const maintenance = await rememberedMaintenance(home, 'notes')
  return (await tableStatus(home, await loadDeclaration(home, newestRelease, 'notes'), { spool, maintenance })).setBack
}

async function deleteInEveryWay(home: Home): Promise<void> {
  await deleteNotes(home, { kind: 'session', session: 'a' })
  await deleteNotes(home, { kind: 'before', before: '1970-01-05' })
  await deleteNotes(home, { kind: 'where', where: 'id = 4' })
}

test('what a table that was set back shows again is told of, and deleted at the next look', async () => {
  const { home, full } = await made()
  await deleteInEveryWay(home)
  expect(await isToldOf(home)).toBe(false)
  await setBack(home, full)
  expect(await noteIds(home)).toEqual([1, 2, 3, 4, 5, 6])
  expect(await isToldOf(home)).toBe(true)
  const { facts, report } = await look(home)
  expect(report).toMatchObject({ deleted: { rows: 4 }, failures: [] })
  expect(facts.cleared).toBe(true)
  expect(await noteIds(home)).toEqual([5, 6])
  expect(await isToldOf(home)).toBe(false)
  expect(await look(home)).toMatchObject({ facts: { cleared: true }, report: null })
  expect(await addNotes(home, note(1, 'a'), note(4, 'c'), note(7, 'e'))).toMatchObject({ rows: 1, deleted: 2 })
})

test('it is deleted as often as the table is set back, also to between two deletions', async () => {
  const { home, full } = await made()
  await deleteNotes(home, { kind: 'session', session: 'a' })
  const between = await headOf(home)
  await deleteNotes(home, { kind: 'session', session: 'd' })
  for (const [snapshot, rows] of [
    [full, 3],
    [between, 1],
    [full, 3],
  ] as const) {
    await setBack(home, snapshot)
    expect((await look(home)).report?.deleted?.rows).toBe(rows)
    expect(await noteIds(home)).toEqual([3, 4, 5])
  }
})

test.each([1, 2])(
  'a table that was only compacted and expired to %d is not searched, however long ago rows were deleted',
  async minSnapshots => {
    const { home, full } = await made()
    await deleteInEveryWay(home)
    const limits: UpkeepLimits = { ...usualUpkeepLimits, manifests: 1, expirable: 1, minSnapshots, maxAgeMs: 0 }
    for (let n = 10; n < 40; n++) {
      await addNotes(home, note(n, 'x'))
      if (n % 4 === 0) {
        const { facts, report } = await look(home, { limits })
        expect({ cleared: facts.cleared, deleted: report?.deleted ?? null }).toEqual({ cleared: true, deleted: null })
      }
    }
    const { metadata } = await openCatalog(home, { table: 'notes' }).load()
    expect(metadata.snapshots.length).toBeLessThan(9)
    expect(metadata.snapshots.some(snapshot => BigInt(snapshot['snapshot-id']) === BigInt(full))).toBe(false)
  },
)

test('where snapshots were expired by somebody else, it is searched once', async () => {
  const { home } = await made()
  await deleteInEveryWay(home)
  await addNotes(home, note(10, 'x'))
  await addNotes(home, note(11, 'x'))
  const limits: UpkeepLimits = { ...usualUpkeepLimits, expirable: 1, minSnapshots: 1, maxAgeMs: 0 }
  await look(home, { limits, deletions: undefined })
  const { report } = await look(home)
  expect(report?.deleted).toEqual({ rows: 0, files: 0 })
  expect((await look(home)).report).toBeNull()
})

test('what is known is worth only the time of a search: without it the rows are found all the same', async () => {
  const { home, full } = await made()
  await deleteInEveryWay(home)
  await setBack(home, full)
  for (const name of await readdir(home.run)) if (name.startsWith('cleared-')) await rm(join(home.run, name))
  expect((await look(home)).report?.deleted?.rows).toBe(4)
  expect(await noteIds(home)).toEqual([5, 6])
})

test('a deletion that was ended in between is finished by the next look', async () => {
  const { home } = await made()
  const ended = AbortSignal.abort(new Error('ended'))
  await expect(deleteNotes(home, { kind: 'session', session: 'a' }, false, ended)).rejects.toThrow('ended')
  expect(await noteIds(home)).toEqual([1, 2, 3, 4, 5, 6])
  expect((await look(home)).report?.deleted?.rows).toBe(2)
  expect(await noteIds(home)).toEqual([3, 4, 5, 6])
})

/** Ended when the tombstone was durable, and the table did not say so yet. */
async function endedBeforeTheTable(home: Home): Promise<void> {
  const catalog = openCatalog(home, { table: 'notes' })
  const what = sessionGrave('notes', await catalog.load(), 'a')
  const ending: Catalog = { ...catalog, commit: () => Promise.reject(new Error('ended')) }
  const burying = { place: recordPlace(home), table: 'notes', catalog: ending, context: systemContext }
  await expect(bury(burying, { what })).rejects.toThrow('ended')
}

test.each([
  ['the first of all', false, false],
  ['one after others', true, false],
  ['one before others', false, true],
])('so is one that the table says nothing of yet, and that is %s', async (_which, before, after) => {
  const { home } = await made()
  const another = { kind: 'session', session: 'd' } as const
  if (before) await deleteNotes(home, another)
  await endedBeforeTheTable(home)
  if (after) await deleteNotes(home, another)
  await look(home)
  expect(await noteIds(home)).toEqual(before || after ? [3, 4, 5] : [3, 4, 5, 6])
  expect((await look(home)).facts.cleared).toBe(true)
})

test('a purge that fails does not make the table be searched for what its deletion found', async () => {
  const { home, full } = await made()
  const catalog = openCatalog(home, { table: 'notes' })
  const table = await catalog.load()
  const updates = [{ action: 'set-snapshot-ref', 'ref-name': 'v1', type: 'tag', 'snapshot-id': full }] as const
  await catalog.commit(table, { requirements: [], updates })
  await addNotes(home, note(7, 'd'))
  await rm(table.path(currentSnapshot(table.metadata)?.['manifest-list'] as string))
  await expect(deleteNotes(home, { kind: 'session', session: 'a' }, true)).rejects.toThrow('does not exist')
  expect(await noteIds(home)).toEqual([3, 4, 5, 6, 7])
  expect((await look(home)).report).toBeNull()
})

test('a dry run says how many rows it would be, and a table that nothing was deleted from is never searched', async () => {
  const { home, full } = await made()
  await addNotes(home, note(7, 'e'))
  await setBack(home, full)
  expect((await look(home)).report).toBeNull()
  await deleteInEveryWay(home)
  await setBack(home, full)
  expect((await look(home, { dryRun: true })).report?.deleted?.rows).toBe(4)
  expect(await noteIds(home)).toEqual([1, 2, 3, 4, 5, 6])
  expect(await isToldOf(home)).toBe(true)
})

test('a table whose metadata was put back whole obeys its tombstones again', async () => {
  const { home } = await made()
  const catalog = openCatalog(home, { table: 'notes' })
  const before = await catalog.load()
  await deleteInEveryWay(home)
  const now = await catalog.load()
  await catalog.commit(now, {
    requirements: [],
    updates: [
      { action: 'remove-properties', removals: ['hyp.tombstones'] },
      {
        action: 'set-snapshot-ref',
        'ref-name': 'main',
        type: 'branch',
        'snapshot-id': before.metadata['current-snapshot-id'] as Long,
      },
    ],
  })
  expect((await look(home)).report?.deleted?.rows).toBe(4)
  expect(generationOf((await catalog.load()).metadata)).toBe(3)
})

test('a restore that brings rows back, as asked for, is nothing that was set back', async () => {
  const { home, folder } = await made()
  const directory = join(folder, 'backup')
  await backUp({ home, release: newestRelease, directory })
  await deleteInEveryWay(home)
  await restore({ home, directory, onPrepared: prepared => deleteAgain(prepared, { bringBack: true }) })
  expect(await isToldOf(home)).toBe(false)
  expect((await look(home)).report).toBeNull()
  expect(await noteIds(home)).toEqual([1, 2, 3, 4, 5, 6])
})
