import { lstat, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { localFileIO } from '../../../src/iceberg/file-io/local.ts'
import { newestRelease } from '../../../src/schema/builtin.ts'
import { type BackupOptions, type BackupReport, backUp } from '../../../src/stores/backup/backup.ts'
import { readBackupFile } from '../../../src/stores/backup/backup-file.ts'
import { ensureHome, type Home, homeAt } from '../../../src/stores/home.ts'
import { systemError, watchedFileIO } from '../../support/fault-file-io.ts'
import { hasSmallDisks, smallDisk } from '../../support/small-disk.ts'
import { contentsOf, ioWith, temporaryFolder } from '../../support/table.ts'
import { addOrders, homeWithRows, modesBelow, numbers, orderIds, put, stream } from './homes.ts'

async function made(): Promise<{ folder: string; home: Home; to: string }> {
  const folder = await temporaryFolder('hyp backup ü ')
  return { folder, home: await homeWithRows(join(folder, 'home')), to: join(folder, 'copies/monday') }
}

const backUpTo = (home: Home, directory: string, more: Partial<BackupOptions> = {}): Promise<BackupReport> =>
  backUp({ home, release: newestRelease, directory, ...more })

describe('a backup', () => {
  test('is a home by itself: it has all that belongs to one, and nothing of a running process', async () => {
    const { home, to } = await made()
    const report = await backUpTo(home, to)
    const copy = homeAt(to)
    expect(await orderIds(copy)).toEqual(numbers(10))
    expect((await readdir(to)).sort()).toEqual([
      'backup.json',
      'config.json',
      'prices.json',
      'quarantine',
      'records',
      'schema',
      'spool',
      'tables',
    ])
    expect(await readFile(join(copy.spool, `orders/${stream}.000002.seg`), 'utf8')).toBe('segment two')
    expect((await readdir(join(copy.spool, 'orders'))).sort()).toEqual([
      `${stream}.000000.keys`,
      `${stream}.000001.seg`,
      `${stream}.000002.seg`,
      'rejects',
    ])
    expect(await readdir(join(copy.spool, 'orders/rejects'))).toEqual(['a.ndjson'])
    expect(await readdir(join(copy.records, 'source-cursor'))).toEqual(['abc.json'])
    expect(report.left).toEqual([join(home.directory, 'notes.txt')])
    expect(report.tables).toMatchObject([
      { table: 'ai_gateway_messages', rows: 0, elsewhere: null },
      { table: 'orders', rows: 10, elsewhere: null, outside: [] },
    ])
    expect(await readBackupFile(localFileIO, to)).toMatchObject({ formatVersion: 1, home: home.directory })
  })

  test('has declarations and settings that are links to where somebody keeps them, as files of its own', async () => {
    const { folder, home, to } = await made()
    const kept = [join(home.schema, 'orders.json'), join(home.directory, 'config.json')]
    for (const path of kept) {
      const elsewhere = join(folder, `kept-${basename(path)}`)
      await rename(path, elsewhere)
      await symlink(elsewhere, path)
    }
    await backUpTo(home, to)
    for (const path of kept) {
      const copy = join(to, path.slice(home.directory.length))
      expect((await lstat(copy)).isFile()).toBe(true)
      expect(await readFile(copy)).toEqual(await readFile(path))
    }
    expect(await orderIds(homeAt(to))).toEqual(numbers(10))
  })

  test('is readable to nobody else, and takes room only for what somebody may change in place', async () => {
    const { home, to } = await made()
    const report = await backUpTo(home, to)
    for (const [name, mode] of await modesBelow(to))
      expect([name, mode]).toEqual([name, (await stat(join(to, name))).isDirectory() ? 0o700 : 0o600])
    expect((await stat(to)).mode & 0o777).toBe(0o700)
    const shared = new Set<string>()
    for (const path of (await contentsOf(to)).keys()) {
      const original = join(home.directory, path.slice(to.length))
      const before = await stat(original).catch(() => undefined)
      if (before?.ino === (await stat(path)).ino) shared.add(path.slice(to.length + 1))
    }
    const linked = (name: string): boolean => shared.has(name)
    expect([...shared].filter(name => /^tables\/orders\/data\/.*\.parquet$/.test(name))).toHaveLength(2)
    expect(linked(`spool/orders/${stream}.000001.seg`)).toBe(true)
    expect(linked('records/source-cursor/abc.json')).toBe(true)
    for (const changed of ['schema/orders.json', 'config.json', 'prices.json', 'spool/orders/rejects/a.ndjson'])
      expect([changed, linked(changed)]).toEqual([changed, false])
    expect(linked('tables/orders/metadata/version-hint.text')).toBe(false)
    expect(report.bytes - report.linkedBytes).toBeLessThan(2_000)
  })

  test('stays what it is when rows come to the original, and the original when rows come to it', async () => {
    const { home, to } = await made()
    await backUpTo(home, to)
    const copy = await contentsOf(to)
    await addOrders(home, 10, 5)
    await writeFile(join(home.directory, 'prices.json'), '{"changed": true}')
    expect(await contentsOf(to)).toEqual(copy)
    const original = await contentsOf(home.directory)
    await addOrders(homeAt(to), 20, 5)
    expect(await contentsOf(home.directory)).toEqual(original)
    expect(await orderIds(home)).toEqual(numbers(15))
    expect(await orderIds(homeAt(to))).toEqual([...numbers(10), 20, 21, 22, 23, 24])
  })

  test('holds a table that lies outside the home, and does not lead back to it', async () => {
    const folder = await temporaryFolder('hyp backup ü ')
    const location = join(folder, 'lake/orders')
    const home = await homeWithRows(join(folder, 'home'), { location })
    const to = join(folder, 'copy')
    const report = await backUpTo(home, to)
    expect(report.tables).toMatchObject([{ table: 'ai_gateway_messages' }, { table: 'orders', elsewhere: location }])
    const text = await readFile(join(to, 'schema/orders.json'), 'utf8')
    expect(text).not.toContain('location')
    expect(text).toContain('// where orders come from')
    await rm(location, { recursive: true })
    expect(await orderIds(homeAt(to))).toEqual(numbers(10))
  })

  test('leaves out a segment that is still added to, after those who write closed what was acknowledged', async () => {
    const { home, to } = await made()
    const later = join(home.spool, `orders/${stream}.000003.seg`)
    let asked = 0
    await backUpTo(home, to, {
      writers: {
        close: async () => put(later, 'rows that come now'),
        active: () => {
          asked++
          return new Set([later])
        },
      },
    })
    expect(asked).toBe(1)
    expect(await readdir(join(to, 'spool/orders'))).toContain(`${stream}.000002.seg`)
    expect(await readdir(join(to, 'spool/orders'))).not.toContain(`${stream}.000003.seg`)
  })

  test('copies the newest version where a file goes while it copies', async () => {
    const { home, to } = await made()
    let gone: string | undefined
    const io = ioWith({
      link: async (from, target) => {
        if (gone === undefined && from.endsWith('.parquet')) {
          gone = from
          await addOrders(home, 10, 3)
          throw Object.assign(new Error('made up'), { code: 'ENOENT' })
        }
        return localFileIO.link(from, target)
      },
    })
    const report = await backUpTo(home, to, { io })
    expect(await orderIds(homeAt(to))).toEqual(numbers(13))
    expect(report.tables.find(({ table }) => table === 'orders')?.rows).toBe(13)
  })

  test('is refused where a file is missing that a table names, which is named', async () => {
    const { home, to, folder } = await made()
    const data = join(home.tables, 'orders/data')
    const [missing = ''] = await readdir(data)
    await rm(join(data, missing))
    await expect(backUpTo(home, to)).rejects.toMatchObject({
      code: 'FILE_MISSING',
      details: { file: join(data, missing) },
    })
    expect(await readdir(join(folder, 'copies'))).toEqual([])
  })
})

describe('the place of a backup', () => {
  test('is an empty directory or none yet, and neither in the home nor around it', async () => {
    const { home, folder, to } = await made()
    await put(join(folder, 'full/file'), 'x')
    await mkdir(join(folder, 'empty'))
    await symlink(home.directory, join(folder, 'link'))
    const refused = async (directory: string): Promise<unknown> =>
      backUpTo(home, directory).catch((error: unknown) => (error as { code: string }).code)
    for (const directory of [
      join(folder, 'full'),
      join(folder, 'full/file'),
      home.directory,
      join(home.directory, 'backups/monday'),
      join(folder, 'link/backups/monday'),
      folder,
    ])
      expect([directory, await refused(directory)]).toEqual([directory, 'USAGE'])
    await backUpTo(home, join(folder, 'empty'))
    await backUpTo(home, to)
    expect(await refused(to)).toBe('USAGE')
    expect(await orderIds(homeAt(join(folder, 'empty')))).toEqual(numbers(10))
  })

  test('is not taken for a home that was named by mistake', async () => {
    const folder = await temporaryFolder()
    const home = homeAt(join(folder, 'mistake'))
    await ensureHome(home)
    await expect(backUpTo(home, join(folder, 'copy'))).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
  })

  test('that may not be written to is told as such', async () => {
    const { home, to } = await made()
    const io = ioWith({
      makeDirectory: async path => {
        throw systemError('EACCES', { kind: 'makeDirectory', path })
      },
    })
    await expect(backUpTo(home, to, { io })).rejects.toMatchObject({
      code: 'HOME_UNUSABLE',
      hint: expect.stringContaining('may write') as string,
    })
  })

  test.runIf(hasSmallDisks)('may be on another file system, where everything is copied', async () => {
    const { home, folder } = await made()
    smallDisk(join(folder, 'disk'), 8)
    const report = await backUpTo(home, join(folder, 'disk/copy'))
    expect(report.linkedBytes).toBe(0)
    expect(report.bytes).toBeGreaterThan(1_000)
    expect(await orderIds(homeAt(join(folder, 'disk/copy')))).toEqual(numbers(10))
    for (const [name, mode] of await modesBelow(join(folder, 'disk/copy')))
      expect([name, mode & 0o077]).toEqual([name, 0])
    await expect(backUpTo(home, join(folder, 'disk'))).rejects.toMatchObject({ code: 'USAGE' })
  })

  test.each(['disk', 'disk/copies/monday'])('at %s, behind a link to nothing, is refused', async place => {
    const { home, folder } = await made()
    await symlink(join(folder, 'mounted by nobody'), join(folder, 'disk'))
    await expect(backUpTo(home, join(folder, place))).rejects.toMatchObject({
      code: 'USAGE',
      message: `${join(folder, 'disk')} is a symbolic link to what is not there.`,
    })
    expect((await readdir(folder)).sort()).toEqual(['disk', 'home'])
  })

  test.each([
    ['where no directory can be made', '/proc/hyp-backup/monday', 'HOME_UNUSABLE'],
    ['in a device', '/dev/null/monday', 'HOME_UNUSABLE'],
    ['that is a device', '/dev/null', 'USAGE'],
    ['in a file', 'file/monday', 'HOME_UNUSABLE'],
    ['that is a file', 'file', 'USAGE'],
    ['behind a circle of links', 'circle/monday', 'USAGE'],
    ['with a name that is too long', 'x'.repeat(300), 'HOME_UNUSABLE'],
    ['with a name that the copy is too long for until it is whole', 'x'.repeat(250), 'HOME_UNUSABLE'],
    ['with a path that is too long', 'x/'.repeat(4_000), 'HOME_UNUSABLE'],
  ] as const)('%s is refused with that place, and nothing is left of it', async (_, place, code) => {
    const { home, folder } = await made()
    await writeFile(join(folder, 'file'), '')
    await symlink('circle', join(folder, 'circle'))
    const before = await contentsOf(folder)
    const directory = resolve(folder, place)
    await expect(backUpTo(home, directory)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(place.startsWith('circle') ? join(folder, 'circle') : directory) as string,
      hint: expect.not.stringMatching(/HYP_HOME|--verbose/) as string,
    })
    expect(await contentsOf(folder)).toEqual(before)
  })

  test.runIf(hasSmallDisks)('the root of a file system is refused, with what to name instead', async () => {
    const { home, folder } = await made()
    smallDisk(join(folder, 'disk'), 1)
    await expect(backUpTo(home, join(folder, 'disk'))).rejects.toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining(join(folder, 'disk/hyp')) as string,
    })
  })

  test.runIf(hasSmallDisks)('that is full is told as such, and nothing of the copy is left', async () => {
    const { home, folder } = await made()
    await put(join(home.spool, `orders/${stream}.000003.seg`), 'x'.repeat(3_000_000))
    smallDisk(join(folder, 'disk'), 1)
    await expect(backUpTo(home, join(folder, 'disk/copy'))).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect(await readdir(join(folder, 'disk'))).toEqual([])
  })
})

describe('a backup that does not come to its end', () => {
  test('is removed where it is interrupted', async () => {
    const { home, to, folder } = await made()
    const abort = new AbortController()
    const io = watchedFileIO(localFileIO, { before: ({ n }) => void (n === 60 && abort.abort()) })
    await expect(backUpTo(home, to, { io, signal: abort.signal })).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(await readdir(join(folder, 'copies'))).toEqual([])
  })

  test('is named where it cannot be removed, and by the next one', async () => {
    const { home, to, folder } = await made()
    const io = watchedFileIO(localFileIO, {
      before: operation => {
        if (operation.n > 60) throw systemError('EIO', operation)
      },
    })
    const [left = ''] = await backUpTo(home, to, { io }).then(
      () => [],
      async (error: unknown) => {
        expect(error).toMatchObject({ code: 'DISK_FAILED', hint: expect.stringContaining(`${to}.partial-`) as string })
        return readdir(join(folder, 'copies'))
      },
    )
    expect(left).toMatch(/^monday\.partial-/)
    expect((await backUpTo(home, to)).partial).toEqual([join(folder, 'copies', left)])
  })
})
