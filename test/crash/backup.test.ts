import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { newestRelease } from '../../src/schema/builtin.ts'
import { backUp } from '../../src/stores/backup/backup.ts'
import { readBackupFile } from '../../src/stores/backup/backup-file.ts'
import { backupsOf } from '../../src/stores/backup/noted-backups.ts'
import { restore } from '../../src/stores/backup/restore.ts'
import { finishRestore } from '../../src/stores/backup/swap.ts'
import { ensureHome, homeAt } from '../../src/stores/home.ts'
import { homeWithRows, numbers, orderIds, partsOf, put } from '../stores/backup/homes.ts'
import { systemError, watchedFileIO } from '../support/fault-file-io.ts'
import { contentsOf, temporaryFolder } from '../support/table.ts'

/*
 * Backup and restore, ended at every operation on the disk: from there on
 * nothing is done any more, as after a kill.
 */

test('wherever a backup ends, only its record changed the home, and its name is taken by a whole copy that is on record', async () => {
  const folder = await temporaryFolder('hyp backup ü ')
  const home = await homeWithRows(join(folder, 'home'))
  const ownOf = async (): Promise<[string, string][]> =>
    [...(await contentsOf(home.directory))].filter(([path]) => !path.startsWith(join(home.records, 'backup/')))
  const before = await ownOf()
  let whole = 0
  for (let last = 1; whole === 0; last++) {
    const to = join(folder, `copy-${last}`)
    const io = watchedFileIO(localFileIO, {
      before: operation => {
        if (operation.n >= last) throw systemError('EIO', operation)
      },
    })
    const error: unknown = await backUp({ home, release: newestRelease, directory: to, io }).then(
      () => undefined,
      (failed: unknown) => failed,
    )
    const isThere = (await readdir(folder)).includes(`copy-${last}`)
    if (error === undefined) whole++
    if (isThere) {
      await readBackupFile(localFileIO, to)
      expect(await orderIds(homeAt(to))).toEqual(numbers(10))
    } else expect(error).toBeDefined()
    const noted = (await backupsOf(localFileIO, home)).map(({ directory }) => directory)
    expect(noted.includes(to)).toBe(isThere)
    expect(await ownOf()).toEqual(before)
    // With each backup that stays there the next one has more to do.
    await rm(to, { recursive: true, force: true })
  }
  expect(whole).toBe(1)
})

test('wherever a restore ends, the home is what it was or what was restored, whoever looks at it next', async () => {
  const folder = await temporaryFolder('hyp restore ü ')
  const source = await homeWithRows(join(folder, 'source'))
  const backup = join(folder, 'backup')
  await backUp({ home: source, release: newestRelease, directory: backup })
  const seen = { old: 0, restored: 0 }
  for (let last = 1, done = false; !done; last += 1) {
    const home = homeAt(join(folder, `home-${last}`))
    await ensureHome(home)
    await put(join(home.spool, 'orders/before.seg'), 'of before')
    await put(join(home.records, 'task/before.json'), '{}')
    const before = await partsOf(home)
    const io = watchedFileIO(localFileIO, {
      before: operation => {
        if (operation.n >= last) throw systemError('EIO', operation)
      },
    })
    const error: unknown = await restore({ home, directory: backup, io }).then(
      () => undefined,
      (failed: unknown) => failed,
    )
    // Every process makes the folders of its home before it takes the lock.
    await ensureHome(home)
    await finishRestore(localFileIO, home)
    const left = (await readdir(home.directory)).filter(name => name.startsWith('restore-') && name.endsWith('.ready'))
    expect(left).toEqual([])
    const after = await partsOf(home)
    if (after.has('spool/orders/before.seg')) {
      expect(after).toEqual(before)
      expect(error).toBeDefined()
      seen.old++
      // The next one goes through.
      if (last % 40 === 0) await restore({ home, directory: backup })
    } else {
      expect(await orderIds(home)).toEqual(numbers(10))
      const aside = (await readdir(home.directory)).filter(name => name.startsWith('before-restore-'))
      const kept = join(home.directory, aside[0] as string)
      expect(await readFile(join(kept, 'spool/orders/before.seg'), 'utf8')).toBe('of before')
      expect(await readFile(join(kept, 'records/task/before.json'), 'utf8')).toBe('{}')
      expect(after.has('records/task/before.json')).toBe(false)
      seen.restored++
      done = error === undefined
    }
    await rm(home.directory, { recursive: true })
  }
  expect(seen.old).toBeGreaterThan(50)
  expect(seen.restored).toBeGreaterThan(10)
})
