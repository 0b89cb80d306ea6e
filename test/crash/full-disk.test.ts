import { randomBytes } from 'node:crypto'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { DaemonStatus } from '../../src/daemon/status.ts'
import { declareTable } from '../support/declaring.ts'
import { eventually, type Machine, machine, type RunningDaemon } from '../support/home.ts'
import { postRows } from '../support/rows.ts'
import { fillDisk, hasSmallDisks, smallDisk } from '../support/small-disk.ts'
import { catalogAt } from '../support/table.ts'

const columns = [
  { name: 'id', type: 'long', required: true },
  { name: 'text', type: 'string' },
]

async function ids(here: Machine): Promise<number[]> {
  return (await here.query('SELECT id::INT AS id FROM events ORDER BY id')).map(row => Number(row['id']))
}

/** Sends rows of 100 KB until one is not taken; gives the answer to that one. */
async function fill(daemon: RunningDaemon, acknowledged: number[]): Promise<{ status: number; text: string }> {
  for (;;) {
    const id = acknowledged.length
    const text = randomBytes(75_000).toString('base64')
    const answer = await postRows(daemon, 'events', JSON.stringify({ id, text }))
    if (answer.status !== 202) return answer
    acknowledged.push(id)
  }
}

test.skipIf(!hasSmallDisks)(
  'a disk that is full refuses rows, keeps those it took, and takes more when there is space',
  async () => {
    const here = machine()
    smallDisk(here.home, 16)
    const ballast = join(here.home, 'ballast')
    writeFileSync(ballast, new Uint8Array(6 * 1024 * 1024))
    declareTable(here, 'events', columns)
    const acknowledged: number[] = []
    // Rows go on to the table meanwhile, for which there is no space either.
    let daemon = await here.daemon('--flush-age', '0.3')
    const full = await fill(daemon, acknowledged)
    expect(full.status).toBe(507)
    expect(full.text).toContain('DISK_FULL')
    expect(acknowledged.length).toBeGreaterThan(20)
    expect(await ids(here)).toEqual(acknowledged)
    daemon.kill('SIGKILL')
    await daemon.ended
    expect(await ids(here)).toEqual(acknowledged)
    rmSync(ballast)
    daemon = await here.daemon('--flush-age', '0.3')
    await eventually('rows are taken again', async () => {
      const answer = await postRows(daemon, 'events', JSON.stringify({ id: acknowledged.length, text: 'again' }))
      if (answer.status === 202) acknowledged.push(acknowledged.length)
      return answer.status === 202
    })
    expect((await daemon.stop()).status).toBe(0)
    expect(await ids(here)).toEqual(acknowledged)
    expect((await here.hyp('table', 'verify', 'events')).status).toBe(0)
  },
)

test.skipIf(!hasSmallDisks)(
  'a daemon whose log has no room goes on, and stores what it took when there is',
  async () => {
    const here = machine()
    smallDisk(here.home, 16)
    declareTable(here, 'events', columns)
    onTestFinished(async () => void (await here.hyp('stop')))
    expect((await here.hyp('start', '--flush-age', '3')).status).toBe(0)
    const { pid } = await here.json<DaemonStatus>('status', '--json')
    expect((await here.shell(`echo '{"id":1}' | hyp ingest events`)).status).toBe(0)
    fillDisk(here.home)
    // What the log's last block has room for, too.
    fillDisk(here.home, 'run/daemon.log')
    const status = async (): Promise<DaemonStatus> => {
      const found = await here.json<DaemonStatus & { running: boolean }>('status', '--json')
      expect(found.running).toBe(true)
      return found
    }
    await eventually('a flush failed', async () =>
      (await status()).checks.some(({ message }) => message.startsWith('1 acknowledged row waits for events: ')),
    )
    rmSync(join(here.home, 'ballast'))
    await eventually('the row is stored', async () => (await ids(here)).length === 1 && (await status()).ready)
    expect((await status()).pid).toBe(pid)
  },
)

/** A home on a disk of its own with a table of some commits, whose snapshots may all go but the newest. */
async function fedHome(commits: number): Promise<Machine> {
  const here = machine()
  smallDisk(here.home, 16)
  declareTable(here, 'events', columns)
  await here.json('apply', '--json')
  const rows = join(here.directory, 'row.ndjson')
  for (let id = 0; id < commits; id++) {
    writeFileSync(rows, JSON.stringify({ id, text: randomBytes(75_000).toString('base64') }))
    await here.json('ingest', 'events', rows, '--json')
  }
  const catalog = catalogAt(join(here.home, 'tables/events'))
  const updates = { 'history.expire.max-snapshot-age-ms': '0', 'history.expire.min-snapshots-to-keep': '1' }
  await catalog.commit(await catalog.load(), { requirements: [], updates: [{ action: 'set-properties', updates }] })
  return here
}

const expire = ['table', 'expire', 'events', '--json'] as const

test.skipIf(!hasSmallDisks)('what frees space works on a disk without a free byte, time and again', async () => {
  const here = await fedHome(4)
  fillDisk(here.home)
  const compact = await here.hyp('table', 'compact', 'events')
  expect({ status: compact.status, said: compact.stderr }).toMatchObject({
    status: 1,
    said: expect.stringMatching(/\[DISK_FULL\]\nhint: .* table expire` frees space/) as string,
  })
  expect(await here.json(...expire)).toMatchObject({ expired: { snapshots: 3 }, failures: [] })
  // What was freed is filled up again: the reserve is there a second and a third time.
  for (const id of [0, 1]) {
    fillDisk(here.home)
    const where = ['--where', `id = ${id}`, '--purge', '--json']
    expect(await here.json('table', 'delete', 'events', ...where)).toMatchObject({ rows: 1 })
  }
  expect(await ids(here)).toEqual([2, 3])
  expect((await here.hyp('table', 'verify', 'events')).status).toBe(0)
})

test.skipIf(!hasSmallDisks)('a deletion that frees nothing leaves the reserve to what does', async () => {
  const here = await fedHome(4)
  const reserve = join(here.home, 'run/reserve')
  fillDisk(here.home)
  const refused = await here.hyp('table', 'delete', 'events', '--where', 'id = 0')
  expect({ status: refused.status, said: refused.stderr }).toMatchObject({
    status: 1,
    said: expect.stringMatching(/\[DISK_FULL\]\nhint: .* table expire` frees space/) as string,
  })
  expect(statSync(reserve).size).toBe(1024 * 1024)
  expect(await ids(here)).toEqual([0, 1, 2, 3])
})

test.skipIf(!hasSmallDisks)('a daemon on a full disk expires what it is asked to', async () => {
  const here = await fedHome(3)
  const daemon = await here.daemon()
  fillDisk(here.home)
  expect(await here.json(...expire)).toMatchObject({ expired: { snapshots: 2 }, failures: [] })
  expect((await daemon.stop()).status).toBe(0)
  expect(await ids(here)).toEqual([0, 1, 2])
})

test.skipIf(!hasSmallDisks)('a full disk without a reserve is told so, and gets one when there is space', async () => {
  const here = await fedHome(3)
  const reserve = join(here.home, 'run/reserve')
  rmSync(reserve)
  fillDisk(here.home)
  const refused = await here.hyp('table', 'expire', 'events')
  expect({ status: refused.status, said: refused.stderr }).toMatchObject({
    status: 1,
    said: expect.stringContaining('Remove something else from this disk') as string,
  })
  rmSync(join(here.home, 'ballast'))
  expect(await here.json(...expire)).toMatchObject({ expired: { snapshots: 2 }, failures: [] })
  expect(statSync(reserve).size).toBe(1024 * 1024)
})
