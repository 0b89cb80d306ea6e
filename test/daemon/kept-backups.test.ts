import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { type DeletionSite, performDeletion } from '../../src/daemon/deletion/deletion.ts'
import { runDeletion } from '../../src/daemon/deletion/deletion-task.ts'
import { expireSnapshots } from '../../src/iceberg/expiry/expire.ts'
import type { DeletionReport, KeptRows } from '../../src/ingest/deletion/report.ts'
import type { Unwanted } from '../../src/ingest/deletion/request.ts'
import { builtinTable, newestRelease } from '../../src/schema/builtin.ts'
import { backUp } from '../../src/stores/backup/backup.ts'
import { ensureHome, type Home, homeAt } from '../../src/stores/home.ts'
import { openCatalog, systemContext } from '../../src/stores/table/catalog.ts'
import { addNotes, homeWithNotes, note } from '../ingest/deletion/forgetful-home.ts'
import { dataFilesOf, deletePositions } from '../support/deletes.ts'
import { type TestTable, temporaryFolder } from '../support/table.ts'

async function made(): Promise<{ home: Home; backUpTo: (name: string) => Promise<string> }> {
  const folder = await temporaryFolder('hyp kept ü ')
  const home = await homeWithNotes(join(folder, 'home'))
  await addNotes(home, note(1, 'a'), note(2, 'b', 1), note(3, 'c'))
  return {
    home,
    backUpTo: async name => {
      const directory = join(folder, name)
      await backUp({ home, release: newestRelease, directory })
      return directory
    },
  }
}

function deleteFrom(
  home: Home,
  unwanted: Unwanted,
  { table = 'notes', purge = true, dryRun = false, directory = join(home.tables, table) } = {},
): Promise<DeletionReport> {
  const request = { unwanted, dryRun, purge }
  const site: DeletionSite = {
    flush: async () => undefined,
    waiting: async () => ({ rows: 0, held: 0 }),
    run: () => runDeletion({ home, table, directory, request }),
    purgeRejects: async () => ({ rows: 0, unknown: 0 }),
  }
  return performDeletion({ home, table, directory, request, site, monotonic: () => 0 })
}

const onlyHead = {
  nowMs: Date.UTC(2026, 0, 1),
  minSnapshots: 1,
  maxAgeMs: Number.NEGATIVE_INFINITY,
  pinned: new Set<bigint>(),
  onlyHead: true,
}

const inBackups = ({ kept }: DeletionReport): KeptRows | undefined => kept.find(({ place }) => place === 'backups')
const sessionA: Unwanted = { kind: 'session', session: 'a' }

test('a purge names the backups that were made before, with what deletes in them', async () => {
  const { home, backUpTo } = await made()
  expect(inBackups(await deleteFrom(home, { kind: 'session', session: 'x' }))).toBeUndefined()
  const monday = await backUpTo('monday')
  const tuesday = await backUpTo('tuesday')
  expect(inBackups(await deleteFrom(home, sessionA, { dryRun: true }))).toMatchObject({ count: 2 })
  expect(inBackups(await deleteFrom(home, sessionA, { purge: false }))).toBeUndefined()
  expect(inBackups(await deleteFrom(home, sessionA))).toEqual({
    place: 'backups',
    count: 2,
    message: `2 backups may hold them: ${monday}, ${tuesday}.`,
    hint: `Remove them, or delete there too: \`hyp --home '${monday}' table delete notes --session a --purge\`.`,
  })
})

test('a purge of a table whose files others may need says so before any row is deleted', async () => {
  const { home } = await made()
  const catalog = openCatalog(home, { table: 'notes' })
  await catalog.commit(await catalog.load(), {
    requirements: [],
    updates: [{ action: 'set-properties', updates: { 'gc.enabled': 'false' } }],
  })
  const { metadataLocation } = await catalog.load()
  await expect(deleteFrom(home, sessionA)).rejects.toMatchObject({
    code: 'UPDATE_ILLEGAL',
    hint: expect.stringContaining('Nothing was changed.'),
  })
  expect((await catalog.load()).metadataLocation).toBe(metadataLocation)
  expect(await deleteFrom(home, sessionA, { purge: false })).toMatchObject({ rows: 1 })
})

test.each<Unwanted>([sessionA, { kind: 'before', before: '1970-01-05' }])(
  'a backup in which $kind was purged, or that was made after that, is not named',
  async unwanted => {
    const { home, backUpTo } = await made()
    const before = await backUpTo('before')
    expect(inBackups(await deleteFrom(home, unwanted))?.message).toContain(before)
    await backUpTo('after')
    expect(inBackups(await deleteFrom(home, unwanted))).toMatchObject({
      count: 1,
      message: expect.stringContaining(before),
    })
    await ensureHome(homeAt(before))
    await deleteFrom(homeAt(before), unwanted)
    expect(inBackups(await deleteFrom(home, unwanted))).toBeUndefined()
  },
)

test('a backup with an older snapshot, with rows that wait, or that nothing tells the rows in may hold them', async () => {
  const { home, backUpTo } = await made()
  await deleteFrom(home, sessionA, { purge: false })
  const older = await backUpTo('older')
  await deleteFrom(home, sessionA)
  const waiting = await backUpTo('waiting')
  const spool = join(waiting, 'spool/notes')
  await mkdir(spool, { recursive: true })
  await writeFile(join(spool, 'x.000001.seg'), 'rows')
  const clean = await backUpTo('clean')
  expect(inBackups(await deleteFrom(home, sessionA))?.message).toBe(`2 backups may hold them: ${older}, ${waiting}.`)
  expect(inBackups(await deleteFrom(home, { kind: 'where', where: 'id = 9' }))?.message).toContain(clean)
})

test('a purge removes what ended queries and restores left in the home, and names what others still need', async () => {
  const { home } = await made()
  const left = async (...places: string[]): Promise<string> => {
    const folder = join(home.directory, ...places)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'notes.parquet'), 'rows')
    return folder
  }
  // No process has that id: a machine gives none so high.
  const dead = await left('run', 'query-99999999-Ab12Cd')
  const alive = await left('run', `query-${process.pid}-Ab12Cd`)
  const unfinished = await left('restore-2026-01-01T00-00-00Z-ab12.partial', 'tables', 'notes')
  const before = await left('before-restore-2026-01-01T00-00-00Z-ab12')
  const places = async (purge: boolean, dryRun = false): Promise<string[]> =>
    (await deleteFrom(home, sessionA, { purge, dryRun })).kept.map(({ place, message }) => `${place}: ${message}`)
  await places(true, true)
  await places(false)
  for (const folder of [dead, alive, unfinished, before]) expect(await readdir(folder)).toEqual(['notes.parquet'])
  expect(await places(true)).toEqual([
    'readers: 1 query is being run, and may have some that waited in the spool.',
    `files: What was in the home before may hold them: ${before}.`,
  ])
  expect(await readdir(home.run)).not.toContain(basename(dead))
  expect(await readdir(home.directory)).not.toContain('restore-2026-01-01T00-00-00Z-ab12.partial')
  expect(await readdir(alive)).toEqual(['notes.parquet'])
})

test('rows that a table left in the home are named where it is declared to lie elsewhere since', async () => {
  const { home } = await made()
  await rename(join(home.tables, 'notes'), join(home.directory, '..', 'elsewhere'))
  const kept = async (): Promise<string[]> =>
    (await deleteFrom(home, sessionA, { directory: join(home.directory, '..', 'elsewhere') })).kept.map(
      ({ message }) => message,
    )
  expect(await kept()).toEqual([])
  await mkdir(join(home.tables, 'notes/data'), { recursive: true })
  await writeFile(join(home.tables, 'notes/data/x.parquet'), 'rows')
  expect(await kept()).toEqual([`What was in the home before may hold them: ${join(home.tables, 'notes')}.`])
})

test('a backup in which another program only hides rows is named', async () => {
  const { home, backUpTo } = await made()
  const catalog = openCatalog(home, { table: 'notes' })
  const hide = async (): Promise<void> => {
    const target: TestTable = { catalog, table: await catalog.load(), directory: home.tables }
    const location = (await dataFilesOf(target))[0]?.file.location as string
    await deletePositions(target, [{ file: location, pos: 0 }])
  }
  await hide()
  // What was before expired: the rows are in the file all the same.
  await expireSnapshots(catalog, await catalog.load(), onlyHead, systemContext)
  await deleteFrom(home, { kind: 'session', session: 'x' }, { purge: false })
  const hiding = await backUpTo('hiding')
  expect((await catalog.load()).metadata.snapshots).toHaveLength(1)
  expect(inBackups(await deleteFrom(home, { kind: 'session', session: 'x' }))?.message).toContain(hiding)
})

test('a backup that was itself restored into is named as long as it keeps what was there before', async () => {
  const { home, backUpTo } = await made()
  await deleteFrom(home, sessionA)
  const clean = await backUpTo('clean')
  expect(inBackups(await deleteFrom(home, sessionA))).toBeUndefined()
  for (const left of ['before-restore-x', 'restore-x.partial', 'run/query-1-x']) {
    await mkdir(join(clean, left), { recursive: true })
    expect(inBackups(await deleteFrom(home, sessionA))?.message).toContain(clean)
    await rm(join(clean, left), { recursive: true })
  }
  expect(inBackups(await deleteFrom(home, sessionA))).toBeUndefined()
})

test('which sessions the table holds is noted no more once some were deleted', async () => {
  const { home } = await made()
  const noted = ['sessions.json', 'sessions.json.of-a-process-that-died.tmp']
  for (const name of noted) await writeFile(join(home.run, name), '{"files": {"x": ["a"]}}')
  await writeFile(join(home.run, 'token'), 'kept')
  await deleteFrom(home, sessionA, { table: builtinTable, purge: false, dryRun: true })
  expect(await readdir(home.run)).toEqual(expect.arrayContaining(noted))
  await deleteFrom(home, sessionA, { table: builtinTable, purge: false })
  expect((await readdir(home.run)).toSorted()).toEqual(['token'])
})
