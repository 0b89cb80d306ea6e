import { lstatSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { builtinColumns, newestRelease } from '../../src/schema/builtin.ts'
import { eventually, filesBelow, type Machine, machine, type Running, write } from '../support/home.ts'
import { addLines, line } from '../support/transcripts.ts'

/** Two lines that become rows, two that do not. */
function smallHistory({ claude }: Machine): void {
  addLines(claude, 'one', [
    line('one', 0),
    line('one', 1),
    '{"type": "assistant", "mess',
    { type: 'progress', sessionId: 'one' },
  ])
}

async function startInText(on: Machine): Promise<Running> {
  const daemon = on.start('daemon', '--log-format', 'text')
  await daemon.until('the import was told', () => /^(import|history  none) /m.test(daemon.stdout()))
  return daemon
}

test('a first start says in plain lines what it made, found, loaded and skipped, and that nothing leaves the machine', async () => {
  const here = machine()
  smallHistory(here)
  const daemon = await startInText(here)
  await daemon.until('a query to paste', () => daemon.stdout().includes('\nquery '))
  const lines = daemon.stdout()
  expect(lines).toContain(`home     ${here.home}  (private: only you can read it)\n`)
  expect(lines).toMatch(
    new RegExp(
      `^table    ai_gateway_messages created in [\\d.]+ ms: release ${newestRelease}, ${builtinColumns.length} columns$`,
      'm',
    ),
  )
  expect(lines).toMatch(/^ready .*Nothing leaves this machine\.$/m)
  const { size } = lstatSync(join(here.claude, 'projects/-somewhere/one.jsonl'))
  expect(lines).toMatch(
    new RegExp(
      `^history  ${join(here.claude, 'projects')}  1 file, ${size} B  \\([\\d.]+ [MGT]B free on the disk\\)$`,
      'm',
    ),
  )
  expect(lines).toMatch(/^import   2 new rows from 4 lines of 1 file in /m)
  expect(lines).toMatch(
    /^skipped  2 lines:\n {9,}1 {2}(invalid-json|progress) .+\n {9,}1 {2}(invalid-json|progress) .+$/m,
  )
  expect(daemon.stderr()).toBe('')
})

test('the query that a first start prints can be pasted into a shell as it stands', async () => {
  const here = machine()
  smallHistory(here)
  const daemon = await startInText(here)
  await daemon.until('a query to paste', () => daemon.stdout().includes('\nquery '))
  const pasted = /^query {4}(.+)$/m.exec(daemon.stdout())?.[1] as string
  const { status, stdout, stderr } = await here.shell(pasted)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('claude-example-1')
})

test('a home that was named for the daemon alone is named in what it prints to paste', async () => {
  const here = machine({ homeName: "it's a home ü" })
  smallHistory(here)
  const daemon = await startInText(here)
  await daemon.until('a query to paste', () => daemon.stdout().includes('\nquery '))
  const pasted = /^query {4}(.+)$/m.exec(daemon.stdout())?.[1] as string
  // Another terminal, which does not know what HYP_HOME was.
  const { status, stdout, stderr } = await here.shell(`unset HYP_HOME; ${pasted}`)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('claude-example-1')
})

test('everything in a home is readable to its owner only: folders 0700, files and the socket 0600', async () => {
  const here = machine({ env: { HYP_JSON: '' } })
  smallHistory(here)
  const daemon = await here.daemon()
  await daemon.imported()
  const modes = (): Record<string, string> =>
    Object.fromEntries(
      [here.home, ...filesAndFolders(here.home)].map(path => [
        relative(here.home, path),
        (lstatSync(path).mode & 0o777).toString(8),
      ]),
    )
  const running = modes()
  expect(Object.keys(running)).toEqual(expect.arrayContaining(['run/hyp.sock', 'run/daemon.json', 'run/lock']))
  expect(Object.keys(running).filter(path => path.endsWith('.parquet'))).not.toEqual([])
  const wrong = (found: Record<string, string>): string[] =>
    Object.entries(found)
      .filter(([path, mode]) => mode !== (lstatSync(join(here.home, path)).isDirectory() ? '700' : '600'))
      .map(([path, mode]) => `${path} ${mode}`)
  expect(wrong(running)).toEqual([])
})

function filesAndFolders(directory: string): string[] {
  const files = filesBelow(directory)
  const folders = new Set(files.flatMap(path => parents(directory, path)))
  return [...folders, ...files]
}

function parents(top: string, path: string): string[] {
  const parts = relative(top, path).split('/').slice(0, -1)
  return parts.map((_, index) => join(top, ...parts.slice(0, index + 1)))
}

test.each([
  ['SIGINT', 0],
  ['SIGTERM', 0],
] as const)('a daemon runs until %s, then stops with status %i and leaves no socket behind', async (signal, status) => {
  const here = machine()
  const daemon = await here.daemon()
  await daemon.imported()
  expect((await here.hyp('status')).stdout).toContain('daemon    ready')
  expect(await daemon.stop(signal)).toMatchObject({ status, signal: null, stderr: '' })
  expect(filesBelow(join(here.home, 'run')).map(path => relative(here.home, path))).toEqual([
    'run/lock',
    'run/reserve',
    'run/token',
  ])
})

test('without any history a start says so, offers the demo and goes on running', async () => {
  const here = machine()
  const daemon = await startInText(here)
  await daemon.until('the demo is offered', () => daemon.stdout().includes('see what hyp does with'))
  expect(daemon.stdout()).toMatch(/^history {2}none of claude was found \([\d.]+ [MGT]B free on the disk\)$/m)
  expect(daemon.stdout()).toMatch(/^ +see what hyp does with: npm run demo {3}\(or hyp demo\)$/m)
  await eventually('it answers', async () => (await here.hyp('status')).stdout.includes('daemon    ready'))
  daemon.kill('SIGINT')
  expect((await daemon.ended).status).toBe(0)
})

test('a second start beside unchanged histories adds nothing and says what is there', async () => {
  const here = machine()
  smallHistory(here)
  const first = await here.daemon()
  expect(await first.imported()).toMatchObject({ rows: 2, duplicates: 0, lines: 4 })
  await first.stop()
  const second = await here.daemon()
  expect(second.events().map(event => event.msg)).toContain('unchanged')
  expect(await second.imported()).toMatchObject({ rows: 0, files: 1, unchanged: 1, lines: 0 })
  expect(await here.query('SELECT count(*) AS n FROM ai_gateway_messages')).toEqual([{ n: 2 }])
})

test('a log for programs is one JSON object a line and never holds what was said', async () => {
  const here = machine()
  addLines(here.claude, 'one', [
    line('one', 0, {
      message: { id: 'm', role: 'assistant', content: [{ type: 'text', text: 'a very private word' }] },
    }),
    '{"broken": "another private word',
  ])
  const daemon = await here.daemon()
  await daemon.imported()
  const { stdout, stderr } = await daemon.stop()
  for (const text of stdout.trimEnd().split('\n')) {
    expect(JSON.parse(text)).toMatchObject({
      level: expect.any(Number),
      time: expect.any(String),
      msg: expect.any(String),
    })
  }
  expect(stdout + stderr).not.toContain('private word')
})

test('where HYP_HOME and --home are not given, the home is where XDG_DATA_HOME says, else in ~/.local/share', async () => {
  const here = machine({ env: { HYP_HOME: '' } })
  const usual = join(here.env['HOME'] as string, '.local/share/hyp')
  expect((await here.hyp('status')).stdout).toContain(`home      ${usual}\n`)
  expect((await here.shell(`XDG_DATA_HOME='${here.directory}/data' hyp status`)).stdout).toContain(
    `home      ${here.directory}/data/hyp\n`,
  )
  expect((await here.hyp('status', '--home', `${here.directory}/named`)).stdout).toContain(
    `home      ${here.directory}/named\n`,
  )
})

test('histories are found where CLAUDE_CONFIG_DIR names them, and else in the usual place', async () => {
  const here = machine({ env: { CLAUDE_CONFIG_DIR: '' } })
  const usual = join(here.env['HOME'] as string, '.claude')
  addLines(usual, 'usual', [line('usual', 0)])
  write(join(usual, 'history.jsonl'), '{}\n')
  const { status, stderr } = await here.hyp('backfill', 'claude')
  expect(status).toBe(0)
  expect(stderr).toContain(`history  ${join(usual, 'projects')}  1 file, `)
  expect(readFileSync(join(here.table, 'metadata/version-hint.text'), 'utf8')).toBe('2')
})
