import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deleteAgain } from '../../../src/ingest/deletion/delete-again.ts'
import { newestRelease } from '../../../src/schema/builtin.ts'
import { backUp } from '../../../src/stores/backup/backup.ts'
import { type RestoreReport, restore } from '../../../src/stores/backup/restore.ts'
import { ensureHome, type Home, homeAt } from '../../../src/stores/home.ts'
import { temporaryFolder } from '../../support/table.ts'
import { addNotes, deleteNotes, homeWithNotes, note, noteIds } from './forgetful-home.ts'

interface Made {
  readonly folder: string
  readonly home: Home
  readonly backup: string
}

/** Six notes, and a backup of them. */
async function made(): Promise<Made> {
  const folder = await temporaryFolder('hyp again ü ')
  const home = await homeWithNotes(join(folder, 'home'))
  await addNotes(home, note(1, 'a'), note(2, 'a'), note(3, 'b', 1), note(4, 'c'), note(5, 'c'))
  await addNotes(home, note(6, 'd'))
  const backup = join(folder, 'backup')
  await backUp({ home, release: newestRelease, directory: backup })
  return { folder, home, backup }
}

const restoreTo = (home: Home, directory: string, bringBack = false, signal?: AbortSignal): Promise<RestoreReport> =>
  restore({ home, directory, onPrepared: prepared => deleteAgain(prepared, { bringBack, signal }) })

async function deleteInEveryWay(home: Home): Promise<void> {
  await deleteNotes(home, { kind: 'session', session: 'a' })
  await deleteNotes(home, { kind: 'before', before: '1970-01-05' })
  await deleteNotes(home, { kind: 'where', where: 'id = 4' }, true)
}

test('what was deleted after a backup was made is deleted again when it is restored, and stays away', async () => {
  const { home, backup } = await made()
  await deleteInEveryWay(home)
  const { deletions } = await restoreTo(home, backup)
  expect(deletions).toEqual([{ table: 'notes', deletions: 3, rows: 4, failure: null }])
  expect(await noteIds(home)).toEqual([5, 6])
  const brought = await addNotes(home, note(1, 'a'), note(9, 'a'), note(3, 'b', 1), note(4, 'x'), note(7, 'e'))
  expect(brought).toMatchObject({ rows: 1, deleted: 4 })
  expect(await noteIds(home)).toEqual([5, 6, 7])
  // And the next deletion counts on from there.
  expect(await deleteNotes(home, { kind: 'session', session: 'd' })).toMatchObject({ rows: 1, remembered: 'session' })
  expect(await noteIds(home)).toEqual([5, 7])
})

test('it is nowhere to be seen in between: the home is what it was until nothing of it is there', async () => {
  const { home, backup } = await made()
  await deleteInEveryWay(home)
  const seen: number[][] = []
  await restore({
    home,
    directory: backup,
    onPrepared: async prepared => {
      const deletions = await deleteAgain(prepared, { bringBack: false })
      seen.push(await noteIds(home), await noteIds(prepared.home))
      return deletions
    },
  })
  expect(seen).toEqual([
    [5, 6],
    [5, 6],
  ])
})

test('it comes back where that is wanted, and can be deleted and brought back again', async () => {
  const { home, backup } = await made()
  await deleteInEveryWay(home)
  const { deletions } = await restoreTo(home, backup, true)
  expect(deletions).toEqual([{ table: 'notes', deletions: 3, rows: null, failure: null }])
  expect(await noteIds(home)).toEqual([1, 2, 3, 4, 5, 6])
  expect(await addNotes(home, note(7, 'a'))).toMatchObject({ rows: 1, deleted: 0 })
  expect(await deleteNotes(home, { kind: 'session', session: 'a' })).toMatchObject({ rows: 3 })
  expect((await restoreTo(home, backup)).deletions).toMatchObject([{ deletions: 1, rows: 2 }])
  expect(await noteIds(home)).toEqual([3, 4, 5, 6])
})

test('a deletion that the backup knows of is nothing to tell', async () => {
  const { home, folder } = await made()
  await deleteInEveryWay(home)
  const later = join(folder, 'later')
  await backUp({ home, release: newestRelease, directory: later })
  expect((await restoreTo(home, later)).deletions).toEqual([])
  expect(await noteIds(home)).toEqual([5, 6])
  // Of times there is one tombstone, which has moved on.
  await deleteNotes(home, { kind: 'before', before: '1970-02-01' })
  expect((await restoreTo(home, later)).deletions).toMatchObject([{ deletions: 1, rows: 2 }])
  expect(await noteIds(home)).toEqual([])
})

test('another home obeys the deletions of the one that the backup is of, and not its own of other tables', async () => {
  const { home, backup, folder } = await made()
  await deleteNotes(home, { kind: 'session', session: 'a' })
  const other = await homeWithNotes(join(folder, 'other'))
  await addNotes(other, note(1, 'a', 1))
  await deleteNotes(other, { kind: 'before', before: '1971-01-01' })
  expect((await restoreTo(other, backup)).deletions).toMatchObject([{ deletions: 1, rows: 2 }])
  expect(await noteIds(other)).toEqual([3, 4, 5, 6])
  await rm(home.directory, { recursive: true })
  const third = homeAt(join(folder, 'third'))
  await ensureHome(third)
  expect((await restoreTo(third, backup)).deletions).toEqual([])
})

test('a deletion that nobody can read any more is told, and keeps neither the others nor the restore from their end', async () => {
  const { home, backup } = await made()
  await deleteNotes(home, { kind: 'session', session: 'a' })
  const folder = join(home.records, 'tombstone')
  const [first = ''] = await readdir(folder)
  await deleteNotes(home, { kind: 'session', session: 'd' })
  await writeFile(join(folder, first), 'damaged')
  const { deletions } = await restoreTo(home, backup)
  expect(deletions).toMatchObject([
    { table: 'notes', deletions: 1, rows: null, failure: { code: 'RECORD_UNREADABLE' } },
  ])
  expect(await noteIds(home)).toEqual([1, 2, 3, 4, 5])
  expect(await addNotes(home, note(6, 'd'), note(7, 'e'))).toMatchObject({ rows: 1, deleted: 1 })
})

test('a restore that is interrupted while it deletes has changed nothing', async () => {
  const { home, backup } = await made()
  await deleteNotes(home, { kind: 'session', session: 'a' })
  const before = (await readdir(home.directory)).sort()
  await expect(restoreTo(home, backup, false, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  expect((await readdir(home.directory)).sort()).toEqual(before)
  expect(await noteIds(home)).toEqual([3, 4, 5, 6])
})
