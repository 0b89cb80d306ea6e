import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DaemonStatus } from '../../src/daemon/status.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import type { Row } from '../../src/iceberg/types.ts'
import type { Plan } from '../../src/schema/plan.ts'
import { digests, filesBelow, type Machine, machine, write } from '../support/home.ts'
import { append, catalogAt, createTable, optional, required } from '../support/table.ts'
import { addLines, line } from '../support/transcripts.ts'

const rows: readonly Row[] = [1n, 2n, 3n].map(id => ({ id, name: `n${id}`, at: 0n }))

/** A table of another program beside the home; its path relative to where commands run. */
async function foreignTable(here: Machine, name = 'warehouse/orders'): Promise<string> {
  const columns = [required('id', 'long'), optional('name', 'string'), optional('at', 'timestamptz')]
  await append(await createTable({ columns, partitionBy: ['day(at)'] }, join(here.directory, name)), rows)
  return name
}

async function plans(here: Machine): Promise<string[]> {
  const document = await here.json<{ plans: Plan[] }>('plan', '--json')
  return document.plans.map(({ table, verdict }) => `${table} ${verdict}`)
}

/** What another program does to the built-in table. */
async function dropColumn(here: Machine, name: string): Promise<void> {
  const catalog = catalogAt(here.table)
  const table = await catalog.load()
  const schema = currentSchema(table.metadata)
  await catalog.commit(table, {
    requirements: [],
    updates: [
      { action: 'add-schema', schema: { ...schema, fields: schema.fields.filter(field => field.name !== name) } },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  })
}

test.each([['under the lock'], ['through a daemon']])(
  'a table of another program is taken as it is, %s, and every command knows it',
  async how => {
    const here = machine()
    const directory = join(here.directory, await foreignTable(here))
    const daemon = how === 'through a daemon' ? await here.daemon() : undefined
    await daemon?.imported()
    const before = digests(directory)
    // Relative to where the command runs, not to where the daemon does.
    const adopted = await here.hyp('adopt', 'warehouse/orders')
    expect(adopted).toMatchObject({ status: 0, stderr: '' })
    expect(adopted.stdout).toMatch(
      /^orders adopted in [\d.]+ ms: schema 0, 3 rows; no data and no column of it was touched\.$/m,
    )
    expect(adopted.stdout).toContain(`declared  ${join(here.home, 'schema/orders.json')}, written for it`)
    const { 'metadata/version-hint.text': hint, ...files } = before
    expect(hint).toBeDefined()
    expect(digests(directory)).toMatchObject(files)

    const plan = await here.hyp('plan', 'orders')
    expect(plan.stdout.trimEnd().split('\n').at(-1)).toBe('Nothing to do.')
    expect((await here.hyp('history', 'orders')).stdout).toMatch(
      /^ {2}1 {2}\S+Z {2}adopted {3}release none, schema 0 {2}in /,
    )
    expect((await here.hyp('table', 'show', 'orders')).stdout).toMatch(/^partition day\(at\)$/m)
    expect((await here.hyp('table', 'files', 'orders')).stdout).toContain(directory)
    expect((await here.hyp('table', 'verify', 'orders')).stdout).toContain('3 rows: all as the manifests say')
    expect(await here.query('SELECT sum(id) AS n FROM orders')).toEqual([{ n: 6 }])
    if (daemon !== undefined) {
      expect(daemon.events().find(({ msg }) => msg === 'adopted')).toMatchObject({
        table: 'orders',
        directory,
        accepted: [],
      })
      const { tables } = JSON.parse((await daemon.ask('GET', '/v1/status')).text) as DaemonStatus
      expect(tables.find(({ name }) => name === 'orders')).toMatchObject({ verdict: 'current', rows: 3, directory })
    }

    const again = await here.hyp('adopt', 'warehouse/orders')
    expect(again.stdout).toMatch(/^Nothing to do: orders is adopted as it is, schema 0, 3 rows\.$/m)
    expect(filesBelow(join(directory, 'metadata')).filter(path => path.endsWith('v4.metadata.json'))).toEqual([])

    const file = join(here.home, 'schema/orders.json')
    write(file, readFileSync(file, 'utf8').replace('"columns": [', '"columns": [{ "name": "note", "type": "string" },'))
    expect((await here.hyp('apply', 'orders')).stdout).toMatch(/^orders evolved in /)
    expect(await here.query('SELECT count(*) AS n, count(note) AS notes FROM orders')).toEqual([{ n: 3, notes: 0 }])
    expect(await plans(here)).toContain('orders current')
  },
)

test('a daemon that starts later evolves an adopted table like any other', async () => {
  const here = machine()
  await foreignTable(here)
  expect((await here.hyp('adopt', 'warehouse/orders', '--name', 'sales')).status).toBe(0)
  const file = join(here.home, 'schema/sales.json')
  write(file, readFileSync(file, 'utf8').replace('"columns": [', '"columns": [{ "name": "note", "type": "string" },'))
  const daemon = await here.daemon()
  expect(daemon.events().find(({ msg }) => msg === 'evolved')).toMatchObject({
    table: 'sales',
    from: { release: null, schemaId: 0 },
    to: { release: 1, schemaId: 1 },
    changes: expect.arrayContaining(['+ note']),
  })
})

test.each([['under the lock'], ['through a daemon']])(
  'what is in the way is told at once, %s: what, where, why and the way out, exit 3, and nothing is written',
  async how => {
    const here = machine()
    const name = await foreignTable(here)
    const metadata = join(here.directory, name, 'metadata/v2.metadata.json')
    const text = readFileSync(metadata, 'utf8')
    write(
      metadata,
      text
        .replace('"format-version":2', '"format-version":3')
        .replace('"name":"name","required":false,"type":"string"', '"name":"name","required":false,"type":"variant"'),
    )
    if (how === 'through a daemon') await (await here.daemon()).imported()
    const before = digests(join(here.directory, name))
    const { status, stdout, stderr } = await here.hyp('adopt', name)
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' })
    expect(stderr).toMatch(/^! format version 3\n {2}where {5}\(table\)\n {2}why {7}\S[^]*?\n {2}fix {7}\S/)
    expect(stderr).toMatch(/^! a column of type variant\n {2}where {5}name$/m)
    expect(stderr).toMatch(
      /^error: .* cannot be adopted as it is\. 2 things are in the way: .* \[ADOPTION_REFUSED\]\nhint: /m,
    )
    const { error } = JSON.parse((await here.hyp('adopt', name, '--json')).stdout) as {
      error: { code: string; details: { obstacles: { what: string }[] } }
    }
    expect(error.code).toBe('ADOPTION_REFUSED')
    expect(error.details.obstacles.map(({ what }) => what)).toEqual(['format version 3', 'a column of type variant'])
    expect(digests(join(here.directory, name))).toEqual(before)
    expect(filesBelow(join(here.home, 'schema'))).toEqual([])
  },
)

test('what is no table, and a name that is taken, are told with what to do', async () => {
  const here = machine()
  await foreignTable(here)
  expect(await here.hyp('adopt', 'nothing')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^error: nothing is neither .*\/nothing\/metadata\. \[TABLE_NOT_FOUND\]\nhint: /),
  })
  expect(await here.hyp('adopt', 'warehouse/orders', '--name', 'ai_gateway_messages')).toMatchObject({
    status: 64,
    stderr: expect.stringContaining('[USAGE]'),
  })
  expect((await here.hyp('adopt')).status).toBe(64)
})

test('a column that another program dropped is a refusal until that is accepted; then it comes back, and the import goes on', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  expect((await here.hyp('backfill')).status).toBe(0)
  await dropColumn(here, 'git_remote')
  addLines(here.claude, 'one', [line('one', 1)])
  const daemon = await here.daemon()
  expect(daemon.events().find(({ msg }) => msg === 'refused')).toMatchObject({
    breaking: [{ code: 'BR213', path: 'git_remote' }],
  })
  expect((await here.hyp('plan')).stdout).toMatch(/^next hyp .*adopt ai_gateway_messages$/m)
  const adopted = await here.hyp('adopt', 'ai_gateway_messages')
  expect(adopted.status).toBe(0)
  expect(adopted.stdout).toMatch(/^ {2}accepted {2}git_remote {2}.*BR213$/m)
  expect(adopted.stdout).not.toContain('declared')
  expect(await plans(here)).toEqual(['ai_gateway_messages pending'])
  // Rows that go into the table now would lack the column: they wait for it in the spool.
  const ready = await daemon.ask('GET', '/readyz')
  expect(ready.text).toMatch(/^FAIL import: paused: the declaration is not applied \(run `hyp apply`\)$/m)
  expect(await here.json('table', 'show', '--json')).toMatchObject({ rows: 1 })
  expect(await here.query('SELECT count(*) AS n FROM ai_gateway_messages')).toEqual([{ n: 2 }])

  expect((await here.hyp('apply')).status).toBe(0)
  await daemon.imported()
  expect((await daemon.ask('GET', '/readyz')).status).toBe(200)
  expect(await here.query('SELECT count(*) AS n FROM ai_gateway_messages')).toEqual([{ n: 2 }])
  expect((await here.hyp('history')).stdout).toMatch(
    / adopted {3}release 9, schema 0 → 1 [^\n]*\n {7}declaration \w{12}\n {7}BR213 {2}git_remote /,
  )
})
