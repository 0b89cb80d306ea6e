import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { declareTable } from '../support/declaring.ts'
import { digests, type Machine, machine } from '../support/home.ts'
import { postRows } from '../support/rows.ts'
import { hasSmallDisks, readOnly } from '../support/small-disk.ts'
import { addHistory } from '../support/transcripts.ts'

/*
 * A home on a disk that is mounted read-only, or of somebody who lets us read it: everything can be asked, and what
 * would write says in a sentence why it cannot.
 */

/** A home with both kinds of tables, rows in one of them and rows that wait in a spool. */
async function usedHome(): Promise<Machine> {
  const here = machine()
  declareTable(here, 'events', [{ name: 'id', type: 'long', required: true }], { identifier: ['id'] })
  addHistory(here.claude, 10, 10)
  const daemon = await here.daemon('--flush-age', '3600')
  await daemon.imported()
  expect((await postRows(daemon, 'events', '{"id": 1}')).status).toBe(202)
  daemon.kill('SIGKILL')
  await daemon.ended
  return here
}

const reading = [
  ['status'],
  ['query', 'SELECT count(*) FROM events'],
  ['table', 'show', 'events'],
  ['table', 'files'],
  ['table', 'snapshots'],
  ['table', 'verify'],
  ['history'],
  ['plan'],
  ['tasks'],
  ['spool'],
  ['records'],
  ['backfill', '--dry-run'],
  ['records', 'gc', '--dry-run'],
  ['table', 'compact', '--dry-run'],
  ['table', 'expire', '--dry-run'],
  ['table', 'relocate', '--dry-run'],
  ['table', 'delete', '--before', '2026-02-01', '--purge', '--dry-run'],
  ['table', 'delete', 'events', '--where', 'id = 1', '--dry-run'],
] as const

const writing = [['daemon'], ['start'], ['table', 'delete', 'events', '--where', 'id = 1']] as const

test.skipIf(!hasSmallDisks)(
  'a home that can only be read is read, and what would write says that it cannot',
  async () => {
    const here = await usedHome()
    const before = digests(here.home)
    readOnly(here.home)
    for (const words of [...reading, ['show', 'session-0']]) {
      const { status, stderr } = await here.hyp(...words)
      expect({ words, status, stderr: /error|EROFS/.exec(stderr)?.[0] }).toEqual({
        words,
        status: 0,
        stderr: undefined,
      })
    }
    expect(await here.query('SELECT id::INT AS id FROM events')).toEqual([{ id: 1 }])
    for (const words of writing) {
      const { status, stderr } = await here.hyp(...words)
      expect({ words, status, stderr }).toEqual({
        words,
        status: 78,
        stderr: expect.stringMatching(
          /^error: The home .* cannot be written: EROFS: .*\[HOME_UNUSABLE\]\nhint: What only reads, .*\n$/,
        ) as string,
      })
    }
    expect(digests(here.home)).toEqual(before)
  },
)

test('what changes nothing makes nothing either, in a copy of a home that nobody worked in yet', async () => {
  const here = machine()
  expect((await here.hyp('apply')).status).toBe(0)
  rmSync(join(here.home, 'run'), { recursive: true })
  const before = digests(here.home)
  for (const what of ['compact', 'expire', 'relocate'])
    expect((await here.hyp('table', what, '--dry-run')).status).toBe(0)
  expect(digests(here.home)).toEqual(before)
})

test('an empty --home is refused: it would be the usual home', async () => {
  const { status, stderr } = await machine().hyp('status', '--home', '')
  expect({ status, stderr }).toMatchObject({
    status: 64,
    stderr: expect.stringContaining('--home is empty.') as string,
  })
})
