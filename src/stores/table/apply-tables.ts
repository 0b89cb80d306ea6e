import { type ErrorDocument, errorDocument, HypError, toHypError } from '../../errors.ts'
import { tableLocation } from '../../iceberg/catalog/file-catalog.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { type Plan, planTable } from '../../schema/plan.ts'
import { type Home, tableDirectory } from '../home.ts'
import { openCatalog } from './catalog.ts'
import { type ReceiptDocument, receiptDocument } from './receipt.ts'
import { applyTable, observeTable, type Receipt, type StoreContext } from './store.ts'

/** What became of one table: it was applied, or why it was not. */
export interface Outcome {
  readonly declaration: Declaration
  readonly result: Receipt | HypError
}

export interface ApplyTablesOptions {
  readonly home: Home
  /** Each is applied by itself: one that fails does not keep the others. */
  readonly declarations: readonly Declaration[]
  readonly context: StoreContext
  /** Apply only the table whose plan has this id, and none where none has it. */
  readonly expect?: string | undefined
}

/**
 * Brings tables to their declarations. What is wrong with one is in its outcome.
 * @throws HypError PLAN_CHANGED where no plan has the expected id
 */
export async function applyTables(options: ApplyTablesOptions): Promise<Outcome[]> {
  const { home, context, expect } = options
  const declarations = expect === undefined ? options.declarations : [await expected(options, expect)]
  const outcomes: Outcome[] = []
  for (const declaration of declarations) {
    const location = tableLocation(tableDirectory(home, declaration))
    const catalog = openCatalog(home, declaration)
    const result = await applyTable({ catalog, declaration, location, context, expect }).catch(toHypError)
    outcomes.push({ declaration, result })
  }
  return outcomes
}

async function expected({ home, declarations }: ApplyTablesOptions, id: string): Promise<Declaration> {
  const plans: Plan[] = []
  for (const declaration of declarations) {
    const plan = await planOf(home, declaration).catch(() => undefined)
    if (plan?.id === id) return declaration
    if (plan !== undefined) plans.push(plan)
  }
  const [first] = plans
  const now = plans.length === 1 ? `${first?.id}` : plans.map(plan => `${plan.id} of ${plan.table}`).join(', ')
  throw new HypError('PLAN_CHANGED', `The plan is ${now || 'none'} now, not ${id}.`, {
    details: plans.length === 1 ? { plan: first } : { plans },
  })
}

/** The plan of a table as it is now. */
export async function planOf(home: Home, declaration: Declaration): Promise<Plan> {
  return planTable(declaration, await observeTable(openCatalog(home, declaration)))
}

/** Outcomes as a JSON document. */
export interface OutcomesDocument {
  readonly formatVersion: 1
  readonly receipts: readonly ReceiptDocument[]
  readonly failures: readonly { readonly table: string; readonly error: ErrorDocument }[]
}

export function outcomesDocument(outcomes: readonly Outcome[]): OutcomesDocument {
  return {
    formatVersion: 1,
    receipts: outcomes.flatMap(({ result }) => (result instanceof HypError ? [] : [receiptDocument(result)])),
    failures: outcomes.flatMap(({ declaration: { table }, result }) =>
      result instanceof HypError ? [{ table, error: errorDocument(result) }] : [],
    ),
  }
}
