import type { Planned } from '../../src/cli/planned.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { type Plan, planTable } from '../../src/schema/plan.ts'
import { homeAt, tableDirectory } from '../../src/stores/home.ts'
import { openCatalog, systemContext } from '../../src/stores/table/catalog.ts'
import { applyTable, observeTable } from '../../src/stores/table/store.ts'
import {
  changed,
  column,
  created,
  declare,
  evolved,
  inVersion3,
  planned,
  reshaped,
  without,
} from '../schema/declaring.ts'
import { temporaryFolder } from '../support/table.ts'

/*
 * Plans of every verdict and for every reason, for whoever shows them.
 */

/** The plan of a declaration against a table that was made by others, one after the other. */
async function planAgainst(declaration: Declaration, ...made: readonly Declaration[]): Promise<Plan> {
  const home = homeAt(await temporaryFolder())
  const catalog = openCatalog(home, declaration)
  const location = `file://${tableDirectory(home, declaration)}`
  for (const earlier of made) await applyTable({ catalog, declaration: earlier, location, context: systemContext })
  return planTable(declaration, await observeTable(catalog))
}

const five = builtinDeclaration(5)
const withColumn = (name: string): Declaration => ({
  ...five,
  columns: [...five.columns, { name, type: 'string', doc: 'Mine.' }],
})
const longName = 'a_column_whose_name_goes_on_and_on_until_nobody_remembers_how_it_began'
const things = declare([column('a', 'long'), column('b', 'string')])
const wider = declare([column('a', 'long'), column('b', 'string'), column('c', 'int')])

/** Release 5 as it was applied before two columns were put into it. */
function edited(): Plan {
  const columns = five.columns.filter(({ name }) => name !== 'agent_id' && name !== 'parent_thread_id')
  return planned(five, created({ ...five, columns }))
}

/** A release that was edited while the table has all that is declared. */
function editedAndThere(): Plan {
  const table = created(five)
  const properties = { ...table.properties, 'hyp.builtin.fingerprint': '0'.repeat(64) }
  return planned(five, { ...table, properties })
}

/** What a plan is about, the plan, and its last line. */
export const plans: readonly (readonly [what: string, make: () => Plan | Promise<Plan>, last: RegExp])[] = [
  ['absent', () => planAgainst(five), /^Plan: create the table with \d+ columns\.$/],
  ['current', () => planAgainst(five, five), /^Nothing to do\.$/],
  ['pending', () => planAgainst(withColumn('mine'), five), /^Plan: 1 in place, 0 breaking\.$/],
  ['pending: a long name', () => planAgainst(withColumn(longName), five), /^Plan: 1 in place, 0 breaking\.$/],
  [
    'pending: the longest name',
    () => planAgainst(withColumn(longName.repeat(4)), five),
    /^Plan: 1 in place, 0 breaking\.$/,
  ],
  [
    'pending: docs, names, promotions and the inside of a struct',
    () =>
      planned(
        declare([
          column('d', 'long', { renamedFrom: 'a', doc: 'It is a|b `c`.' }),
          column('b', { type: 'struct', fields: [column('x', 'int'), column('y', 'decimal(20,2)')] }),
        ]),
        created(declare([column('a', 'int'), column('b', { type: 'struct', fields: [column('y', 'decimal(9,2)')] })])),
      ),
    /^Plan: \d in place, 0 breaking\.$/,
  ],
  ['pending in version 3', () => planned(wider, inVersion3(created(things))), /^Plan: 1 in place, 0 breaking\.$/],
  ['current, with a tolerated column', () => planAgainst(five, withColumn('mine')), /^Nothing to do; 1 tolerated\.$/],
  [
    'breaking',
    () => planAgainst(builtinDeclaration(6), five),
    /^Plan: \d+ in place, \d+ breaking\. Refused: nothing was written\.$/,
  ],
  [
    'breaking, with a tolerated column',
    () => planAgainst(builtinDeclaration(6), withColumn('mine')),
    /^Plan: \d+ in place, \d+ breaking, 1 tolerated\. Refused: nothing was written\.$/,
  ],
  [
    'newer',
    () => planAgainst(five, builtinDeclaration(6)),
    /^The table was written as release 6, this is release 5\. /,
  ],
  [
    'drifted, tolerated',
    () =>
      planned(
        things,
        reshaped(created(things), fields => [...fields, { id: 9, name: 'z', required: false, type: 'int' }]),
      ),
    /^Drift: 1 tolerated\.$/,
  ],
  [
    'drifted, in place',
    () =>
      planned(
        things,
        reshaped(evolved(created(things), wider), fields => fields.map(field => ({ ...field, doc: 'x' }))),
      ),
    /^Nothing to do; 1 tolerated\.$|^Drift: /,
  ],
  [
    'breaking by drift, with something pending',
    () => planned(wider, reshaped(created(things), changed('b', { name: 'bb' }))),
    /^Plan: 1 in place, 1 breaking/,
  ],
  [
    'breaking by a column that is gone',
    () => planned(wider, reshaped(created(things), without('b'))),
    /^Plan: 1 in place, 1 breaking\. Refused/,
  ],
  ['an edited release', edited, /^Drift: 2 in place, 0 breaking\.$/],
  ['an edited release that the table has', editedAndThere, /^Nothing to do\.$/],
]

/** A plan as a command hands it to what shows it. */
export function shown(plan: Plan, more: Partial<Planned> = {}): Planned {
  return { plan, at: { kind: 'home' }, file: 'schema/things.json', places: new Map(), ...more }
}
