import { rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { DaemonStatus } from '../../src/daemon/status.ts'
import type { Plan } from '../../src/schema/plan.ts'
import { digests, type Machine, machine } from '../support/home.ts'
import { addLines, line } from '../support/transcripts.ts'

interface PlanDocument {
  readonly verdict: string
  readonly plans: readonly Plan[]
}

const countRows = 'SELECT count(*) AS n FROM ai_gateway_messages'

/** A home whose table was written as a release and holds two rows; two more lines lie in the transcripts. */
async function homeOfRelease(release: number): Promise<Machine> {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0), line('one', 1)])
  const { status, stderr } = await here.hyp('backfill', '--as-release', String(release))
  if (status !== 0) throw new Error(stderr)
  addLines(here.claude, 'one', [line('one', 2), line('one', 3)])
  return here
}

test('a daemon whose declaration breaks the table stays up, answers reads, says why everywhere and changes no byte', async () => {
  const here = await homeOfRelease(5)
  const before = digests(here.table)
  const daemon = await here.daemon('--as-release', '6')

  const refused = daemon.events().find(event => event.msg === 'refused')
  expect(refused).toMatchObject({
    level: 40,
    declared: 6,
    found: 5,
    breaking: expect.arrayContaining([
      { code: 'BR205', path: '(partition)' },
      { code: 'BR206', path: '(identifier)' },
    ]),
  })
  const ready = await daemon.ask('GET', '/readyz?verbose')
  expect(ready.status).toBe(503)
  expect(ready.text).toMatch(/^ok {3}table: /m)
  expect(ready.text).toMatch(/^FAIL import: paused: .*\(BR205\)/m)

  const status = await here.hyp('status')
  expect(status.status).toBe(0)
  expect(status.stdout).toMatch(/^daemon {4}not ready, process \d+/m)
  expect(status.stdout).toMatch(/^FAIL {6}import: paused: the declaration of release 6 breaks the table: /m)
  expect(status.stdout).toContain('(BR206)')
  const document = await here.json<DaemonStatus & { running: boolean }>('status', '--json')
  expect(document).toMatchObject({
    running: true,
    ready: false,
    tables: [{ verdict: 'breaking', release: 5, rows: 2 }],
  })
  expect(document.tables[0]?.refused.map(change => change.code)).toEqual(expect.arrayContaining(['BR205', 'BR206']))

  expect(await daemon.imported()).toMatchObject({ rows: 0, spooled: 4 })
  expect(await here.query(countRows)).toEqual([{ n: 4 }])
  expect(await here.hyp('backfill')).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('nothing new in'),
  })
  expect(await here.hyp('apply')).toMatchObject({ status: 3, stderr: expect.stringContaining('[SCHEMA_BREAKING]') })
  expect(digests(here.table)).toEqual(before)

  expect((await daemon.stop()).status).toBe(0)
  expect(digests(here.table)).toEqual(before)
})

test('what a refused daemon did not import is there after a start as the release it names', async () => {
  const here = await homeOfRelease(5)
  const refused = await here.daemon('--as-release', '6')
  const way = /or run as release \d+: `([^`]+)`/.exec((await refused.ask('GET', '/readyz')).text)
  expect(way?.[1]).toBe('hyp stop && hyp start --as-release 5')
  await refused.stop()
  const daemon = await here.daemon('--as-release', '5')
  await daemon.imported()
  await daemon.stop()
  expect(await here.query(countRows)).toEqual([{ n: 4 }])
})

test('without a daemon, apply of a breaking declaration exits 3, shows every reason and changes no byte', async () => {
  const here = await homeOfRelease(5)
  const before = digests(here.table)
  const { status, stderr } = await here.hyp('apply', '--as-release', '6')
  expect(status).toBe(3)
  for (const code of ['BR201', 'BR205', 'BR206']) expect(stderr).toContain(code)
  expect(stderr).toMatch(/^error: .* \[SCHEMA_BREAKING\]\nhint: .*Nothing was written\.$/m)
  expect(digests(here.table)).toEqual(before)
})

describe('while a declaration breaks the table, what is imported waits in the spool', () => {
  interface Waiting {
    readonly tables: readonly { readonly name: string; readonly rows: number; readonly held: number }[]
  }

  const waiting = async (here: Machine): Promise<number> => {
    const { tables } = await here.json<Waiting>('spool', '--json', '--as-release', '5')
    return tables.reduce((sum, { rows }) => sum + rows, 0)
  }

  test('without a daemon: backfill keeps the rows, shows every reason, changes no byte of the table, and does it once', async () => {
    const here = await homeOfRelease(5)
    const before = digests(here.table)
    const { status, stderr } = await here.hyp('backfill', '--as-release', '6')
    expect(status).toBe(0)
    for (const code of ['BR201', 'BR205', 'BR206', '[SCHEMA_BREAKING]']) expect(stderr).toContain(code)
    expect(stderr).toMatch(/^spool +the table refuses rows now: 4 rows wait until it takes them; see .*hyp.* spool$/m)
    expect(await waiting(here)).toBe(4)
    const again = await here.json('backfill', '--json', '--as-release', '6')
    expect(again).toMatchObject({ files: 1, unchanged: 1, spooled: 0, captured: 0 })
    expect(await waiting(here)).toBe(4)
    expect(digests(here.table)).toEqual(before)
  })

  test('in a daemon, from its start on, and what a client deletes meanwhile is not lost', async () => {
    const here = machine()
    addLines(here.claude, 'one', [line('one', 0)])
    here.declare('{"columns": [{"name": "mine", "type": "string"}]}')
    expect((await here.hyp('backfill')).status).toBe(0)
    // A column of another type breaks the table; the history goes on, and then the client cleans up.
    here.declare('{"columns": [{"name": "mine", "type": "long"}]}')
    const transcript = addLines(here.claude, 'two', [line('two', 0), line('two', 1)])
    const refused = await here.daemon()
    expect(await refused.imported()).toMatchObject({ unchanged: 1, rows: 0, spooled: 2, commits: 0 })
    rmSync(transcript)
    await refused.stop()
    here.declare('{"columns": [{"name": "mine", "type": "string"}, {"name": "mine2", "type": "long"}]}')
    const daemon = await here.daemon()
    await daemon.imported()
    await daemon.stop()
    expect(await here.query('SELECT session_id, count(*) AS n FROM ai_gateway_messages GROUP BY 1 ORDER BY 1')).toEqual(
      [
        { session_id: 'one', n: 1 },
        { session_id: 'two', n: 2 },
      ],
    )
  })
})

test.each([
  ['daemon', ['daemon']],
  ['start', ['start']],
  ['apply', ['apply']],
  ['backfill', ['backfill', 'claude']],
])('a table of a newer release: %s exits 4, names both releases and changes nothing in the home', async (_, words) => {
  const here = await homeOfRelease(9)
  const before = digests(here.table)
  const { status, stdout, stderr } = await here.hyp(...words, '--as-release', '8')
  expect(status).toBe(4)
  expect(stdout + stderr).toContain('was written as release 9; this is release 8.')
  expect(stdout + stderr).toContain('[STORE_NEWER]')
  expect(digests(here.table)).toEqual(before)
  // Nothing holds the home afterwards.
  const daemon = await here.daemon()
  expect(await daemon.imported()).toMatchObject({ rows: 2 })
})

test('a table of a newer release can still be read', async () => {
  const here = await homeOfRelease(9)
  expect((await here.hyp('query', '--as-release', '4', countRows)).status).toBe(0)
  expect((await here.hyp('table', 'verify', '--as-release', '4')).status).toBe(0)
})

test('the plan of release 6 against a table of release 5 refuses with the partition and the row key', async () => {
  const here = await homeOfRelease(5)
  const { status, stdout } = await here.hyp('plan', '--as-release', '6')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^ {2}! \(partition\) .*\n +BR205 /m)
  expect(stdout).toMatch(/^ {2}! \(identifier\) .*\n +BR206 /m)
  expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
    /^Plan: \d+ in place, \d+ breaking\. Refused: nothing was written\.$/,
  )
  // A command is whole, however long: a line that was broken cannot be pasted.
  const sentences = stdout.split('\n').filter(text => !text.includes(here.home))
  for (const text of sentences) expect(text.length).toBeLessThanOrEqual(100)
})

test('plan --exit-code tells the verdict: 2 to create, 0 nothing to do, 2 changes, 3 breaking, 4 newer; without it 0', async () => {
  const here = machine()
  const verdict = async (release: number): Promise<[string, number | null, number | null]> => {
    const words = ['plan', '--as-release', String(release)]
    const { status } = await here.hyp(...words, '--exit-code')
    return [(await here.json<PlanDocument>(...words, '--json')).verdict, status, (await here.hyp(...words)).status]
  }
  expect(await verdict(5)).toEqual(['absent', 2, 0])
  expect((await here.hyp('apply', '--as-release', '5')).status).toBe(0)
  expect(await verdict(5)).toEqual(['current', 0, 0])
  expect(await verdict(6)).toEqual(['breaking', 3, 0])
  expect(await verdict(4)).toEqual(['newer', 4, 0])
  here.declare('{"columns": [{"name": "mine", "type": "string"}]}')
  expect(await verdict(5)).toEqual(['pending', 2, 0])
})

test('every release from 6 on goes to the next in place, by restarts alone', async () => {
  const here = await homeOfRelease(6)
  for (const release of [7, 8, 9]) {
    const daemon = await here.daemon('--as-release', String(release))
    await daemon.imported()
    await daemon.stop()
  }
  expect(await here.query(countRows)).toEqual([{ n: 4 }])
  expect(await here.json('plan', '--json')).toMatchObject({ verdict: 'current' })
  const { evolutions } = await here.json<{ evolutions: { to: { release: number } }[] }>('history', '--json')
  expect(evolutions.map(({ to }) => to.release)).toEqual([6, 7, 8, 9])
})

test('apply --expect with another plan’s id exits 75 and changes nothing; with the plan’s own id it applies', async () => {
  const here = await homeOfRelease(9)
  here.declare('{"columns": [{"name": "mine", "type": "string"}]}')
  const before = digests(here.table)
  const wrong = await here.hyp('apply', '--expect', '0123456789abcdef')
  expect(wrong).toMatchObject({ status: 75, stderr: expect.stringContaining('[PLAN_CHANGED]') })
  expect(digests(here.table)).toEqual(before)
  const [plan] = (await here.json<PlanDocument>('plan', '--json')).plans
  const id = plan?.id as string
  expect(await here.hyp('apply', '--expect', id)).toMatchObject({ status: 0 })
  expect(await here.json('plan', '--json')).toMatchObject({ verdict: 'current' })
})

test('apply --expect means the same to a running daemon', async () => {
  const here = await homeOfRelease(9)
  const daemon = await here.daemon()
  await daemon.imported()
  here.declare('{"columns": [{"name": "mine", "type": "string"}]}')
  const before = digests(here.table)
  expect((await here.hyp('apply', '--expect', '0123456789abcdef')).status).toBe(75)
  expect(digests(here.table)).toEqual(before)
  const [plan] = (await here.json<PlanDocument>('plan', '--json')).plans
  const id = plan?.id as string
  expect((await here.hyp('apply', '--expect', id)).status).toBe(0)
})

test.each([['apply'], ['backfill']])(
  '%s as another release than the running daemon’s is refused, not quietly done as the daemon’s',
  async command => {
    const here = await homeOfRelease(5)
    const daemon = await here.daemon('--as-release', '5')
    await daemon.imported()
    const before = digests(here.table)
    const { status, stderr } = await here.hyp(command, '--as-release', '4')
    expect(status).toBe(75)
    expect(stderr).toContain('The daemon runs as release 5, the command as release 4. [VERSION_MISMATCH]')
    expect(digests(here.table)).toEqual(before)
    // Without a word about releases the command means the daemon's.
    expect((await here.hyp(command)).status).toBe(0)
  },
)

test.each([['plan'], ['daemon'], ['apply'], ['backfill'], ['start']])(
  'an unknown release is a mistake on the command line of %s: 64, the known ones are named, nothing is made',
  async command => {
    const here = machine()
    const { status, stdout, stderr } = await here.hyp(command, '--as-release', '3')
    expect(status).toBe(64)
    expect(stdout + stderr).toContain('There is no release 3 of the built-in declaration. [USAGE]')
    expect(stdout + stderr).toContain('This version knows 4, 5, 6, 7, 8, 9.')
    expect((await here.hyp('status')).stdout).toContain('not there yet')
    expect((await here.hyp(command, '--as-release', 'six')).status).toBe(64)
  },
)
