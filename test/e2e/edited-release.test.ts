import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DaemonStatus } from '../../src/daemon/status.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import type { Field } from '../../src/iceberg/types.ts'
import type { Evolution } from '../../src/schema/applied.ts'
import type { Plan } from '../../src/schema/plan.ts'
import { digests, filesBelow, type Machine, machine } from '../support/home.ts'
import { catalogAt } from '../support/table.ts'
import { addLines, line } from '../support/transcripts.ts'

/*
 * The built-in declaration of an applied release is edited in place: the real
 * program made a home, and a copy of it goes on that has two columns more under
 * the same number.
 */

const root = join(import.meta.dirname, '../..')

const cost = { name: 'cost_usd', type: 'double', since: 9, doc: 'What the turn cost.' }
const currency = { name: 'currency', type: 'string', since: 9, doc: 'In which currency it was billed.' }

/** A copy of the program whose newest release has these columns too. */
function editedProgram(here: Machine, columns: readonly object[]): Machine {
  const copy = join(here.directory, 'edited')
  mkdirSync(copy)
  for (const name of ['bin', 'dist', 'package.json']) cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const file = join(copy, 'dist/schema/builtin/turn-columns.js')
  const source = readFileSync(file, 'utf8')
  const edited = source.replace(/\n\];/, `\n${columns.map(column => `${JSON.stringify(column)},`).join('\n')}\n];`)
  expect(edited).not.toBe(source)
  writeFileSync(file, edited)
  return here.as(join(copy, 'bin/hyp.js'))
}

/** A home that the program as it is has made and filled. */
async function filled(): Promise<Machine> {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0), line('one', 1)])
  expect((await here.hyp('backfill')).status).toBe(0)
  return here
}

async function planIn(here: Machine): Promise<Plan> {
  const { plans } = await here.json<{ plans: Plan[] }>('plan', '--json')
  return plans[0] as Plan
}

async function historyIn(here: Machine): Promise<Evolution[]> {
  return (await here.json<{ evolutions: Evolution[] }>('history', '--json')).evolutions
}

function lines({ changes }: Plan): unknown[] {
  return changes.map(({ code, path, origin, cause }) => [code, path, origin, cause])
}

/** Files of the table that must not change, whatever happens to its schema. */
function oldFiles(here: Machine): Record<string, string> {
  return Object.fromEntries(Object.entries(digests(here.table)).filter(([path]) => !path.endsWith('version-hint.text')))
}

function metadataFiles(here: Machine): number {
  return filesBelow(join(here.table, 'metadata')).filter(path => path.endsWith('.metadata.json')).length
}

/** Columns that somebody adds to the table by hand. */
async function addByHand(here: Machine, ...columns: readonly Omit<Field, 'id' | 'required'>[]): Promise<void> {
  const catalog = catalogAt(here.table)
  const table = await catalog.load()
  const schema = currentSchema(table.metadata)
  const last = table.metadata['last-column-id']
  const added = columns.map(({ name, type, doc = '' }, index) => ({
    id: last + 1 + index,
    name,
    required: false,
    type,
    doc,
  }))
  await catalog.commit(table, {
    requirements: [],
    updates: [
      { action: 'add-schema', schema: { ...schema, fields: [...schema.fields, ...added] } },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  })
}

const rows = 'SELECT session_id, part_id, content_text FROM ai_gateway_messages ORDER BY ALL'

test('the plan names the release, both fingerprints and the difference, as drift and not as pending', async () => {
  const here = editedProgram(await filled(), [cost, currency])
  const before = digests(here.home)
  const plan = await planIn(here)
  expect(plan).toMatchObject({ verdict: 'drifted', action: 'evolve', edited: { release: 9 } })
  const { applied, declared, sealed } = plan.edited ?? {}
  expect(applied).toBe(sealed)
  expect(declared).not.toBe(applied)
  expect(lines(plan)).toEqual([
    ['AD101', 'cost_usd', 'drift', 'edited release'],
    ['AD101', 'currency', 'drift', 'edited release'],
  ])
  const { status, stdout } = await here.hyp('plan', '--exit-code')
  expect(status).toBe(2)
  expect(stdout).toContain('drift: release 9 was edited after it was applied\n')
  expect(stdout).toContain(`applied ${applied?.slice(0, 12)}, declared ${declared?.slice(0, 12)}`)
  expect(stdout).not.toContain('pending')
  expect(stdout).toMatch(/^ {2}\+ cost_usd /m)
  expect(stdout).toMatch(/^ {2}\+ currency /m)
  expect(digests(here.home)).toEqual(before)
})

test('the note for a maintainer says what was declared, what was found, what follows and what to do', async () => {
  const here = editedProgram(await filled(), [cost, currency])
  const { edited } = await planIn(here)
  const { status, stdout } = await here.hyp('plan', '--format', 'markdown')
  expect(status).toBe(0)
  const [, declared = '', found = '', effect = '', fix = ''] = stdout.split(/^#### .*$/m)
  expect(stdout.match(/^#### .*$/gm)).toEqual(['#### Declared', '#### Found', '#### Effect', '#### Fix'])
  expect(declared).toContain(`Release 9 has the fingerprint \`${edited?.declared}\` in this program.`)
  expect(declared).toContain(`It was sealed as \`${edited?.sealed}\`.`)
  expect(found).toContain(`Release 9 was applied with the fingerprint \`${edited?.applied}\`.`)
  expect(effect).toContain('2 changes in place')
  expect(fix).toContain('take the edit back, and bring it as the next release')
  expect(stdout).toContain('| `+` | `cost_usd` |')
})

test('the daemon moves the table forward, says so in one line, and a second start writes nothing', async () => {
  const before = await filled()
  const files = oldFiles(before)
  const content = await before.query(rows)
  const here = editedProgram(before, [cost, currency])

  const first = await here.daemon()
  const evolved = first.events().filter(event => event.msg === 'evolved')
  expect(evolved).toMatchObject([
    {
      table: 'ai_gateway_messages',
      repaired: true,
      from: { release: 9, schemaId: 0 },
      to: { release: 9, schemaId: 1 },
      changes: ['+ cost_usd', '+ currency'],
      ms: expect.any(Number),
    },
  ])
  await first.imported()
  expect((await first.ask('GET', '/readyz')).status).toBe(200)
  expect(await here.query(rows)).toEqual(content)
  expect(await here.query('SELECT count(cost_usd) AS n FROM ai_gateway_messages')).toEqual([{ n: 0 }])
  expect(digests(here.table)).toMatchObject(files)
  await first.stop()
  expect(
    (await historyIn(here)).map(({ kind, from, to, changes }) => [kind, from?.schema, to.schema, changes.length]),
  ).toEqual([
    ['creation', undefined, 0, 0],
    ['repair', 0, 1, 2],
  ])
  expect((await here.hyp('history')).stdout).toMatch(/ repaired {2}release 9, schema 0 → 1 /)

  const count = metadataFiles(here)
  const second = await here.daemon()
  await second.imported()
  expect(second.events().map(event => event.msg)).not.toContain('evolved')
  await second.stop()
  expect(metadataFiles(here)).toBe(count)
  expect(await planIn(here)).toMatchObject({ verdict: 'current', edited: null, changes: [] })
})

test('where one of the columns is there already, only the other is added', async () => {
  const before = await filled()
  await addByHand(before, currency)
  const here = editedProgram(before, [cost, currency])
  const daemon = await here.daemon()
  expect(daemon.events().find(event => event.msg === 'evolved')).toMatchObject({
    repaired: true,
    changes: ['+ cost_usd'],
  })
  await daemon.stop()
  const { columns } = await here.json<{ columns: { name: string; fieldId: number }[] }>('table', 'show', '--json')
  const ids = new Map(columns.map(({ name, fieldId }) => [name, fieldId]))
  expect(ids.get('cost_usd')).toBe(Number(ids.get('currency')) + 1)
})

test('where both are there already, nothing is committed, and the edit stays told', async () => {
  const before = await filled()
  await addByHand(before, cost, currency)
  const here = editedProgram(before, [cost, currency])
  const files = digests(here.table)
  const daemon = await here.daemon()
  await daemon.imported()
  expect(daemon.events().map(event => event.msg)).toContain('unchanged')
  await daemon.stop()
  expect(digests(here.table)).toEqual(files)
  expect((await planIn(here)).edited).toMatchObject({ release: 9 })
})

test('the program as it was goes on serving a table that was repaired: it tolerates both columns and drops none', async () => {
  const before = await filled()
  const here = editedProgram(before, [cost, currency])
  expect((await here.hyp('apply')).stdout).toMatch(/^ai_gateway_messages repaired in /)
  const files = digests(before.table)
  const daemon = await before.daemon()
  await daemon.imported()
  expect((await daemon.ask('GET', '/readyz')).status).toBe(200)
  expect(await before.query('SELECT count(*) AS n, count(cost_usd) AS cost FROM ai_gateway_messages')).toEqual([
    { n: 2, cost: 0 },
  ])
  expect(digests(before.table)).toEqual(files)
  const plan = await planIn(before)
  expect(plan.edited).toMatchObject({ release: 9 })
  expect(lines(plan)).toEqual([
    ['TO301', 'cost_usd', 'tolerated', 'declaration'],
    ['TO301', 'currency', 'tolerated', 'declaration'],
  ])
  const { status, stdout } = await before.hyp('plan', '--exit-code')
  expect({ status, notes: stdout.match(/^note .*$/gm) }).toEqual({
    status: 0,
    notes: ['note     release 9 was edited after it was applied; the table has all of it'],
  })
  const markdown = (await before.hyp('plan', '--format', 'markdown')).stdout
  expect(markdown).toContain('Nothing is to be done about that')
  expect(markdown).toContain('### Tolerated')
  expect(markdown).not.toContain('take the edit back')
  // New rows come in, and leave those columns null.
  addLines(before.claude, 'one', [line('one', 2)])
  expect((await before.hyp('backfill')).status).toBe(0)
  expect(await before.query('SELECT count(*) AS n FROM ai_gateway_messages')).toEqual([{ n: 3 }])
  expect((await before.hyp('table', 'verify')).status).toBe(0)
})

test('an edit that breaks the table is refused: reads and status serve on, what is imported waits', async () => {
  const before = await filled()
  const files = digests(before.table)
  const here = editedProgram(before, [{ ...cost, required: true }, currency])
  addLines(here.claude, 'one', [line('one', 2)])
  const daemon = await here.daemon()
  expect(daemon.events().find(event => event.msg === 'refused')).toMatchObject({
    declared: 9,
    found: 9,
    breaking: [{ code: 'BR201', path: 'cost_usd' }],
  })
  const ready = await daemon.ask('GET', '/readyz?verbose')
  expect(ready.status).toBe(503)
  expect(ready.text).toMatch(/^ok {3}table: /m)
  expect(ready.text).toMatch(/^FAIL import: paused: .*cost_usd \(BR201\)/m)
  const status = JSON.parse((await daemon.ask('GET', '/v1/status')).text) as DaemonStatus
  expect(status.tables[0]).toMatchObject({ verdict: 'breaking', rows: 2, refused: [{ code: 'BR201' }] })
  expect(await daemon.imported()).toMatchObject({ rows: 0, spooled: 3 })
  expect(await here.query('SELECT count(*) AS n FROM ai_gateway_messages')).toEqual([{ n: 3 }])
  expect(await here.hyp('backfill')).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('nothing new in'),
  })
  expect((await here.hyp('plan', '--exit-code')).status).toBe(3)
  await daemon.stop()
  expect(digests(here.table)).toEqual(files)

  // Without the edit what waited is stored.
  const restored = await before.daemon()
  await restored.imported()
  await restored.stop()
  expect(await before.query('SELECT count(*) AS n FROM ai_gateway_messages')).toEqual([{ n: 3 }])
})
