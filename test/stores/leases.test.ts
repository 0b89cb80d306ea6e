import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmod, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { TableMetadata } from '../../src/iceberg/types.ts'
import { ensureHome, type Home, homeAt } from '../../src/stores/home.ts'
import { leasedSnapshots, takeLease } from '../../src/stores/leases.ts'
import { newMetadata, optional, temporaryFolder } from '../support/table.ts'

const uuid = '11111111-2222-4333-8444-555555555555'

async function newHome(): Promise<Home> {
  const home = homeAt(join(await temporaryFolder(), 'home'))
  await ensureHome(home)
  return home
}

function at(snapshot: number | bigint | undefined, tableUuid = uuid): { readonly metadata: TableMetadata } {
  const made = newMetadata({ columns: [optional('a', 'string')] })
  const metadata = { ...made, 'table-uuid': tableUuid }
  if (snapshot === undefined) return { metadata }
  const taken = { 'snapshot-id': snapshot, 'sequence-number': 1, 'timestamp-ms': 1, 'manifest-list': 'file:///l' }
  return { metadata: { ...metadata, 'current-snapshot-id': snapshot, snapshots: [taken] } }
}

async function leaseFiles(home: Home): Promise<string[]> {
  return (await readdir(home.run)).filter(name => name.startsWith('lease-'))
}

/** A process that is gone. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid
}

test('a lease holds every snapshot until it is narrowed, then what was found, and nothing when it is given back', async () => {
  const home = await newHome()
  const lease = await takeLease(home)
  expect(await leasedSnapshots(home, uuid)).toBe('all')
  await lease.narrow([at(7), at(9_223_372_036_854_775_807n), at(3, randomUUID()), at(undefined)])
  expect(await leasedSnapshots(home, uuid)).toEqual(new Set([7n, 9_223_372_036_854_775_807n]))
  await lease.release()
  expect(await leasedSnapshots(home, uuid)).toEqual(new Set())
  expect(await leaseFiles(home)).toEqual([])
})

test('leases of several readers add up', async () => {
  const home = await newHome()
  const first = await takeLease(home)
  const second = await takeLease(home)
  await first.narrow([at(1)])
  expect(await leasedSnapshots(home, uuid)).toBe('all')
  await second.narrow([at(2)])
  expect(await leasedSnapshots(home, uuid)).toEqual(new Set([1n, 2n]))
  await first.release()
  expect(await leasedSnapshots(home, uuid)).toEqual(new Set([2n]))
  await second.release()
})

test('the leases of a process that died hold nothing and are removed, half-written ones too', async () => {
  const home = await newHome()
  const name = `lease-${deadPid()}-${randomUUID()}.json`
  await writeFile(join(home.run, name), '"all"\n')
  await writeFile(join(home.run, `${name}.${randomUUID()}.tmp`), '"al')
  expect(await leasedSnapshots(home, uuid)).toEqual(new Set())
  expect(await leaseFiles(home)).toEqual([])
})

test('a lease that was silent for a day is of nobody, for ids of processes are given out again', async () => {
  const home = await newHome()
  const name = `lease-${process.pid}-${randomUUID()}.json`
  await writeFile(join(home.run, name), '"all"\n')
  const now = Date.now()
  const ago = (hours: number): Date => new Date(now - hours * 3_600_000)
  await utimes(join(home.run, name), ago(23), ago(23))
  expect(await leasedSnapshots(home, uuid, now)).toBe('all')
  await utimes(join(home.run, name), ago(25), ago(25))
  expect(await leasedSnapshots(home, uuid, now)).toEqual(new Set())
  expect(await leaseFiles(home)).toEqual([])
})

test.for(['', 'null', '{"', '7', `{"${uuid}":["x"]}`])(
  'a lease of a living process that says %j holds everything',
  async text => {
    const home = await newHome()
    await writeFile(join(home.run, `lease-${process.pid}-${randomUUID()}.json`), text)
    expect(await leasedSnapshots(home, uuid)).toBe('all')
  },
)

test.skipIf(process.getuid?.() === 0)('a reader that may write nothing reads without a lease', async () => {
  const home = await newHome()
  await chmod(home.run, 0o500)
  const lease = await takeLease(home)
  await lease.narrow([at(1)])
  await lease.release()
  expect(await leaseFiles(home)).toEqual([])
  await chmod(home.run, 0o700)
})

test('a home without the folder of leases gives a lease that holds nothing', async () => {
  const home = homeAt(join(await temporaryFolder(), 'nowhere'))
  const lease = await takeLease(home)
  await lease.narrow([at(1)])
  await lease.release()
  expect(await leasedSnapshots(home, uuid)).toEqual(new Set())
})
