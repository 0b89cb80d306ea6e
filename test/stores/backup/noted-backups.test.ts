import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorCatalogue } from '../../../src/error-catalogue.ts'
import type { FileIO } from '../../../src/iceberg/file-io/file-io.ts'
import { localFileIO } from '../../../src/iceberg/file-io/local.ts'
import { newestRelease } from '../../../src/schema/builtin.ts'
import { backUp } from '../../../src/stores/backup/backup.ts'
import { backupFilePath, readBackupFile } from '../../../src/stores/backup/backup-file.ts'
import { backupsOf } from '../../../src/stores/backup/noted-backups.ts'
import { restore } from '../../../src/stores/backup/restore.ts'
import { ensureHome, type Home, homeAt } from '../../../src/stores/home.ts'
import { temporaryFolder } from '../../support/table.ts'
import { homeWithRows } from './homes.ts'

async function made(): Promise<{ folder: string; home: Home; to: (name: string) => string }> {
  const folder = await temporaryFolder('hyp noted ü ')
  return { folder, home: await homeWithRows(join(folder, 'home')), to: name => join(folder, 'copies', name) }
}

const backUpTo = (home: Home, directory: string): Promise<unknown> =>
  backUp({ home, release: newestRelease, directory })

const directoriesOf = async (home: Home): Promise<string[]> =>
  (await backupsOf(localFileIO, home)).map(({ directory }) => directory).sort()

test('a backup is on record in the home it is of, with its tables and when it was made', async () => {
  const { home, to } = await made()
  await backUpTo(home, to('monday'))
  const { createdAt, tables } = await readBackupFile(localFileIO, to('monday'))
  expect(await backupsOf(localFileIO, home)).toEqual([
    { directory: to('monday'), createdAt, tables: tables.map(({ table, uuid }) => ({ table, uuid })) },
  ])
  expect(tables.map(({ table }) => table)).toEqual(['ai_gateway_messages', 'orders'])
})

test('a backup that was removed, or that another one took the place of, is gone, and off the record with the next', async () => {
  const { home, to } = await made()
  for (const name of ['monday', 'tuesday']) await backUpTo(home, to(name))
  await rm(to('monday'), { recursive: true })
  expect(await directoriesOf(home)).toEqual([to('tuesday')])
  await rm(to('tuesday'), { recursive: true })
  await backUpTo(home, to('tuesday'))
  expect(await directoriesOf(home)).toEqual([to('tuesday')])
  expect(await localFileIO.list(join(home.records, 'backup'))).toHaveLength(1)
})

test('a backup whose disk is elsewhere, or that cannot be read, is not taken for gone', async () => {
  const { folder, home, to } = await made()
  await backUpTo(home, to('monday'))
  await rename(join(folder, 'copies'), join(folder, 'taken out'))
  await backUpTo(home, join(folder, 'more/tuesday'))
  expect(await directoriesOf(home)).toEqual([to('monday'), join(folder, 'more/tuesday')])
  await rename(join(folder, 'taken out'), join(folder, 'copies'))
  await writeFile(backupFilePath(to('monday')), 'damaged')
  expect(await directoriesOf(home)).toEqual([to('monday'), join(folder, 'more/tuesday')])
})

test('a backup that the disk does not give is no matter of permissions', async () => {
  const fails = (code: string): FileIO => ({
    ...localFileIO,
    read: () => Promise.reject(Object.assign(new Error(`${code}: told by the disk`), { code })),
  })
  await expect(readBackupFile(fails('EIO'), '/b')).rejects.toMatchObject({
    code: 'DISK_FAILED',
    hint: errorCatalogue.DISK_FAILED.hint,
  })
  await expect(readBackupFile(fails('EACCES'), '/b')).rejects.toMatchObject({
    code: 'HOME_UNUSABLE',
    hint: 'Name a directory that you may read.',
  })
})

test('a restored home has those on record that were made since, and the one that it was restored from', async () => {
  const { folder, home, to } = await made()
  for (const name of ['monday', 'tuesday']) await backUpTo(home, to(name))
  await restore({ home, directory: to('monday') })
  expect(await directoriesOf(home)).toEqual([to('monday'), to('tuesday')])
  const other = homeAt(join(folder, 'other'))
  await ensureHome(other)
  await restore({ home: other, directory: to('monday') })
  expect(await directoriesOf(other)).toEqual([to('monday'), to('tuesday')])
})
