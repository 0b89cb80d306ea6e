import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { DaemonStatus } from '../../src/daemon/status.ts'
import { version } from '../../src/version.ts'
import { digests, eventually, isAlive, type Machine, machine, type Running, ready, write } from '../support/home.ts'
import { addHistory, addLines, line } from '../support/transcripts.ts'

const countRows = 'SELECT count(*) AS n, count(DISTINCT (session_id, part_id)) AS keys FROM ai_gateway_messages'

/** Rows whose import takes long enough for something to be done meanwhile. */
const muchToRead = 20_000

function presence(here: Machine): { pid: number; socket: string | null } {
  return JSON.parse(readFileSync(join(here.home, 'run/daemon.json'), 'utf8')) as { pid: number; socket: string | null }
}

test('start runs a daemon in the background that outlives the command; status shows it, stop ends it', async () => {
  const here = machine()
  onTestFinished(async () => void (await here.hyp('stop')))
  addLines(here.claude, 'one', [line('one', 0)])
  const start = await here.hyp('start')
  expect(start).toMatchObject({ status: 0, stderr: '' })
  const pid = Number(/^The daemon runs: process (\d+), log .*daemon\.log\.\n$/.exec(start.stdout)?.[1])
  expect(isAlive(pid)).toBe(true)

  const status = await here.json<DaemonStatus & { running: boolean }>('status', '--json')
  expect(status).toMatchObject({ running: true, pid, ready: true, home: here.home, version })
  await eventually('the import is done', async () => {
    const { tables, importing } = await here.json<DaemonStatus>('status', '--json')
    return tables[0]?.rows === 1 && !importing
  })
  expect(await here.hyp('start')).toMatchObject({ status: 0, stdout: `The daemon runs already: process ${pid}.\n` })

  expect(await here.hyp('stop')).toMatchObject({ status: 0, stdout: 'The daemon stopped.\n', stderr: '' })
  expect(existsSync(join(here.home, 'run/hyp.sock'))).toBe(false)
  await eventually('its process is gone', () => !isAlive(pid))
  expect(await here.hyp('stop')).toMatchObject({ status: 0, stdout: 'The daemon does not run.\n' })
  expect(await here.json('status', '--json')).toMatchObject({
    running: false,
    pid: null,
    ready: false,
    tables: [{ verdict: 'current', rows: 1 }],
  })
})

test('a start that fails says what the daemon said, and exits as it did', async () => {
  const here = machine()
  here.declare('{"columns": [{"name": "mine", "type": "text"}]}')
  const { status, stdout, stderr } = await here.hyp('start')
  expect({ status, stdout }).toEqual({ status: 78, stdout: '' })
  expect(stderr).toMatch(/^\S*ai_gateway_messages\.json:1:\d+ {2}\/columns\/0\/type {2}/)
  expect(stderr).toContain('[DECLARATION_INVALID]')
})

test('a start of which the daemon is killed says so at once', async () => {
  const here = machine({ env: { NODE_OPTIONS: '--import ./killed.mjs' } })
  // Only a daemon ends so.
  const text = `if (process.argv.includes('daemon')) process.kill(process.pid, 'SIGKILL')\n`
  writeFileSync(join(here.directory, 'killed.mjs'), text)
  const { status, stderr } = await here.hyp('start')
  expect(status).toBe(69)
  expect(stderr).toContain('The daemon ended before it was ready, by SIGKILL. [DAEMON_UNREACHABLE]')
})

test('a start of a release that breaks the table succeeds and says that the import waits', async () => {
  const here = machine()
  onTestFinished(async () => void (await here.hyp('stop')))
  expect((await here.hyp('apply', '--as-release', '5')).status).toBe(0)
  const { status, stderr } = await here.hyp('start', '--as-release', '6')
  expect(status).toBe(0)
  expect(stderr).toMatch(/^import: paused: /)
  expect((await here.hyp('start', '--as-release', '5')).stderr).toContain('[VERSION_MISMATCH]')
  // What the hint says is done while the daemon runs, and again when none does.
  const way = /^hint: .*run as release 5: `([^`]+)`$/m.exec(stderr)?.[1] ?? 'nothing'
  for (const _ of ['running', 'stopped']) {
    expect(await here.shell(way)).toMatchObject({ status: 0, stderr: '' })
    expect(await here.json('status', '--json')).toMatchObject({ running: true, ready: true, release: 5 })
    await here.hyp('stop')
  }
})

test('a plan of a later release names a command that runs as the release of the table, also while a daemon runs', async () => {
  const here = machine()
  onTestFinished(async () => void (await here.hyp('stop')))
  expect((await here.hyp('apply', '--as-release', '5')).status).toBe(0)
  expect((await here.hyp('start', '--as-release', '6')).status).toBe(0)
  const { stdout } = await here.hyp('plan', '--as-release', '6')
  const way = /^next +(hyp .*)$/m.exec(stdout)?.[1] ?? 'nothing'
  expect(await here.shell(way)).toMatchObject({ status: 0, stderr: '' })
  expect(await here.json('status', '--json')).toMatchObject({ ready: true, release: 5 })
})

test('a second daemon of a home exits 75 at once and names the holder', async () => {
  const here = machine()
  const first = await here.daemon()
  await first.imported()
  const before = { ...digests(here.table), presence: presence(here) }
  const { status, stderr } = await here.hyp('daemon')
  expect(status).toBe(75)
  expect(stderr).toMatch(
    new RegExp(`^error: The home ${here.home} is in use by process ${first.pid}, since \\S+\\. \\[LOCKED\\]\\nhint: `),
  )
  expect({ ...digests(here.table), presence: presence(here) }).toEqual(before)
  expect((await first.ask('GET', '/readyz')).status).toBe(200)
})

test('backfill beside a running daemon goes through it: one import, no row twice', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  // What it sees written is not to be in the table before the import is.
  const daemon = await here.daemon('--flush-age', '3600')
  await daemon.imported()
  addHistory(here.claude, 300)
  const { status, stdout, stderr } = await here.hyp('backfill', 'claude', '--json')
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ rows: 300, duplicates: 0, unchanged: 1 })
  expect(stderr).toMatch(/^history .*$/m)
  expect(stderr).toMatch(/^import {3}300 new rows /m)
  // The same import, as the daemon's own log has it.
  expect(await daemon.imported(1)).toMatchObject({ rows: 300, duplicates: 0, unchanged: 1 })
  expect(await here.query(countRows)).toEqual([{ n: 301, keys: 301 }])
})

test('backfill while the daemon is importing waits for that import and looks again', async () => {
  const here = machine()
  addHistory(here.claude, 20_000)
  const daemon = await here.daemon()
  const { status, stdout } = await here.hyp('backfill', '--json')
  expect(status).toBe(0)
  await daemon.imported()
  const { rows, unchanged } = JSON.parse(stdout) as { rows: number; unchanged: number }
  expect(rows + unchanged * 1000).toBe(20_000)
  expect(await here.query(countRows)).toEqual([{ n: 20_000, keys: 20_000 }])
})

test('backfill beside another backfill waits for it and says so, and nothing is there twice', async () => {
  const here = machine()
  addHistory(here.claude, muchToRead)
  const first = await holdLock(here)
  const second = here.start('backfill')
  await second.until('it waits', () => second.stderr().includes(`waiting for process ${first.pid}, `))
  first.kill('SIGCONT')
  expect((await first.ended).status).toBe(0)
  expect((await second.ended).status).toBe(0)
  expect(second.stderr()).toContain('nothing new')
  expect(await here.query(countRows)).toEqual([{ n: muchToRead, keys: muchToRead }])
  expect(existsSync(join(here.home, 'run/daemon.json'))).toBe(false)
})

test('Ctrl-C ends the waiting for another backfill, which goes on', async () => {
  const here = machine()
  addHistory(here.claude, muchToRead)
  const first = await holdLock(here)
  const second = here.start('backfill')
  await second.until('it waits', () => second.stderr().includes('waiting for process'))
  second.kill('SIGINT')
  expect((await second.ended).status).toBe(130)
  first.kill('SIGCONT')
  expect((await first.ended).status).toBe(0)
})

test('many backfills at once in a new home all end well, and every row is there once', async () => {
  const here = machine()
  addHistory(here.claude, 500)
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => here.hyp('backfill')))
  expect(outcomes.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0])
  expect(await here.query(countRows)).toEqual([{ n: 500, keys: 500 }])
})

test('a backfill and a daemon that start at once both get their way, and every row is there once', async () => {
  const here = machine()
  addHistory(here.claude, 500)
  const backfill = here.start('backfill')
  const daemon = await here.daemon()
  expect((await backfill.ended).status).toBe(0)
  await daemon.imported()
  expect(await here.query(countRows)).toEqual([{ n: 500, keys: 500 }])
})

test('a daemon beside a backfill says whom it waits for, and starts when that is over', async () => {
  const here = machine()
  addHistory(here.claude, muchToRead)
  const backfill = await holdLock(here)
  const starting = here.start('daemon', '--log-format', 'json')
  await starting.until('it waits', () => starting.stdout().includes('"waiting"'))
  backfill.kill('SIGCONT')
  expect((await backfill.ended).status).toBe(0)
  const daemon = await ready(starting)
  expect(daemon.events().find(({ msg }) => msg === 'waiting')).toMatchObject({ pid: backfill.pid })
  expect(await daemon.imported()).toMatchObject({ rows: 0, files: 20, unchanged: 20 })
})

/** A backfill that has taken the lock and then stands still: it is given so much to read that it is stopped in time. */
async function holdLock(here: Machine): Promise<Running> {
  const backfill = here.start('backfill')
  await eventually('it has the lock', () => existsSync(join(here.home, 'run/daemon.json')))
  backfill.kill('SIGSTOP')
  return backfill
}

test('reading needs no lock: plan, query, history and table work while a backfill holds it', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  expect((await here.hyp('backfill')).status).toBe(0)
  addHistory(here.claude, muchToRead)
  const backfill = await holdLock(here)
  const reads = await Promise.all([
    here.hyp('plan'),
    here.hyp('query', countRows),
    here.hyp('history'),
    here.hyp('table', 'files'),
    here.hyp('status'),
  ])
  expect(reads.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0])
  expect(reads.at(-1)?.stdout).toContain('daemon    not running')
  backfill.kill('SIGCONT')
  expect((await backfill.ended).status).toBe(0)
})

test('a daemon that was killed leaves nothing in the way: the next start works at once', async () => {
  const here = machine()
  addHistory(here.claude, 5_000)
  const killed = await here.daemon()
  killed.kill('SIGKILL')
  expect((await killed.ended).signal).toBe('SIGKILL')
  // What it left says that it runs; that is not believed.
  expect(presence(here)).toMatchObject({ pid: killed.pid, socket: killed.socket })
  expect(existsSync(killed.socket)).toBe(true)
  expect((await here.hyp('status')).stdout).toContain('daemon    not running')
  expect((await here.hyp('stop')).stdout).toBe('The daemon does not run.\n')

  const daemon = await here.daemon()
  await daemon.imported()
  expect(presence(here).pid).toBe(daemon.pid)
  expect(await here.query(countRows)).toEqual([{ n: 5_000, keys: 5_000 }])
})

test('a command after a killed daemon works under the lock instead of waiting for it', async () => {
  const here = machine()
  addHistory(here.claude, 100)
  const killed = await here.daemon()
  await killed.imported()
  killed.kill('SIGKILL')
  await killed.ended
  addLines(here.claude, 'more', [line('more', 0)])
  const { status, stdout } = await here.hyp('backfill', '--json')
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ rows: 1, duplicates: 0, unchanged: 1 })
})

test.each([
  ['garbage', 'not JSON'],
  ['another kind of document', '[1, 2]'],
  ['null', 'null'],
  ['a socket that is a file', '{"pid": 1, "version": "0", "startedAt": "?", "socket": "/etc/hostname"}'],
])('run/daemon.json with %s in it is as good as none', async (_, text) => {
  const here = machine()
  write(join(here.home, 'run/daemon.json'), text)
  expect(await here.hyp('status')).toMatchObject({ status: 0, stdout: expect.stringContaining('not running') })
  const daemon = await here.daemon()
  await daemon.imported()
  expect((await here.hyp('status')).stdout).toContain(`daemon    ready, process ${daemon.pid}`)
})

test('Ctrl-C during a backfill ends it with 130, and another one loads what is missing', async () => {
  const here = machine()
  addHistory(here.claude, 20_000)
  const first = here.start('backfill')
  await first.until('it found the history', () => first.stderr().includes('history '))
  first.kill('SIGINT')
  const { status, stderr } = await first.ended
  expect(status).toBe(130)
  expect(stderr).toContain('[INTERRUPTED]\nhint: ')
  expect(existsSync(join(here.home, 'run/daemon.json'))).toBe(false)
  const second = await here.hyp('backfill', '--json')
  expect(second.status).toBe(0)
  expect(await here.query(countRows)).toEqual([{ n: 20_000, keys: 20_000 }])
})

test('Ctrl-C during a backfill through the daemon ends the command only; the daemon finishes the import', async () => {
  const here = machine()
  const daemon = await here.daemon()
  await daemon.imported()
  addHistory(here.claude, 20_000)
  const command = here.start('backfill')
  await command.until('it found the history', () => command.stderr().includes('history '))
  command.kill('SIGINT')
  expect(await command.ended).toMatchObject({ status: 130 })
  await daemon.imported(1)
  expect(await here.query(countRows)).toEqual([{ n: 20_000, keys: 20_000 }])
  expect((await daemon.ask('GET', '/readyz')).status).toBe(200)
})

test('a daemon that is stopped while it imports ends well, and the next one loads the rest', async () => {
  const here = machine()
  addHistory(here.claude, 20_000)
  const first = await here.daemon()
  await first.until('it found the history', () => first.stdout().includes('"found"'))
  expect(await first.stop('SIGTERM')).toMatchObject({ status: 0, stderr: '' })
  const second = await here.daemon()
  await second.imported()
  expect(await here.query(countRows)).toEqual([{ n: 20_000, keys: 20_000 }])
})

test('a daemon that says nothing any more is told as such, not taken for none', async () => {
  const here = machine()
  const daemon = await here.daemon()
  await daemon.imported()
  daemon.kill('SIGSTOP')
  const outcomes = await Promise.all([here.hyp('status'), here.hyp('stop'), here.hyp('backfill')])
  daemon.kill('SIGCONT')
  for (const { status, stderr } of outcomes) {
    expect(status).toBe(69)
    expect(stderr).toMatch(
      new RegExp(`^error: The daemon, process ${daemon.pid}, did not answer .* \\[DAEMON_UNREACHABLE\\]\nhint: `),
    )
  }
  expect((await here.hyp('status')).stdout).toContain('daemon    ready')
})

test('Ctrl-C during a query ends it with 130', async () => {
  const here = machine()
  await here.hyp('apply')
  const query = here.start('query', '--format', 'ndjson', 'SELECT range AS n FROM range(100000000000)')
  await query.until('rows come', () => query.stdout() !== '')
  query.kill('SIGINT')
  const { status, stderr } = await query.ended
  expect(status).toBe(130)
  expect(stderr).toContain('[INTERRUPTED]')
})

test('a reader that stops reading is no failure: no message, status 0', async () => {
  const here = machine()
  await here.hyp('apply')
  const sql = 'SELECT range AS n FROM range(2000000)'
  const { stdout, stderr } = await here.shell(
    `{ hyp query --format ndjson "${sql}"; echo "status $?" >&2; } | head -n 1`,
  )
  expect(stdout).toBe('{"n":0}\n')
  expect(stderr).toBe('status 0\n')
  expect((await here.shell('set -e; hyp table show | head -n 1')).stderr).toBe('')
})

test('nobody listening to what is told on the side ends no command', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  const { stdout } = await here.shell(`{ { hyp backfill; echo "status $?" >&3; } 2>&1 >&3 | true; } 3>&1`)
  expect(stdout).toBe('status 0\n')
  expect(await here.json('tasks', '--json')).toMatchObject({ tasks: [{ status: 'completed' }] })
})

test('a home with a long path, with a space and with an umlaut works from start to end', async () => {
  const long = `${'a very long folder name '.repeat(5)}ü/home`
  const here = machine({ homeName: long })
  addLines(here.claude, 'one', [line('one', 0)])
  const daemon = await here.daemon()
  await daemon.imported()
  expect(Buffer.byteLength(daemon.socket)).toBeLessThanOrEqual(103)
  expect(daemon.socket.startsWith(here.home)).toBe(false)
  expect((await here.hyp('status')).stdout).toContain(`daemon    ready, process ${daemon.pid}`)
  addLines(here.claude, 'one', [line('one', 1)])
  expect((await here.hyp('backfill')).status).toBe(0)
  expect(await here.query(countRows)).toEqual([{ n: 2, keys: 2 }])
  expect(await here.json('table', 'verify', '--json')).toMatchObject({ ok: true, icebird: 'same' })
  expect((await daemon.stop()).status).toBe(0)
  expect(existsSync(resolve(daemon.socket, '..'))).toBe(false)
})

test('a command of another version than the daemon is told so, and can still stop it', async () => {
  const here = machine()
  const daemon = await here.daemon()
  await daemon.imported()
  const other = anotherVersion(here, '99.0.0')
  for (const command of ['backfill', 'apply', 'status']) {
    const { status, stderr } = await here.shell(`'${process.execPath}' '${other}' ${command}`)
    expect(status).toBe(75)
    expect(stderr).toContain(`The daemon is version ${version}, the command is version 99.0.0. [VERSION_MISMATCH]`)
    // The way out as it can be pasted.
    expect(stderr).toContain(`\`hyp --home ${here.home} stop\``)
  }
  const stop = await here.shell(`'${process.execPath}' '${other}' stop`)
  expect(stop).toMatchObject({ status: 0, stdout: 'The daemon stopped.\n' })
  expect((await daemon.ended).status).toBe(0)
})

/** The program as it is, but for its version. */
function anotherVersion(here: Machine, other: string): string {
  const root = join(here.directory, 'other')
  mkdirSync(root)
  for (const name of ['bin', 'dist', 'package.json']) cpSync(name, join(root, name), { recursive: true })
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'))
  writeFileSync(join(root, 'dist/version.js'), `export const version = '${other}'\n`)
  return join(root, 'bin/hyp.js')
}
