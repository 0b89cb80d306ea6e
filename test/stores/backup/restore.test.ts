import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FileIO } from '../../../src/iceberg/file-io/file-io.ts'
import { localFileIO } from '../../../src/iceberg/file-io/local.ts'
import { newestRelease } from '../../../src/schema/builtin.ts'
import { backUp } from '../../../src/stores/backup/backup.ts'
import { type RestoreReport, restore } from '../../../src/stores/backup/restore.ts'
import { beforeRestoresIn } from '../../../src/stores/backup/swap.ts'
import { ensureHome, type Home, homeAt } from '../../../src/stores/home.ts'
import { openCatalog } from '../../../src/stores/table/catalog.ts'
import { hasSmallDisks, smallDisk } from '../../support/small-disk.ts'
import { contentsOf, temporaryFolder } from '../../support/table.ts'
import { addOrders, homeWithRows, modesBelow, numbers, orderIds, partsOf, put, stream } from './homes.ts'

interface Made {
  readonly folder: string
  readonly home: Home
  readonly backup: string
}

/** A home, and a backup of when it held ten orders: it holds fifteen now. */
async function made(options: { readonly location?: string } = {}): Promise<Made> {
  const folder = await temporaryFolder('hyp restore ü ')
  const home = await homeWithRows(join(folder, 'home'), options)
  const backup = join(folder, 'backup')
  await backUp({ home, release: newestRelease, directory: backup })
  await addOrders(home, 10, 5)
  await put(join(home.spool, `orders/${stream}.000003.seg`), 'segment three')
  await rm(home.prices)
  return { folder, home, backup }
}

const restoreTo = (home: Home, directory: string, io?: FileIO): Promise<RestoreReport> =>
  restore({ home, directory, ...(io === undefined ? {} : { io }) })

describe('a restored home', () => {
  test('holds what the backup held, and what was in it before is kept beside it', async () => {
    const { home, backup } = await made()
    const before = await partsOf(home)
    const report = await restoreTo(home, backup)
    expect(await orderIds(home)).toEqual(numbers(10))
    expect(await readFile(home.prices, 'utf8')).toBe('{}\n')
    expect(await readdir(join(home.spool, 'orders'))).not.toContain(`${stream}.000003.seg`)
    expect(await readFile(home.token, 'utf8')).toBe('secret\n')
    expect(await readFile(join(home.directory, 'notes.txt'), 'utf8')).toBe('mine\n')
    const kept = report.before as string
    expect(await beforeRestoresIn(localFileIO, home)).toEqual([kept])
    expect(kept).toMatch(/\/home\/before-restore-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-[0-9a-f]{4}$/)
    const aside = new Map([...(await contentsOf(kept))].map(([path, bytes]) => [path.slice(kept.length + 1), bytes]))
    const expected = [...before].filter(([name]) => !/^(run\/|notes)/.test(name))
    expect(aside).toEqual(new Map(expected))
    expect(report.tables).toMatchObject([
      { table: 'ai_gateway_messages', relocatedFrom: null, failure: null },
      { table: 'orders', rows: 10, relocatedFrom: null, failure: null },
    ])
    expect((await readdir(home.directory)).filter(name => name.startsWith('restore-'))).toEqual([])
  })

  test('can be restored again from what was kept or from the same backup, which stays as it was', async () => {
    const { home, backup } = await made()
    const original = await contentsOf(backup)
    await restoreTo(home, backup)
    await addOrders(home, 30, 2)
    expect(await contentsOf(backup)).toEqual(original)
    await restoreTo(home, backup)
    expect(await orderIds(home)).toEqual(numbers(10))
    expect((await readdir(home.directory)).filter(name => name.startsWith('before-restore-'))).toHaveLength(2)
  })

  test('may be another one, where the tables say that they lie, for every program', async () => {
    const { folder, home, backup } = await made()
    const other = homeAt(join(folder, 'other'))
    await ensureHome(other)
    const report = await restoreTo(other, backup)
    expect(report.before).toBe(null)
    expect(await orderIds(other)).toEqual(numbers(10))
    const table = await openCatalog(other, { table: 'orders' }).load()
    expect(table.metadata.location).toBe(`file://${other.tables}/orders`)
    expect(report.tables[1]?.relocatedFrom).toBe(`file://${home.tables}/orders`)
    for (const [name, mode] of await modesBelow(other.directory)) expect([name, mode & 0o077]).toEqual([name, 0])
    await rm(home.directory, { recursive: true })
    await rm(backup, { recursive: true })
    await addOrders(other, 10, 1)
    expect(await orderIds(other)).toEqual(numbers(11))
  })

  test('holds a table that lay outside the home, and leaves what lies there alone', async () => {
    const folder = await temporaryFolder('hyp restore ü ')
    const location = join(folder, 'lake/orders')
    const home = await homeWithRows(join(folder, 'home'), { location })
    const backup = join(folder, 'backup')
    await backUp({ home, release: newestRelease, directory: backup })
    await addOrders(home, 10, 5)
    const lake = await contentsOf(location)
    const report = await restoreTo(home, backup)
    expect(await orderIds(home)).toEqual(numbers(10))
    expect(report.tables[1]).toMatchObject({ elsewhere: location, relocatedFrom: `file://${location}` })
    expect(await contentsOf(location)).toEqual(lake)
  })

  test.runIf(hasSmallDisks)('may come from another file system', async () => {
    const { folder, home, backup } = await made()
    smallDisk(join(folder, 'disk'), 8)
    const there = join(folder, 'disk/copy')
    await backUp({ home, release: newestRelease, directory: there })
    await addOrders(home, 20, 1)
    await restoreTo(home, there)
    expect(await orderIds(home)).toEqual(numbers(15))
    await restoreTo(home, backup)
    expect(await orderIds(home)).toEqual(numbers(10))
  })
})

describe('what is no whole backup', () => {
  const refused = async (home: Home, directory: string): Promise<unknown> => {
    const before = await contentsOf(home.directory)
    const error: unknown = await restoreTo(home, directory).then(
      () => undefined,
      (failed: unknown) => failed,
    )
    expect(await contentsOf(home.directory)).toEqual(before)
    return (error as { readonly code?: string } | undefined)?.code
  }

  test('is refused, and nothing is changed', async () => {
    const { folder, home, backup } = await made()
    await mkdir(join(folder, 'empty'))
    expect(await refused(home, join(folder, 'empty'))).toBe('NOT_FOUND')
    expect(await refused(home, join(folder, 'nowhere'))).toBe('NOT_FOUND')
    expect(await refused(home, join(backup, 'backup.json'))).toBe('NOT_FOUND')
    await symlink('circle', join(folder, 'circle'))
    expect(await refused(home, join(folder, 'circle'))).toBe('NOT_FOUND')
    expect(await refused(home, join(folder, 'x'.repeat(300)))).toBe('NOT_FOUND')
    const said = await readFile(join(backup, 'backup.json'), 'utf8')
    await writeFile(join(backup, 'backup.json'), said.slice(0, -20))
    expect(await refused(home, backup)).toBe('BACKUP_INVALID')
    await writeFile(join(backup, 'backup.json'), said.replace('"formatVersion": 1', '"formatVersion": 2'))
    expect(await refused(home, backup)).toBe('RECORD_NEWER')
  })

  test.each([
    ['a data file', 'tables/orders/data', '.parquet', 'FILE_MISSING'],
    ['the metadata of a table', 'tables/orders/metadata', '.json', 'BACKUP_INVALID'],
    ['rows that wait', 'spool/orders', '.seg', 'BACKUP_INVALID'],
    ['a cursor', 'records/source-cursor', '.json', 'BACKUP_INVALID'],
  ])('is one that lacks %s', async (_what, place, ending, code) => {
    const { home, backup } = await made()
    for (const name of await readdir(join(backup, place)))
      if (name.endsWith(ending)) await rm(join(backup, place, name))
    expect(await refused(home, backup)).toBe(code)
  })

  test('is not the home itself', async () => {
    const { backup } = await made()
    await mkdir(join(backup, 'run'))
    expect(await refused(homeAt(backup), backup)).toBe('USAGE')
  })
})

test('a backup that somebody worked in as a home is restored as it is by now', async () => {
  const { home, backup } = await made()
  const copy = homeAt(backup)
  await ensureHome(copy)
  await addOrders(copy, 50, 1)
  await rm(join(copy.spool, `orders/${stream}.000001.seg`))
  await restoreTo(home, backup)
  expect(await orderIds(home)).toEqual([...numbers(10), 50])
})

test.runIf(hasSmallDisks)(
  'a home with a file system in it is not restored, and is told so before anything is done',
  async () => {
    const { folder, backup } = await made()
    const other = homeAt(join(folder, 'other'))
    await ensureHome(other)
    smallDisk(other.spool, 1)
    await expect(restoreTo(other, backup)).rejects.toMatchObject({ code: 'USAGE' })
    expect((await readdir(other.directory)).sort()).toEqual(['run', 'schema', 'spool', 'tables'])
  },
)
