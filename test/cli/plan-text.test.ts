import { expect, test } from 'vitest'
import { renderPlan } from '../../src/cli/render/plan.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { type Plan, planTable } from '../../src/schema/plan.ts'
import { homeAt, tableDirectory } from '../../src/stores/home.ts'
import { openCatalog, systemContext } from '../../src/stores/table/catalog.ts'
import { applyTable, observeTable } from '../../src/stores/table/store.ts'
import { temporaryFolder } from '../support/table.ts'

/** The plan of a declaration against a table that was made by others, one after the other. */
async function planAgainst(declaration: Declaration, ...made: readonly Declaration[]): Promise<Plan> {
  const home = homeAt(await temporaryFolder())
  const catalog = openCatalog(home, declaration.table)
  const location = `file://${tableDirectory(home, declaration.table)}`
  for (const earlier of made) await applyTable({ catalog, declaration: earlier, location, context: systemContext })
  return planTable(declaration, await observeTable(catalog))
}

const five = builtinDeclaration(5)
const withColumn = (name: string): Declaration => ({
  ...five,
  columns: [...five.columns, { name, type: 'string', doc: 'Mine.' }],
})
const longName = 'a_column_whose_name_goes_on_and_on_until_nobody_remembers_how_it_began'

const plans: readonly (readonly [string, () => Promise<Plan>, RegExp])[] = [
  ['absent', () => planAgainst(five), /^Plan: create the table with \d+ columns\.$/],
  ['current', () => planAgainst(five, five), /^Nothing to do\.$/],
  ['pending', () => planAgainst(withColumn('mine'), five), /^Plan: 1 in place, 0 breaking\.$/],
  ['pending', () => planAgainst(withColumn(longName), five), /^Plan: 1 in place, 0 breaking\.$/],
  ['current', () => planAgainst(five, withColumn('mine')), /^Nothing to do; 1 tolerated\.$/],
  [
    'breaking',
    () => planAgainst(builtinDeclaration(6), five),
    /^Plan: \d+ in place, \d+ breaking\. Refused: nothing was written\.$/,
  ],
  [
    'breaking',
    () => planAgainst(builtinDeclaration(6), withColumn('mine')),
    /^Plan: \d+ in place, \d+ breaking, 1 tolerated\. Refused: nothing was written\.$/,
  ],
  [
    'newer',
    () => planAgainst(five, builtinDeclaration(6)),
    /^The table was written as release 6, this is release 5\. /,
  ],
]

test.each(plans)(
  'the text of a plan (%s) says what its JSON says, and the verdict last',
  async (verdict, make, last) => {
    const plan = await make()
    expect(plan.verdict).toBe(verdict)
    const text = renderPlan(plan, command => command)
    const lines = text.split('\n')
    expect(lines.at(-1)).toMatch(last)
    // Each change with its sign, and its words in their order, wherever lines were broken.
    const words = text.replaceAll(/\s+/g, ' ')
    for (const { sign, path, change, code, rule, reason, fix, command, docs } of plan.changes) {
      expect(words).toContain(`${sign} ${path} ${change} ${code} ${rule}`)
      for (const more of [reason, fix, command]) if (more !== null) expect(words).toContain(more)
      if (reason !== null) expect(words).toContain(docs)
    }
    const signed = lines.filter(line => /^ {2}[+~>!·] /.test(line))
    expect(signed).toHaveLength(plan.changes.length)
  },
)

test.each(plans)('no line of the text of a plan (%s) is wider than 100, and none ends in a space', async (_, make) => {
  for (const line of renderPlan(await make(), command => command).split('\n')) {
    expect(line.length).toBeLessThanOrEqual(100)
    expect(line).toBe(line.trimEnd())
  }
})

test('the text of a plan is the same each time', async () => {
  const plan = await planAgainst(builtinDeclaration(6), five)
  expect(renderPlan(plan, command => command)).toBe(renderPlan(plan, command => command))
})
