import { expect, test } from 'vitest'
import { renderPlansAsMarkdown } from '../../src/cli/render/plan-markdown.ts'
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
    if (plan.edited !== null) origins.add('drift')
    expect(headings.filter(title => title === 'Pending' || title === 'Drift')).toEqual(
      [origins.has('pending') ? 'Pending' : [], origins.has('drift') ? 'Drift' : []].flat(),
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
  expect(part('Fix')).toContain('A release that went out is never edited')
  expect(part('Fix')).toContain('Next: `hyp apply`.')
})

test('several tables are one note after the other', async () => {
  const made = await Promise.all(plans.slice(0, 3).map(async ([, make]) => shown(await make())))
  expect(renderPlansAsMarkdown(made).match(/^## /gm)).toHaveLength(3)
})
