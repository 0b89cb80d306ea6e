import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { declareTable } from '../support/declaring.ts'
import { eventually, type Machine, machine, type RunningDaemon } from '../support/home.ts'
import { postRows } from '../support/rows.ts'
import { hasSmallDisks, smallDisk } from '../support/small-disk.ts'

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
    const columns = [
      { name: 'id', type: 'long', required: true },
      { name: 'text', type: 'string' },
    ]
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
