import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { takeLock } from '../../src/daemon/lock.ts'
import { notListening, readPresence, writePresence } from '../../src/daemon/presence.ts'
import { ensureHome, type Home, homeAt } from '../../src/stores/home.ts'
import { fillDisk, hasSmallDisks, smallDisk } from '../support/small-disk.ts'
import { temporaryFolder } from '../support/table.ts'

async function newHome(): Promise<Home> {
  const home = homeAt(await temporaryFolder())
  await ensureHome(home)
  return home
}

test('the lock of a home is held by one at a time, and free again when it is released', async () => {
  const home = await newHome()
  const lock = await takeLock(home)
  await expect(takeLock(home)).rejects.toMatchObject({ code: 'LOCKED' })
  lock.release()
  lock.release()
  const again = await takeLock(home)
  again.release()
})

test.runIf(hasSmallDisks)('the lock can be taken on a disk without a free byte, by one at a time', async () => {
  const folder = await temporaryFolder()
  smallDisk(folder, 1)
  const home = homeAt(join(folder, 'home'))
  await ensureHome(home)
  fillDisk(folder)
  const lock = await takeLock(home)
  await expect(takeLock(home)).rejects.toMatchObject({ code: 'LOCKED' })
  lock.release()
})

test('an attempt that failed does not take the lock from its holder', async () => {
  const home = await newHome()
  const lock = await takeLock(home)
  for (let attempt = 0; attempt < 3; attempt++) await expect(takeLock(home)).rejects.toMatchObject({ code: 'LOCKED' })
  lock.release()
})

test('who holds the lock is named where it is known', async () => {
  const home = await newHome()
  const lock = await takeLock(home)
  await expect(takeLock(home)).rejects.toThrow('is in use by another process.')
  await writePresence(home, { pid: 4711, version: '1', startedAt: '2026-01-01T00:00:00.000Z', ...notListening })
  await expect(takeLock(home)).rejects.toThrow('is in use by process 4711, since 2026-01-01T00:00:00.000Z.')
  lock.release()
})

test('a lock that something was written to is told with what to do', async () => {
  const home = await newHome()
  writeFileSync(home.lock, 'x'.repeat(5000))
  await expect(takeLock(home)).rejects.toMatchObject({
    code: 'HOME_UNUSABLE',
    message: expect.stringContaining(home.lock) as string,
    hint: expect.stringContaining('remove it') as string,
  })
  rmSync(home.lock)
  const lock = await takeLock(home)
  lock.release()
})

test('the lock file and the file that names its holder are readable to their owner only', async () => {
  const home = await newHome()
  const lock = await takeLock(home)
  await writePresence(home, { pid: 1, version: '1', startedAt: '', ...notListening })
  expect([home.lock, home.daemonFile].map(path => statSync(path).mode & 0o777)).toEqual([0o600, 0o600])
  lock.release()
})

test('a lock file that is no lock file is told, not overwritten', async () => {
  const home = await newHome()
  writeFileSync(home.lock, 'something that somebody may still want'.repeat(100))
  await expect(takeLock(home)).rejects.toMatchObject({ code: 'HOME_UNUSABLE' })
  expect(readFileSync(home.lock, 'utf8')).toMatch(/^something/)
})

test('a torn or missing file that names the holder is as good as none', async () => {
  const home = await newHome()
  expect(await readPresence(home)).toBeUndefined()
  writeFileSync(home.daemonFile, '{"pid": 1, "vers')
  expect(await readPresence(home)).toBeUndefined()
})
