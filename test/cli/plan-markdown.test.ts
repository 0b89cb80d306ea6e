import { expect, test } from 'vitest'
import { renderPlansAsMarkdown } from '../../src/cli/render/plan-markdown.ts'
import type { Plan } from '../../src/schema/plan.ts'
import { column, created, declare, planned } from '../schema/declaring.ts'
import { plans, shown } from './plans.ts'

/** Cells of the rows of all tables, heads left out; a bar within a cell is escaped. */
function rows(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter(line => line.startsWith('| ') && !line.startsWith('|  | column'))
    .map(line => line.slice(2, -2).split(/ (?<!\\)\| /))
}

test.each(plans)(
  'the note of a plan (%s) has every change in a table, and the four headings for each origin',
  async (_, make) => {
    const plan = await make()
    const markdown = renderPlansAsMarkdown([shown(plan)])
    expect(markdown.split('\n')[0]).toBe(`## \`${plan.table}\`: ${plan.verdict}`)
    expect(rows(markdown).map(cells => cells.length)).toEqual(plan.changes.map(() => 5))
    const headings = Array.from(markdown.matchAll(/^#{3,4} (.+)$/gm), ([, title]) => title)
    const four = ['Declared', 'Found', 'Effect', 'Fix']
    const origins = new Set(plan.changes.map(({ origin }) => origin))
    const kinds = ['Pending', 'Drift', 'Tolerated']
    expect(headings.filter(title => kinds.includes(title as string))).toEqual(
      (['pending', 'drift', 'tolerated'] as const).flatMap((origin, index) =>
        origins.has(origin) ? kinds[index] : [],
      ),
    )
    const notes = headings.filter(title => four.includes(title as string))
    expect(notes.length % 4).toBe(0)
    expect(notes).toEqual(Array.from({ length: notes.length / 4 }, () => four).flat())
    expect(notes.length).toBeGreaterThanOrEqual(4)
  },
)

test('bars, backticks and markup in names, docs and types do not break the table', () => {
  const before = created(declare([column('a', 'int')]))
  const plan = planned(declare([column('a', 'int'), column('x|`y`_<b>', 'int')]), before)
  const markdown = renderPlansAsMarkdown([shown(plan)])
  expect(rows(markdown)).toEqual([['`+`', '`` x\\|`y`_<b> ``', '2', '`optional int`', 'AD101 add an optional column']])
})

test('the note of an edited release says what was applied, what is declared, and how to mend it', async () => {
  const [, make] = plans.find(([what]) => what === 'an edited release') as (typeof plans)[number]
  const plan = await make()
  const markdown = renderPlansAsMarkdown([shown(plan)])
  const part = (heading: string): string =>
    new RegExp(`^#### ${heading}\n\n([^]*?)(?=\n\n#|$(?![^]))`, 'm').exec(markdown)?.[1] ?? ''
  expect(markdown).toContain('Release 5 was edited after it was applied.')
  expect(part('Declared')).toContain(plan.edited?.declared)
  expect(part('Declared')).toContain(plan.edited?.sealed)
  expect(part('Found')).toContain(plan.edited?.applied)
  expect(part('Effect')).toContain('2 changes in place')
  // It is this program that has the release as it was sealed.
  expect(part('Fix')).toContain('This program has the release as it went out')
  expect(markdown).not.toContain('take the edit back')
  expect(part('Fix')).toContain('Next: `hyp apply`.')
})

test('an edit of this program is to be taken back, and one that the table has whole is noted above all else', async () => {
  const find = async (what: string): Promise<Plan> => {
    const [, make] = plans.find(([name]) => name === what) as (typeof plans)[number]
    return make()
  }
  const plan = await find('an edited release')
  const mine = { ...plan, edited: plan.edited && { ...plan.edited, declared: 'f'.repeat(64) } }
  expect(renderPlansAsMarkdown([shown(mine)])).toContain('A release that went out is never edited: take the edit back')
  const there = await find('an edited release that the table has')
  const markdown = renderPlansAsMarkdown([shown(there)])
  expect(markdown).not.toContain('### Drift')
  expect(markdown.split('\n\n')[1]).toMatch(
    /^Release 5 was edited after it was applied; the table has all of it\. Applied `0{64}`, declared `\w{64}`, sealed `\w{64}`\. This program has the release as it went out; .* Nothing is to be done about that\.$/,
  )
  const mineToo = { ...there, edited: there.edited && { ...there.edited, declared: 'f'.repeat(64) } }
  expect(renderPlansAsMarkdown([shown(mineToo)])).not.toContain('Nothing is to be done about that')
})

test('several tables are one note after the other', async () => {
  const made = await Promise.all(plans.slice(0, 3).map(async ([, make]) => shown(await make())))
  expect(renderPlansAsMarkdown(made).match(/^## /gm)).toHaveLength(3)
})
