import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { digests, filesBelow, type Machine, machine, write } from '../support/home.ts'
import { addLines, line } from '../support/transcripts.ts'

const ownColumn = JSON.stringify({
  columns: [{ name: 'stop_reason', type: 'string', from: '/message/stop_reason', doc: 'Why the model stopped.' }],
})

const perStopReason = 'SELECT stop_reason, count(*) AS n FROM ai_gateway_messages GROUP BY ALL ORDER BY ALL NULLS FIRST'

interface Shown {
  readonly uuid: string
  readonly schemaId: number
  readonly columns: readonly { readonly name: string; readonly fieldId: number }[]
}

/** A home with two imported rows and no daemon. */
async function loaded(here: Machine): Promise<void> {
  addLines(here.claude, 'one', [line('one', 0), line('one', 1)])
  expect((await here.hyp('backfill')).status).toBe(0)
}

test('a column in a file is in the plan, and after a restart in the table: old rows null, the next line fills it, nothing old rewritten', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0), line('one', 1)])
  const first = await here.daemon()
  await first.imported()
  const before = await here.json<Shown>('table', 'show', '--json')
  const dataBefore = digests(join(here.table, 'data'))
  expect(Object.keys(dataBefore)).not.toEqual([])

  here.declare(ownColumn)
  const plan = await here.hyp('plan')
  expect(plan.status).toBe(0)
  expect(plan.stdout).toMatch(/^ {2}\+ stop_reason {2}#\d+ {2}optional string {2}AD101 {2}add an optional column$/m)
  expect(plan.stdout).toMatch(/^Plan: 1 in place, 0 breaking\.\n$/m)
  await first.stop()

  const second = await here.daemon()
  expect(second.events().find(event => event.msg === 'evolved')).toMatchObject({ changes: ['+ stop_reason'] })
  await second.imported()
  expect(await here.query(perStopReason)).toEqual([{ stop_reason: null, n: 2 }])

  addLines(here.claude, 'one', [line('one', 2)])
  expect((await here.hyp('backfill')).status).toBe(0)
  expect(await here.query(perStopReason)).toEqual([
    { stop_reason: null, n: 2 },
    { stop_reason: 'end_turn', n: 1 },
  ])
  const after = await here.json<Shown>('table', 'show', '--json')
  expect(after.uuid).toBe(before.uuid)
  expect(after.schemaId).toBe(before.schemaId + 1)
  expect(after.columns.slice(0, before.columns.length)).toEqual(before.columns)
  expect(after.columns.at(-1)).toMatchObject({ name: 'stop_reason' })
  expect(digests(join(here.table, 'data'))).toMatchObject(dataBefore)
  expect(await here.json('table', 'verify', '--json')).toMatchObject({ ok: true, rows: 3, icebird: 'same' })
})

test('apply brings a column without a restart, and the running daemon fills it from the next line on', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  const daemon = await here.daemon()
  await daemon.imported()
  here.declare(ownColumn)
  const applied = await here.hyp('apply')
  expect(applied).toMatchObject({ status: 0, stderr: '' })
  expect(applied.stdout).toMatch(
    /^ai_gateway_messages evolved in [\d.]+ ms: .*\n {2}\+ stop_reason {2}optional string\n/,
  )
  await daemon.until('it is logged', () => daemon.events().some(({ msg }) => msg === 'evolved'))
  addLines(here.claude, 'one', [line('one', 1)])
  expect((await here.hyp('backfill')).status).toBe(0)
  expect(await here.query(perStopReason)).toEqual([
    { stop_reason: null, n: 1 },
    { stop_reason: 'end_turn', n: 1 },
  ])
})

test('a second apply does nothing and changes no byte', async () => {
  const here = machine()
  await loaded(here)
  here.declare(ownColumn)
  expect((await here.hyp('apply')).status).toBe(0)
  const before = digests(here.table)
  const again = await here.hyp('apply')
  expect(again).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Nothing to do: /) })
  expect(digests(here.table)).toEqual(before)
})

test('a column that is taken out of the file stays in the table with its values, and that is said', async () => {
  const here = machine()
  here.declare(ownColumn)
  await loaded(here)
  here.declare('{"columns": []}')
  const plan = await here.hyp('plan')
  expect(plan.stdout).toMatch(/^ {2}· stop_reason .*\n +TO301 /m)
  const daemon = await here.daemon()
  await daemon.imported()
  expect(await here.query(perStopReason)).toEqual([{ stop_reason: 'end_turn', n: 2 }])
})

const fiveMistakes = `{
  "columns": [
    { "name": "stop_reason", "type": "text", "from": "/message/stop_reason" },
    { "name": "Role", "type": "string" },
    { "name": "cost", "type": "double", "required": true },
    { "name": "speed", "type": "int", "from": "message/speed" },
    { "name": "cost", "type": "double", "colour": "red" }
  ]
}
`

/** Where each mistake lies, as \`line path\`. */
const places = ['3 /columns/0/type', '4 /columns/1/name', '5 /columns/2/required', '6 /columns/3/from', '7 /columns/4']

test.each([['daemon'], ['plan'], ['apply'], ['backfill'], ['status']])(
  'five mistakes in the file are told by %s all at once with line and path, exit 78, and the table is untouched',
  async command => {
    const here = machine()
    await loaded(here)
    here.declare(fiveMistakes)
    const before = digests(here.table)
    const { status, stderr } = await here.hyp(command)
    expect(status).toBe(78)
    const told = Array.from(
      stderr.matchAll(/^(.*ai_gateway_messages\.json):(\d+):\d+ {2}(\S+) {2}\S.*\n {4}hint: \S/gm),
      ([, file, at, path]) => ({ file, place: `${at} ${path}` }),
    )
    for (const { file } of told) expect(file).toBe(join(here.home, 'schema/ai_gateway_messages.json'))
    for (const [index, place] of places.entries()) expect(told[index]?.place).toMatch(new RegExp(`^${place}`))
    expect(stderr).toMatch(/^error: .* has \d mistakes; line 3: .* \[DECLARATION_INVALID\]\nhint: /m)
    expect(digests(here.table)).toEqual(before)
  },
)

test('mistakes as JSON have code, line, column, path and message each', async () => {
  const here = machine()
  here.declare(fiveMistakes)
  const { status, stdout } = await here.hyp('plan', '--json')
  expect(status).toBe(78)
  const { error } = JSON.parse(stdout) as { error: { code: string; details: { mistakes: object[] } } }
  expect(error.code).toBe('DECLARATION_INVALID')
  expect(error.details.mistakes.length).toBeGreaterThanOrEqual(5)
  for (const mistake of error.details.mistakes) {
    expect(mistake).toMatchObject({
      code: expect.any(String),
      line: expect.any(Number),
      column: expect.any(Number),
      path: expect.any(String),
      message: expect.any(String),
    })
  }
})

test('a declaration under a misspelt file name is a mistake, not a column that silently never comes', async () => {
  const here = machine()
  write(join(here.home, 'schema/ai_gateway_message.json'), ownColumn)
  const { status, stderr } = await here.hyp('plan')
  expect(status).toBe(78)
  expect(stderr).toContain('ai_gateway_message.json:1:1  The file has no `table`.')
  expect(stderr).toContain('A file that extends the built-in table is named ai_gateway_messages.json.')
})

test('a running daemon goes on as before when the file gets a mistake, and apply tells it', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  const daemon = await here.daemon()
  await daemon.imported()
  here.declare(fiveMistakes)
  const applied = await here.hyp('apply')
  expect(applied.status).toBe(78)
  expect(applied.stderr).toContain('/columns/0/type')
  addLines(here.claude, 'one', [line('one', 1)])
  expect((await here.hyp('backfill')).status).toBe(0)
  expect(await here.query('SELECT count(*) AS n FROM ai_gateway_messages')).toEqual([{ n: 2 }])
  expect((await daemon.ask('GET', '/readyz')).status).toBe(200)
})

test('the file that was read is kept byte for byte: only the person writes it', async () => {
  const here = machine()
  const text = `// mine\n${ownColumn.replace(']}', ',]}')}\n`
  here.declare(text)
  await loaded(here)
  expect(readFileSync(join(here.home, 'schema/ai_gateway_messages.json'), 'utf8')).toBe(text)
  expect(filesBelow(join(here.home, 'schema'))).toHaveLength(1)
})
