import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { renderPlan } from '../../src/cli/render/plan.ts'
import { renderPlansAsMarkdown } from '../../src/cli/render/plan-markdown.ts'
import type { Plan } from '../../src/schema/plan.ts'
import { dataPath, describeWithData } from '../support/data.ts'
import { type Machine, machine, write } from '../support/home.ts'

interface PlanDocument {
  readonly formatVersion: number
  readonly verdict: string
  readonly plans: readonly Plan[]
}

/** A whole declaration of a table. */
function whole(table: string, columns: readonly object[], more: object = {}): string {
  return JSON.stringify({ table, columns, ...more })
}

const id = { name: 'id', type: 'long', required: true }
const note = { name: 'note', type: 'string' }

function declareTable(here: Machine, table: string, columns: readonly object[], more: object = {}): void {
  write(join(here.home, `schema/${table}.json`), whole(table, columns, more))
}

/** Writes a file beside the home; a command finds it by its name. */
function file(here: Machine, name: string, content: string): string {
  write(join(here.directory, name), content)
  return name
}

/** Every path below a directory with what tells whether it was touched. */
function tree(directory: string): Record<string, unknown> {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()
  return Object.fromEntries(
    ['.', ...paths].map(path => {
      const { mode, size, mtimeMs, ctimeMs, ino } = lstatSync(join(directory, path))
      return [path, { mode, size, mtimeMs, ctimeMs, ino }]
    }),
  )
}

const lastLine = (text: string): string | undefined => text.trimEnd().split('\n').at(-1)

describe('the plan of several tables', () => {
  test('is the plan of every declared table, the built-in one first, or of the one that is named', async () => {
    const here = machine()
    declareTable(here, 'orders', [id])
    const all = await here.json<PlanDocument>('plan', '--json')
    expect(all).toMatchObject({ formatVersion: 1, verdict: 'absent' })
    expect(all.plans.map(({ table }) => table)).toEqual(['ai_gateway_messages', 'orders'])
    const one = await here.json<PlanDocument>('plan', 'orders', '--format', 'json')
    expect(one.plans).toEqual(all.plans.slice(1))
    const unknown = await here.hyp('plan', 'order')
    expect(unknown).toMatchObject({ status: 64, stdout: '' })
    expect(unknown.stderr).toContain('hint: Declared are ai_gateway_messages, orders.')
  })

  test('is one text after the other, and is what the JSON document says', async () => {
    const here = machine()
    declareTable(here, 'orders', [id])
    const { plans } = await here.json<PlanDocument>('plan', '--json')
    const asTyped = (command: string): string => command.replace(/^hyp/, `hyp --home ${here.home}`)
    const { stdout } = await here.hyp('plan')
    expect(stdout).toBe(`${plans.map(plan => renderPlan(plan, asTyped)).join('\n\n')}\n`)
    const markdown = await here.hyp('plan', '--format', 'markdown', 'orders')
    const orders = plans.find(({ table }) => table === 'orders') as Plan
    const planned = {
      plan: orders,
      at: { kind: 'home' },
      file: join(here.home, 'schema/orders.json'),
      places: new Map(),
    } as const
    expect(markdown.stdout).toBe(`${renderPlansAsMarkdown([planned])}\n`)
  })

  test('has the worst verdict as its exit status', async () => {
    const here = machine()
    expect((await here.hyp('apply')).status).toBe(0)
    expect((await here.hyp('plan', '--exit-code')).status).toBe(0)
    declareTable(here, 'orders', [id])
    expect((await here.hyp('plan', '--exit-code')).status).toBe(2)
  })
})

describe('a declaration against an earlier one', () => {
  const base = whole('orders', [id, note])

  test.each([
    ['the same', base, 0, 'Nothing to do.'],
    ['a column more', whole('orders', [id, note, { name: 'at', type: 'date' }]), 2, 'Plan: 1 in place, 0 breaking.'],
    [
      'another type',
      whole('orders', [{ ...id, type: 'int' }, note]),
      3,
      'Plan: 0 in place, 1 breaking. Refused: nothing was written.',
    ],
  ])('is planned without a home and a table: %s', async (_, text, status, last) => {
    const here = machine()
    const words = ['plan', '--against', file(here, 'base.json', base), '--declare', file(here, 'orders.json', text)]
    const outcome = await here.hyp(...words, '--exit-code')
    expect(outcome).toMatchObject({ status, stderr: '' })
    expect(lastLine(outcome.stdout)).toBe(last)
    expect(existsSync(here.home)).toBe(false)
    expect(await here.hyp(...words)).toMatchObject({ status: 0, stdout: outcome.stdout })
  })

  test('is planned for columns of one’s own as for a whole table, on the release that is named', async () => {
    const here = machine()
    const mine = (type: string): string => JSON.stringify({ columns: [{ name: 'mine', type }] })
    const against = file(here, 'base.json', mine('long'))
    const declare = file(here, 'mine.json', mine('int'))
    const words = ['plan', '--against', against, '--declare', declare, '--as-release', '5', '--json']
    const { plans } = await here.json<PlanDocument>(...words)
    expect(plans).toMatchObject([
      {
        table: 'ai_gateway_messages',
        verdict: 'breaking',
        declared: { release: 5 },
        changes: [{ code: 'BR202', path: 'mine' }],
      },
    ])
    expect(plans[0]?.changes[0]?.command).toBe('hyp plan --against base.json --declare mine.json')
  })

  test('is the home’s where no second file is named', async () => {
    const here = machine()
    declareTable(here, 'orders', [id, note])
    const { stdout } = await here.hyp('plan', '--against', file(here, 'base.json', whole('orders', [id])))
    expect(stdout).toMatch(/^against {2}orders {3}release 1, as base\.json declares it$/m)
    expect(stdout).toMatch(/^ {2}\+ note {2}#2 {2}optional string {2}AD101 {2}add an optional column$/m)
    expect(await here.hyp('plan', '--against', file(here, 'other.json', whole('others', [id])))).toMatchObject({
      status: 64,
    })
  })

  test('is of the same table', async () => {
    const here = machine()
    const other = file(here, 'others.json', whole('others', [id]))
    const { status, stderr } = await here.hyp('plan', '--against', file(here, 'base.json', base), '--declare', other)
    expect(status).toBe(64)
    expect(stderr).toContain('base.json declares orders, and others.json declares others.')
  })

  test('of an earlier release is refused', async () => {
    const here = machine()
    const against = file(here, 'base.json', whole('orders', [id], { release: 2 }))
    const outcome = await here.hyp(
      'plan',
      '--against',
      against,
      '--declare',
      file(here, 'orders.json', base),
      '--exit-code',
    )
    expect(outcome.status).toBe(4)
    expect(outcome.stdout).toMatch(/^next declare release 2 or a later one, with all that it had$/m)
  })

  test('is annotated for a pull request, each change at its line, and so are mistakes', async () => {
    const here = machine()
    const against = file(here, 'base.json', base)
    const text =
      '{\n  "table": "orders",\n  "columns": [\n    { "name": "id", "type": "int", "required": true },\n    { "name": "at", "type": "date" }\n  ]\n}\n'
    const words = ['plan', '--against', against, '--format', 'github', '--exit-code', '--declare']
    const bad = await here.hyp(...words, file(here, 'orders.json', text))
    expect(bad.status).toBe(3)
    expect(bad.stdout).toMatch(
      /^::notice file=orders\.json,line=5,col=15,title=AD101 add an optional column::orders: at: /m,
    )
    expect(bad.stdout).toMatch(/^::error file=orders\.json,line=4,col=15,title=BR202 /m)
    expect(bad.stdout).toMatch(/^::warning file=orders\.json,title=TO301 .*::orders: note: /m)
    expect(lastLine(bad.stdout)).toBe('Verdict: breaking')
    const invalid = await here.hyp(...words, file(here, 'orders.json', text.replace('"int"', '"text"')))
    expect(invalid.status).toBe(78)
    expect(invalid.stdout).toBe(
      '::error file=orders.json,line=4,col=29,title=unknown-type::"text" is not an Iceberg type. Use "string".\nVerdict: none, the declaration is invalid\n',
    )
    expect(invalid.stderr).toMatch(/\[DECLARATION_INVALID\]/)
  })
})

describe('a usage error', () => {
  test.each([
    ['a table without a declaration', ['--table', '/nowhere'], '--declare FILE'],
    [
      'a table and an earlier declaration',
      ['--table', '/nowhere', '--declare', 'x', '--against', 'y'],
      'one of the two',
    ],
    ['the name of a table beside a file', ['orders', '--declare', 'x'], 'Leave the name out'],
    ['two forms of output', ['--json', '--format', 'github'], '--json or --format'],
    ['a form that is not known', ['--format', 'xml'], 'text, json, github, markdown'],
  ])('is told with the way out: %s', async (_, words, hint) => {
    const here = machine()
    const { status, stdout, stderr } = await here.hyp('plan', ...words)
    expect({ status, stdout }).toMatchObject({ status: 64 })
    expect(stdout + stderr).toContain(hint)
  })

  test('a path without a table, and a file that is not there, are told as such', async () => {
    const here = machine()
    const declare = file(here, 'orders.json', whole('orders', [id]))
    expect(await here.hyp('plan', '--table', here.directory, '--declare', declare)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/There is no table at .*\[TABLE_NOT_FOUND\]\nhint: Name the directory that holds /),
    })
    expect(await here.hyp('plan', '--declare', 'nowhere.json')).toMatchObject({ status: 78 })
  })
})

describe('planning writes nothing', () => {
  test('where there is no home, none is made', async () => {
    const here = machine()
    expect((await here.hyp('plan')).status).toBe(0)
    expect(existsSync(here.home)).toBe(false)
  })

  test.each([[[]], [['--format', 'github']], [['--format', 'markdown']], [['--json']]])(
    'into a home that is there: %s',
    async words => {
      const here = machine()
      expect((await here.hyp('apply', '--as-release', '8')).status).toBe(0)
      here.declare('{"columns": [{"name": "mine", "type": "int"}]}')
      const before = tree(here.home)
      expect((await here.hyp('plan', ...words)).status).toBe(0)
      expect(tree(here.home)).toEqual(before)
    },
  )

  // The superuser may write anywhere, and so becomes somebody else for this.
  const asNobody = 'setpriv --reuid=65534 --regid=65534 --clear-groups'
  const isRoot = process.getuid?.() === 0

  test.skipIf(isRoot && process.platform !== 'linux')('into a home that may only be read', async () => {
    const here = machine()
    expect((await here.hyp('apply', '--as-release', '8')).status).toBe(0)
    const paths = ['.', ...readdirSync(here.home, { recursive: true, encoding: 'utf8' })].map(path =>
      join(here.home, path),
    )
    for (const path of paths) chmodSync(path, lstatSync(path).isDirectory() ? 0o555 : 0o444)
    chmodSync(here.directory, 0o755)
    const before = tree(here.home)
    try {
      const { status, stdout, stderr } = await here.shell(`${isRoot ? asNobody : ''} hyp plan`)
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(lastLine(stdout)).toMatch(/^Plan: \d+ in place, 0 breaking\.$/)
      expect(tree(here.home)).toEqual(before)
    } finally {
      for (const path of paths) chmodSync(path, 0o700)
    }
  })
})

describe('the rules', () => {
  test('are listed, and one is shown whole', async () => {
    const here = machine()
    const { rules } = await here.json<{ rules: { code: string; title: string; why: string }[] }>('rules', '--json')
    const all = (await here.hyp('rules')).stdout
    for (const { code, title } of rules)
      expect(all.split('\n').find(text => text.includes(`  ${code}  `))).toContain(title)
    const one = await here.json<{ rules: object[] }>('rules', 'br202', '--json')
    expect(one.rules).toEqual(rules.filter(({ code }) => code === 'BR202'))
    const { stdout } = await here.hyp('rules', 'BR202')
    expect(stdout).toMatch(/^! BR202 {2}change a type to one that does not hold every old value\nkind {5}breaking\. /)
    expect(stdout).toMatch(/^see {6}docs\/rules\.md#BR202\n$/m)
    expect(existsSync(here.home)).toBe(false)
  })

  test('that are not there are told with the nearest', async () => {
    const { status, stderr } = await machine().hyp('rules', 'BR210')
    expect(status).toBe(64)
    expect(stderr).toMatch(/^hint: Did you mean BR20\d\? /m)
  })
})

describeWithData('the plan of a table that Spark made', () => {
  const table = dataPath('foreign-tables/spark/rename_column')
  const columns = [
    { name: 'id', type: 'long' },
    { name: 'name', type: 'string' },
    { name: 'event_date', type: 'date', renamedFrom: 'date' },
    { name: 'price', type: 'decimal(10,2)' },
    { name: 'active', type: 'boolean' },
  ]
  const layout = {
    partitionBy: [
      { column: 'id', transform: 'bucket[4]' },
      { column: 'event_date', transform: 'identity' },
    ],
  }

  async function planOf(here: Machine, more: readonly object[], at = table): Promise<Plan> {
    const declare = file(here, 'declared.json', whole('rename_column', [...columns, ...more], layout))
    const { plans } = await here.json<PlanDocument>('plan', '--table', at, '--declare', declare, '--json')
    return plans[0] as Plan
  }

  test('has what can be made in place, and writes nothing there or anywhere', async () => {
    const here = machine()
    const before = tree(table)
    const plan = await planOf(here, [note])
    expect(plan.changes.map(({ code, path, fieldId, change }) => [code, path, fieldId, change])).toEqual([
      ['AD102', 'id', 1, 'int -> long'],
      ['AD101', 'note', 6, 'optional string'],
    ])
    expect(plan).toMatchObject({ verdict: 'pending', action: 'evolve', found: { rows: 4, release: null } })
    expect(tree(table)).toEqual(before)
    expect(existsSync(here.home)).toBe(false)
  })

  test('refuses the whole where one change breaks it, with the command to plan again', async () => {
    const here = machine()
    const plan = await planOf(here, [note, { name: 'must', type: 'int', required: true }])
    expect(plan.verdict).toBe('breaking')
    const [refused] = plan.changes.filter(({ kind }) => kind === 'breaking')
    expect(refused).toMatchObject({ code: 'BR201', path: 'must', reason: expect.stringMatching(/^The 4 stored rows /) })
    expect(refused?.command).toBe(`hyp plan --table ${table} --declare declared.json`)
  })

  test('is the same by the directory, by its newest metadata file and in every form of output', async () => {
    const here = machine()
    const metadata = readdirSync(join(table, 'metadata'))
      .filter(name => name.endsWith('.metadata.json'))
      .sort()
    const newest = join(table, 'metadata', metadata.at(-1) as string)
    const plan = await planOf(here, [note])
    expect(await planOf(here, [note], newest)).toEqual(plan)
    expect(await planOf(here, [note], `file://${table}`)).toEqual(plan)
    const words = ['plan', '--table', table, '--declare', 'declared.json']
    const typed = (command: string): string => command.replace(/^hyp/, `hyp --home ${here.home}`)
    const { stdout } = await here.hyp(...words)
    expect(stdout).toBe(`${renderPlan(plan, typed, { kind: 'path', path: table })}\n`)
    expect(stdout).toContain(`hyp --home ${here.home} adopt ${table}`)
    expect((await here.hyp(...words, '--format', 'github')).stdout).toMatch(/^Verdict: pending\n$/m)
  })

  test('of an older metadata file is that of the table as it was then', async () => {
    const here = machine()
    mkdirSync(join(here.directory, 'copy'))
    const first = readdirSync(join(table, 'metadata'))
      .filter(name => name.endsWith('.metadata.json'))
      .sort()[0] as string
    const copy = join(here.directory, 'copy', first)
    write(copy, readFileSync(join(table, 'metadata', first)))
    const plan = await planOf(here, [], copy)
    expect(plan.found).toMatchObject({ metadataVersion: 1, rows: 0 })
    expect(plan.changes.map(({ code, path }) => [code, path])).toContainEqual(['AD106', 'event_date'])
  })
})
