import { expect, test } from 'vitest'
import { version } from '../../src/version.ts'
import { machine } from '../support/home.ts'
import { addLines, line } from '../support/transcripts.ts'

test('--version prints the version alone', async () => {
  const here = machine()
  expect(await here.hyp('--version')).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' })
})

test.each([[['--help']], [['help', 'plan']], [['plan', '--help']], [['table', 'show', '--help']]])(
  '%s goes to stdout, exit 0',
  async words => {
    const here = machine()
    const { status, stdout, stderr } = await here.hyp(...words)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^Usage: hyp /)
  },
)

test.each([
  ['an unknown command', ['frobnicate']],
  ['an unknown command of a group', ['table', 'frobnicate']],
  ['an unknown option', ['plan', '--frobnicate']],
  ['an option without its value', ['plan', '--home']],
  ['a value that is none of those allowed', ['query', '--format', 'xml', 'SELECT 1']],
  ['a word too many', ['plan', 'more', 'more']],
  ['a table that is not declared', ['plan', 'more']],
  ['a word too few', ['query']],
  ['a history that is not known', ['backfill', 'nobody']],
  ['no command at all', []],
  ['a group without its command', ['table']],
])('%s is a usage error: 64, told on stderr, nothing on stdout, nothing made', async (_, words) => {
  const here = machine()
  const { status, stdout, stderr } = await here.hyp(...words)
  expect({ status, stdout }).toEqual({ status: 64, stdout: '' })
  expect(stderr).not.toBe('')
  expect((await here.hyp('status')).stdout).toContain('not there yet')
})

test('a command line that is not understood is told like any other error, with the help of the command that was meant', async () => {
  const here = machine()
  expect((await here.hyp('table', 'show', '--frobnicate')).stderr).toMatch(
    /^error: Unknown option '--frobnicate'\. \[USAGE\]\nhint: `.*hyp .*table show --help` tells what it takes\.\n$/,
  )
  const { status, stdout, stderr } = await here.hyp('quer', '--json')
  expect({ status, stderr }).toEqual({ status: 64, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: 'USAGE', message: "Unknown command 'quer'. (Did you mean query?)" },
  })
})

test('an option’s twin in the environment counts where the option is not given, and a bad one is told as 78', async () => {
  const here = machine({ env: { HYP_AS_RELEASE: '5', HYP_JSON: '1', HYP_FORMAT: 'xml' } })
  expect(JSON.parse((await here.hyp('plan')).stdout)).toMatchObject({ plans: [{ declared: { release: 5 } }] })
  expect(JSON.parse((await here.hyp('plan', '--as-release', '6')).stdout)).toMatchObject({
    plans: [{ declared: { release: 6 } }],
  })
  expect(await here.hyp('query', 'SELECT 1')).toMatchObject({
    status: 78,
    stderr: 'error: HYP_FORMAT is "xml". [CONFIG_INVALID]\nhint: It takes table, json, ndjson, csv, arrow.\n',
  })
})

test('an error is one line and its hint, and with --verbose also where it came from', async () => {
  const here = machine()
  const short = await here.hyp('history')
  expect(short.stderr).toMatch(/^error: [^\n]+ \[TABLE_NOT_FOUND\]\nhint: [^\n]+\n$/)
  const long = await here.hyp('history', '--verbose')
  expect(long.stderr).toContain('\n    at ')
  expect(long.stderr.startsWith(short.stderr)).toBe(true)
})

test('an error under --json is one document on stdout with the same code, and the same exit status', async () => {
  const here = machine()
  const { status, stdout, stderr } = await here.hyp('history', '--json')
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({
    formatVersion: 1,
    error: { code: 'TABLE_NOT_FOUND', docs: 'docs/errors.md#TABLE_NOT_FOUND' },
  })
})

test.each([
  ['INSERT INTO ai_gateway_messages SELECT * FROM ai_gateway_messages', 64, 'QUERY_REFUSED'],
  ['SELECT 1; SELECT 2', 64, 'QUERY_REFUSED'],
  ["COPY (SELECT 1) TO 'out.csv'", 64, 'QUERY_REFUSED'],
  ["SELECT * FROM read_text('/etc/hostname')", 64, 'QUERY_REFUSED'],
  ['SELECT nothing FROM ai_gateway_messages', 1, 'QUERY_FAILED'],
  ['SELEC 1', 1, 'QUERY_FAILED'],
])('query %j exits %i as %s and prints no row', async (sql, expected, code) => {
  const here = machine()
  await here.hyp('apply')
  const { status, stdout, stderr } = await here.hyp('query', sql)
  expect({ status, stdout }).toEqual({ status: expected, stdout: '' })
  expect(stderr).toMatch(new RegExp(`^error: .* \\[${code}\\]$`, 'm'))
})

test.each([
  ['table', 'session_id  n\n----------  -\none         2\n(1 row)\n'],
  ['ndjson', '{"session_id":"one","n":2}\n'],
  ['csv', 'session_id,n\none,2\n'],
])('query --format %s', async (format, expected) => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0), line('one', 1)])
  await here.hyp('backfill')
  const sql = 'SELECT session_id, count(*) AS n FROM ai_gateway_messages GROUP BY 1'
  const { status, stdout } = await here.hyp('query', '--format', format, sql)
  expect({ status, stdout: stdout.replaceAll('\r\n', '\n') }).toEqual({ status: 0, stdout: expected })
})

test('history tells the creation and every evolution, with what changed', async () => {
  const here = machine()
  await here.hyp('apply', '--as-release', '4')
  await here.hyp('apply', '--as-release', '5')
  const { status, stdout } = await here.hyp('history')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^ {2}1 {2}\S+Z {2}created {3}release 4, schema 0 {2}in /)
  expect(stdout).toMatch(
    /^ {2}2 {2}\S+Z {2}evolved {3}release 4 → 5, schema 0 → 1 .*\n {7}declaration \w{12}\n {7}AD101 {2}agent_id {2}optional string$/m,
  )
})

test('table files lists each live file with its rows, and their sum is the table’s', async () => {
  const here = machine()
  for (const session of ['one', 'two', 'three']) addLines(here.claude, session, [line(session, 0), line(session, 1)])
  await here.hyp('backfill')
  const { files } = await here.json<{ files: { path: string; rows: number }[] }>('table', 'files', '--json')
  expect(files.reduce((sum, file) => sum + file.rows, 0)).toBe(6)
  const text = await here.hyp('table', 'files')
  for (const file of files) expect(text.stdout).toContain(file.path)
})

test('a command in a hint can be pasted: through npx where hyp is not on the path, with the home where it is not the usual one', async () => {
  const here = machine()
  const hint = async (path: string): Promise<string> =>
    (
      await here.shell(
        `PATH='${path}' '${process.execPath}' '${here.program}' query "SELECT x FROM ai_gateway_messages"`,
      )
    ).stderr
  await here.hyp('apply')
  expect(await hint('/usr/bin:/bin')).toContain(`\`npx hyp --home ${here.home} query 'DESCRIBE ai_gateway_messages'\``)
  expect(await hint(here.env['PATH'] as string)).toContain(
    `\`hyp --home ${here.home} query 'DESCRIBE ai_gateway_messages'\``,
  )
  const usual = machine({ env: { HYP_HOME: '' } })
  await usual.hyp('apply')
  expect((await usual.hyp('query', 'SELECT x FROM ai_gateway_messages')).stderr).toContain(
    "`hyp query 'DESCRIBE ai_gateway_messages'`",
  )
})
