import { type Plan, planTable } from '../../schema/plan.ts'
import { loadDeclaration } from '../../stores/declared.ts'
import { openCatalog } from '../../stores/table/catalog.ts'
import { observeTable } from '../../stores/table/store.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { renderPlan } from '../render/plan.ts'

/** The plan of a home. Reads only. */
export async function planOf(context: CommandContext): Promise<Plan> {
  const declaration = await loadDeclaration(context.home, context.release)
  return planTable(declaration, await observeTable(openCatalog(context.home, declaration.table)))
}

/** With `--exit-code`: 0 nothing to do, 2 changes or drift, 3 breaking, 4 newer. */
export async function runPlan(context: CommandContext, options: OptionValues): Promise<number> {
  const plan = await planOf(context)
  if (options['json'] === true) await printDocument(context.io, plan)
  else await context.io.stdout(`${renderPlan(plan, context.pasteable)}\n`)
  if (options['exitCode'] !== true) return 0
  return { current: 0, absent: 2, pending: 2, drifted: 2, breaking: 3, newer: 4 }[plan.verdict]
}
