import { expect, test } from 'vitest'
import type { PlannedAt } from '../../src/cli/planned.ts'
import { renderPlan } from '../../src/cli/render/plan.ts'
import { planTable } from '../../src/schema/plan.ts'
import { column, created, declare, inVersion3, planned, reshaped } from '../schema/declaring.ts'
import { plans } from './plans.ts'

const asIs = (command: string): string => command

/** The lines between a plan's heads and its end, by the title above them. */
function sections(text: string): ReadonlyMap<string, readonly string[]> {
  const blocks = text.split('\n\n').slice(1, -1)
  return new Map(blocks.map(block => block.split('\n')).map(([title = '', ...lines]) => [title, lines]))
}

test.each(plans)('the text of a plan (%s) says what its JSON says, and the verdict last', async (_, make, last) => {
  const plan = JSON.parse(JSON.stringify(await make())) as Awaited<ReturnType<typeof make>>
  const text = renderPlan(plan, asIs)
  const lines = text.split('\n')
  expect(lines.at(-1)).toMatch(last)
  // Each change with its sign, and its words in their order, wherever lines were broken.
  const words = text.replaceAll(/\s+/g, '')
  const told = (...parts: readonly string[]): string => parts.join('').replaceAll(/\s+/g, '')
  for (const { sign, path, fieldId, change, code, rule, reason, fix, command, docs } of plan.changes) {
    expect(words).toContain(told(`${sign} ${path}`, fieldId === null ? '' : `#${fieldId}`))
    expect(words).toContain(told(change, code, rule))
    for (const more of [reason, fix, command]) if (more !== null) expect(words).toContain(told(more))
    if (reason !== null) expect(words).toContain(docs)
  }
  expect(lines.filter(line => /^ {2}[+~>!·] /.test(line))).toHaveLength(plan.changes.length)
})

test.each(plans)('no line of the text of a plan (%s) is wider than 100, and none ends in a space', async (_, make) => {
  for (const line of renderPlan(await make(), asIs).split('\n')) {
    expect(line.length).toBeLessThanOrEqual(100)
    expect(line).toBe(line.trimEnd())
  }
})

test.each(plans)(
  'the text of a plan (%s) is the same each time, and says what to do next where there is something',
  async (_, make) => {
    const plan = await make()
    const text = renderPlan(plan, asIs)
    expect(renderPlan(plan, asIs)).toBe(text)
    if (plan.verdict === 'current') expect(text).not.toMatch(/^next /m)
    else expect(text).toMatch(/^next .+/m)
  },
)

test.each(plans)('what is pending and what is drift (%s) stand under titles of their own', async (_, make) => {
  const plan = await make()
  const found = sections(renderPlan(plan, asIs))
  for (const origin of ['pending', 'drift', 'tolerated'] as const) {
    const lines = [...found].filter(([title]) => title.startsWith(`${origin}: `)).flatMap(([, all]) => all)
    const signed = lines.filter(line => /^ {2}[+~>!·] /.test(line))
    expect(signed).toHaveLength(plan.changes.filter(change => change.origin === origin).length)
  }
})

test('a new column shows the field id that it will get, and a name beside a change says the type', () => {
  const before = declare([column('a', 'int'), column('b', 'string')])
  const after = declare([column('a', 'int', { doc: 'One.' }), column('b', 'string'), column('c', 'date')])
  const text = renderPlan(planned(after, created(before)), asIs)
  expect(text).toMatch(/^ {2}~ a {2}#1 {2}int, documented {2}AD104 {2}change a column’s documentation$/m)
  expect(text).toMatch(/^ {2}\+ c {2}#3 {2}optional date {4}AD101 {2}add an optional column$/m)
})

test('an edited release is named, with what was applied and declared, and whether the table has it already', async () => {
  const find = async (what: string): Promise<string> => {
    const [, make] = plans.find(([name]) => name === what) as (typeof plans)[number]
    return renderPlan(await make(), asIs)
  }
  const missing = await find('an edited release')
  expect(missing).toMatch(/^drift: release 5 was edited after it was applied\n {2}applied \w{12}, declared \w{12}, /m)
  expect(missing).toMatch(/^next hyp apply$/m)
  const there = await find('an edited release that the table has')
  expect(there.split('\n')[2]).toBe('note     release 5 was edited after it was applied; the table has all of it')
  expect(there).not.toContain('drift')
})

const things = declare([column('a', 'int')])

test('a column that is left out is kept, and told last, not as pending', () => {
  const before = created(declare([column('a', 'int'), column('gone', 'int')]))
  const text = renderPlan(planned(declare([column('a', 'long')]), before), asIs)
  expect(text.match(/^(?:pending|drift|tolerated): .*$/gm)).toEqual([
    'pending: the declaration asks for it',
    'tolerated: kept as it is',
  ])
})

test('what a terminal would obey in a name or a documentation is shown, and no name begins a line of its own', () => {
  const name = 'a\u001b[31m\nPlan: b\u202e'
  const plan = planned(declare([column('a', 'int'), column(name, 'int')]), created(things))
  const text = renderPlan(plan, asIs)
  expect(text).toContain('a\\u001b[31m\\u000aPlan: b\\u202e')
  expect(text).not.toMatch(/^Plan: b/m)
  expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
})

test('a file that the home does not have goes there first', () => {
  const at: PlannedAt = { kind: 'file', file: 'new.json', place: '/home/schema/things.json' }
  expect(renderPlan(planned(wider, created(things)), asIs, at)).toMatch(
    /^next put new\.json into the home as \/home\/schema\/things\.json, then hyp apply$/m,
  )
})

test('one column is one column', () => {
  expect(renderPlan(planTable(things, null), asIs)).toMatch(/^Plan: create the table with 1 column\.$/m)
})
const wider = declare([column('a', 'long')])

test('a table of another format version than 2 says who makes the change', () => {
  const three = renderPlan(planned(wider, inVersion3(created(things))), asIs).replaceAll(/\s+/g, ' ')
  expect(three).toContain('format version 3')
  expect(three).toContain('which hyp reads and does not write: make the change with an engine that does')
  expect(three).not.toContain('hyp apply')
  const one = renderPlan(planned(wider, { ...created(things), 'format-version': 1 }), asIs).replaceAll(/\s+/g, ' ')
  expect(one).toContain('the table is of format version 1: upgrade it to version 2 first')
})

test('drift that is only tolerated is accepted with adopt, that of a table at some path by its path', () => {
  const drifted = planned(
    things,
    reshaped(created(things), fields => [...fields, { id: 9, name: 'z', required: false, type: 'int' }]),
  )
  expect(renderPlan(drifted, asIs)).toMatch(/^next hyp adopt things$/m)
  const at: PlannedAt = { kind: 'path', path: '/lake/my things' }
  expect(renderPlan(drifted, asIs, at)).toMatch(/^next hyp adopt '\/lake\/my things'$/m)
})

test('a plan against an earlier declaration says which', () => {
  const at: PlannedAt = { kind: 'base', file: 'base.json' }
  const [first, second] = renderPlan(planned(wider, created(things)), asIs, at).split('\n')
  expect(first).toBe('against  things   release 1, as base.json declares it')
  expect(second).toBe('declared things   release 1, 1 column')
})

test('a command stands on one line, however long, because it is there to be pasted', () => {
  const long = (command: string): string => `npx ${command} --home ${'/a/long/path'.repeat(10)}`
  const plan = planned(declare([column('a', 'int', { required: true })]), created(things))
  const lines = renderPlan(plan, long).split('\n')
  expect(lines.filter(line => line.includes(long('hyp plan things')))).toHaveLength(2)
})
