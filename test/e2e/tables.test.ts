import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DaemonStatus } from '../../src/daemon/status.ts'
import type { Row } from '../../src/iceberg/types.ts'
import type { Plan } from '../../src/schema/plan.ts'
import type { RelocationReport } from '../../src/stores/table/relocate.ts'
import { type DeclaredColumn, declareTable } from '../support/declaring.ts'
import { digests, filesBelow, type Machine, machine, write } from '../support/home.ts'
import { append, catalogAt } from '../support/table.ts'
import { addLines, line } from '../support/transcripts.ts'

/*
 * A home with several tables: each goes its own way, whatever becomes of the
 * others.
 */

const id: DeclaredColumn = { name: 'id', type: 'long' }
const name: DeclaredColumn = { name: 'name', type: 'string' }

/** A home with the built-in table, and the tables `orders` and `things` beside it. */
async function homeOfThree(): Promise<Machine> {
  const here = machine()
  declareTable(here, 'orders', [id])
  declareTable(here, 'things', [id], { location: join(here.directory, 'elsewhere/things') })
  expect((await here.hyp('apply')).status).toBe(0)
  return here
}

interface Applied {
  readonly receipts: readonly { readonly action: string; readonly kind: string | null; readonly plan: Plan }[]
  readonly failures: readonly { readonly table: string; readonly error: { readonly code: string } }[]
}

async function applyJson(here: Machine, ...words: string[]): Promise<Applied & { readonly status: number | null }> {
  const { status, stdout } = await here.hyp('apply', '--json', ...words)
  return { ...(JSON.parse(stdout) as Applied), status }
}

async function columnsOf(here: Machine, table: string): Promise<string[]> {
  const { columns } = await here.json<{ columns: DeclaredColumn[] }>('table', 'show', table, '--json')
  return columns.map(column => column.name)
}

test('apply makes every declared table, each in its place, and a second apply does nothing', async () => {
  const here = machine()
  declareTable(here, 'orders', [id])
  declareTable(here, 'things', [id], { location: join(here.directory, 'elsewhere/things') })
  const first = await applyJson(here)
  expect(first.receipts.map(({ kind, plan }) => [kind, plan.table])).toEqual([
    ['creation', 'ai_gateway_messages'],
    ['creation', 'orders'],
    ['creation', 'things'],
  ])
  expect(filesBelow(join(here.directory, 'elsewhere/things/metadata'))).not.toEqual([])
  const before = digests(here.directory)
  const second = await here.hyp('apply')
  expect(second.status).toBe(0)
  expect(second.stdout.match(/^Nothing to do: /gm)).toHaveLength(3)
  expect(digests(here.directory)).toEqual(before)
})

test('apply of one table leaves the others as they are', async () => {
  const here = await homeOfThree()
  declareTable(here, 'orders', [id, name])
  declareTable(here, 'things', [id, name], { location: join(here.directory, 'elsewhere/things') })
  const { receipts } = await applyJson(here, 'orders')
  expect(receipts.map(({ kind, plan }) => [kind, plan.table])).toEqual([['evolution', 'orders']])
  expect(await columnsOf(here, 'orders')).toEqual(['id', 'name'])
  expect(await columnsOf(here, 'things')).toEqual(['id'])
  expect(await here.hyp('apply', 'nothing')).toMatchObject({
    status: 64,
    stderr: expect.stringContaining('orders, things'),
  })
})

test('a table that is refused keeps no other from being applied; the exit is the worst, and every reason is told', async () => {
  const here = await homeOfThree()
  declareTable(here, 'orders', [{ ...id, type: 'string' }])
  declareTable(here, 'things', [id, name], { location: join(here.directory, 'elsewhere/things') })
  const orders = digests(join(here.home, 'tables/orders'))
  const { status, stdout, stderr } = await here.hyp('apply')
  expect(status).toBe(3)
  expect(stdout).toMatch(/^things evolved in /m)
  expect(stderr).toContain('BR202')
  expect(stderr).toMatch(/^error: .*id \(BR202\).* \[SCHEMA_BREAKING\]$/m)
  expect(await columnsOf(here, 'things')).toEqual(['id', 'name'])
  expect(digests(join(here.home, 'tables/orders'))).toEqual(orders)

  const again = await applyJson(here)
  expect(again.status).toBe(3)
  expect(again.receipts.map(({ plan }) => plan.table)).toEqual(['ai_gateway_messages', 'things'])
  expect(again.failures).toMatchObject([{ table: 'orders', error: { code: 'SCHEMA_BREAKING', details: { plan: {} } } }])

  // Damage is worse than a refusal.
  const [metadata = ''] = filesBelow(join(here.directory, 'elsewhere/things/metadata')).filter(path =>
    path.endsWith('v2.metadata.json'),
  )
  writeFileSync(metadata, '{')
  const damaged = await applyJson(here)
  expect(damaged.status).toBe(1)
  expect(damaged.failures.map(({ table, error }) => [table, error.code])).toEqual([
    ['orders', 'SCHEMA_BREAKING'],
    ['things', 'METADATA_INVALID'],
  ])
})

test.each([['under the lock'], ['through a daemon']])(
  'apply --expect applies the one table whose plan has the id, and none where none has it, %s',
  async how => {
    const here = await homeOfThree()
    if (how === 'through a daemon') await here.daemon()
    declareTable(here, 'orders', [id, name])
    declareTable(here, 'things', [id, name], { location: join(here.directory, 'elsewhere/things') })
    const { plans } = await here.json<{ plans: Plan[] }>('plan', '--json')
    const plan = plans.find(({ table }) => table === 'things') as Plan
    const wrong = await here.hyp('apply', '--expect', '0123456789abcdef')
    expect(wrong).toMatchObject({ status: 75, stderr: expect.stringContaining(`${plan.id} of things`) })
    expect(wrong.stderr).toContain('[PLAN_CHANGED]')
    const { receipts } = await applyJson(here, '--expect', plan.id)
    expect(receipts.map(({ plan: { table } }) => table)).toEqual(['things'])
    expect(await columnsOf(here, 'orders')).toEqual(['id'])
    const other = await applyJson(here, 'orders', '--expect', plan.id)
    expect(other.status).toBe(75)
  },
)

test('history and the commands of a table take its name, and the built-in one is theirs where they are given none', async () => {
  const here = await homeOfThree()
  declareTable(here, 'orders', [id, name], { release: 2 })
  await here.hyp('apply')
  expect((await here.hyp('history', 'orders')).stdout).toMatch(
    / created {3}release 1, schema 0 [^\n]*\n[^\n]*\n[^\n]* evolved {3}release 1 → 2, schema 0 → 1 [^\n]*\n {7}declaration \w{12}\n {7}AD101 {2}name {2}optional string\n$/,
  )
  expect((await here.hyp('table', 'show', 'orders')).stdout).toMatch(/^table {5}orders, release 2, schema 1, /)
  expect((await here.hyp('table', 'files', 'orders')).status).toBe(0)
  expect((await here.hyp('table', 'verify', 'orders')).status).toBe(0)
  expect((await here.hyp('history')).stdout).toMatch(/ created {3}release 9, /)
  for (const words of [['history'], ['table', 'show'], ['table', 'files'], ['table', 'verify']])
    expect((await here.hyp(...words, 'nothing')).status).toBe(64)
})

test('a query sees all tables at once, and is kept from none by what is wrong with another', async () => {
  const here = await homeOfThree()
  addLines(here.claude, 'one', [line('one', 0)])
  expect((await here.hyp('backfill')).status).toBe(0)
  expect(
    await here.query('SELECT (SELECT count(*) FROM ai_gateway_messages) AS a, (SELECT count(*) FROM orders) AS b'),
  ).toEqual([{ a: 1, b: 0 }])
  expect((await here.hyp('query', 'SHOW TABLES')).stdout).toMatch(
    /ai_gateway_messages\nfiles_touched\nmessages\norders\nsessions\nthings\ntool_calls\nusage\n/,
  )
  write(join(here.home, 'tables/orders/metadata/v1.metadata.json'), '{')
  expect(await here.query('SELECT count(*) AS n FROM ai_gateway_messages')).toEqual([{ n: 1 }])
  expect(await here.query('SELECT count(*) AS n FROM things')).toEqual([{ n: 0 }])
  expect(await here.hyp('query', 'SELECT * FROM orders')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('[METADATA_INVALID]'),
  })
  rmSync(join(here.directory, 'elsewhere'), { recursive: true })
  expect(await here.hyp('query', 'SELECT * FROM things')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/\[TABLE_NOT_FOUND\]\nhint: .*hyp .*apply/),
  })
  // A mistake in a file keeps nobody from the table that needs no file.
  write(join(here.home, 'schema/orders.json'), '{')
  expect(await here.query('SELECT count(*) AS n FROM ai_gateway_messages')).toEqual([{ n: 1 }])
  expect((await here.hyp('query', 'SELECT * FROM things')).stderr).toMatch(
    /^No table but ai_gateway_messages can be asked for: .*orders\.json.*\nhint: .*hyp .*plan\nerror: /,
  )
  expect((await here.hyp('history')).status).toBe(0)
  expect((await here.hyp('history', 'things')).status).toBe(78)
})

test('a daemon evolves every table at its start, and one that is refused or unreadable stops nothing', async () => {
  const here = await homeOfThree()
  declareTable(here, 'broken', [id])
  declareTable(here, 'new', [id, name])
  expect((await here.hyp('apply', 'broken')).status).toBe(0)
  write(join(here.home, 'tables/broken/metadata/v1.metadata.json'), '{')
  declareTable(here, 'orders', [{ ...id, type: 'string' }])
  declareTable(here, 'things', [id, name], { location: join(here.directory, 'elsewhere/things') })
  addLines(here.claude, 'one', [line('one', 0)])
  const daemon = await here.daemon()
  const told = daemon.events().map(({ msg, table }) => `${msg} ${String(table)}`)
  expect(told).toEqual(
    expect.arrayContaining([
      'unchanged ai_gateway_messages',
      'table-failed broken',
      'created new',
      'refused orders',
      'evolved things',
    ]),
  )
  expect(daemon.events().find(({ msg }) => msg === 'table-failed')).toMatchObject({
    level: 40,
    code: 'METADATA_INVALID',
    hint: expect.any(String),
  })
  expect(daemon.events().find(({ msg }) => msg === 'evolved')).toMatchObject({ table: 'things', repaired: false })
  expect(await daemon.imported()).toMatchObject({ rows: 1 })

  const ready = await daemon.ask('GET', '/readyz?verbose')
  expect(ready.status).toBe(503)
  expect(ready.text).toMatch(/^ok {3}table: ai_gateway_messages at schema 0$/m)
  expect(ready.text).toMatch(/^ok {3}table: things at schema 1$/m)
  expect(ready.text).toMatch(/^FAIL table: broken: .*\[METADATA_INVALID\]/m)
  expect(ready.text).toMatch(/^FAIL table: orders stays at schema 0: .*id \(BR202\) \(see `hyp plan orders`\)$/m)
  expect(ready.text).toMatch(/^ok {3}import: rows are taken$/m)
  const { tables } = await here.json<DaemonStatus>('status', '--json')
  expect(tables.map(({ name: table, verdict, rows }) => [table, verdict, rows])).toEqual([
    ['ai_gateway_messages', 'current', 1],
    ['broken', 'unreadable', null],
    ['new', 'current', 0],
    ['orders', 'breaking', 0],
    ['things', 'current', 0],
  ])
  const text = (await here.hyp('status')).stdout
  expect(text).toMatch(/^table {5}broken: unreadable$/m)
  expect(text).toMatch(/^ {10}! orders: id {2}long -> string {2}BR202\n.*\n {10}every reason: hyp .*plan orders$/m)

  // Mended and taken away, they are well and gone.
  declareTable(here, 'orders', [id])
  rmSync(join(here.home, 'schema/broken.json'))
  expect((await here.hyp('apply')).status).toBe(0)
  expect((await daemon.ask('GET', '/readyz')).status).toBe(200)
  expect((await here.json<DaemonStatus>('status', '--json')).tables.map(({ name: table }) => table)).not.toContain(
    'broken',
  )
})

test('a daemon in words tells what it left as it is', async () => {
  const here = await homeOfThree()
  declareTable(here, 'orders', [{ ...id, type: 'string' }])
  const daemon = here.start('daemon', '--log-format', 'text')
  await daemon.until('it is ready', () => daemon.stdout().includes('\nready '))
  expect(daemon.stdout()).toMatch(
    /^refused {2}orders: release 1 would break the table \(release 1\): id \(BR202\)\n {9}nothing was changed; reads work, and so do the other tables\. Every reason: hyp .*plan orders$/m,
  )
})

test('without a daemon, status tells every table too, unreadable ones with the reason', async () => {
  const here = await homeOfThree()
  write(join(here.home, 'tables/orders/metadata/v1.metadata.json'), '{')
  const { status, stdout } = await here.hyp('status')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^table {5}orders: unreadable$/m)
  expect(stdout).toMatch(/^FAIL {6}orders: .*\[METADATA_INVALID\]\n {10}hint: /m)
  expect(stdout).toMatch(/^table {5}things: release 1, schema 0, 0 rows \(current\)$/m)
})

test('verify tells a row key that is stored twice, also where a part of it is inside a struct', async () => {
  const here = machine()
  const origin = { type: 'struct', fields: [{ name: 'host', type: 'string', required: true }] } as never
  declareTable(here, 'orders', [{ name: 'origin', type: origin, required: true }, id], { identifier: ['origin.host'] })
  expect((await here.hyp('apply', 'orders')).status).toBe(0)
  const directory = join(here.home, 'tables/orders')
  const catalog = catalogAt(directory)
  const rowsOf = (...hosts: string[]): Row[] => hosts.map(host => ({ origin: { host }, id: 1n }))
  const first = await append({ directory, catalog, table: await catalog.load() }, rowsOf('a', 'b'))
  expect((await here.hyp('table', 'verify', 'orders')).stdout).toContain('1 file, 2 rows: all as the manifests say')
  expect((await here.hyp('table', 'show', 'orders')).stdout).toMatch(/^row key {3}origin\.host$/m)
  await append(first, rowsOf('c', 'a'))
  const { status, stdout } = await here.hyp('table', 'verify', 'orders')
  expect(status).toBe(1)
  expect(stdout).toContain('holds a row key that is stored twice')
})

test('a table that is not declared is told by the same error, whether or not a daemon runs', async () => {
  const here = machine()
  const commands = [
    ['plan', 'nobody'],
    ['apply', 'nobody'],
    ['table', 'compact', 'nobody'],
    ['table', 'delete', 'nobody', '--session', 'x'],
    ['table', 'relocate', 'nobody'],
    ['ingest', 'nobody', '/dev/null'],
  ]
  const answers = async (): Promise<unknown[]> => {
    const found: unknown[] = []
    for (const words of commands) {
      const { status, stdout } = await here.hyp(...words, '--json')
      const { code, message } = (JSON.parse(stdout) as { error?: Record<string, unknown> }).error ?? {}
      found.push({ words, status, code, message })
    }
    return found
  }
  const expected = commands.map(words => ({
    words,
    status: 64,
    code: 'NOT_FOUND',
    message: 'There is no declared table "nobody".',
  }))
  expect(await answers()).toEqual(expected)
  await here.daemon()
  expect(await answers()).toEqual(expected)
})

test('a home without a table has none to relocate, and says so', async () => {
  expect(await machine().hyp('table', 'relocate')).toMatchObject({ status: 0, stdout: 'There is no table yet.\n' })
})

test('of all tables those are relocated that are there, and one that is named has to be', async () => {
  const here = await homeOfThree()
  await here.daemon()
  const relocated = async (): Promise<string[]> => {
    const { tables } = await here.json<RelocationReport>('table', 'relocate', '--json')
    return tables.map(({ table }) => table)
  }
  expect(await relocated()).toEqual(['ai_gateway_messages', 'orders', 'things'])
  rmSync(join(here.home, 'tables/orders'), { recursive: true })
  expect(await relocated()).toEqual(['ai_gateway_messages', 'things'])
  expect((await here.hyp('table', 'relocate', 'orders')).stderr).toContain('TABLE_NOT_FOUND')
})
