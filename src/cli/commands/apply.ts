import { errorCatalogue } from '../../error-catalogue.ts'
import { type ErrorDocument, errorOf } from '../../errors.ts'
import type { Plan } from '../../schema/plan.ts'
import { loadDeclaration, loadDeclarations } from '../../stores/declared.ts'
import { applyTables, type OutcomesDocument, outcomesDocument } from '../../stores/table/apply-tables.ts'
import { systemContext } from '../../stores/table/catalog.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { renderError } from '../render/error.ts'
import { renderPlan } from '../render/plan.ts'
import { renderReceipt } from '../render/receipt.ts'
import { write } from '../writer.ts'

/**
 * Applies the plans of all tables, or of one: through the running daemon, or
 * under the lock where none runs. What is refused shows every reason and keeps
 * nobody else; the exit status is that of the worst.
 */
export async function runApply(
  context: CommandContext,
  options: OptionValues,
  table: string | undefined,
): Promise<number> {
  const { io } = context
  const expect = typeof options['expect'] === 'string' ? options['expect'] : undefined
  const outcomes = await write(context, {
    throughDaemon: daemon =>
      daemon.post<OutcomesDocument>('/v1/apply', { table, expect, release: context.namedRelease }),
    underLock: () => underLock(context, table, expect),
  })
  if (options['json'] === true) await printDocument(io, outcomes)
  else {
    if (outcomes.receipts.length > 0) await io.stdout(`${outcomes.receipts.map(renderReceipt).join('\n')}\n`)
    for (const { error } of outcomes.failures) tellFailure(error, context, options['verbose'] === true)
  }
  return worst(outcomes.failures.map(({ error }) => errorCatalogue[errorOf(error).code].exit))
}

async function underLock(
  { home, release }: CommandContext,
  table: string | undefined,
  expect: string | undefined,
): Promise<OutcomesDocument> {
  const declarations =
    table === undefined ? await loadDeclarations(home, release) : [await loadDeclaration(home, release, table)]
  return outcomesDocument(await applyTables({ home, declarations, context: systemContext, expect }))
}

function tellFailure(document: ErrorDocument, { io, pasteable }: CommandContext, verbose: boolean): void {
  const plan = document.details['plan'] as Plan | undefined
  if (plan !== undefined) io.stderr(`${renderPlan(plan, pasteable)}\n\n`)
  io.stderr(renderError(errorOf(document), { json: false, verbose, pasteable }))
}

/** What may be well on the next try is the least of them, then what was refused, breaking or newer. */
const mildest = [0, 75, 3, 4]

function worst(exits: readonly number[]): number {
  const rank = (exit: number): number => (mildest.includes(exit) ? mildest.indexOf(exit) : mildest.length)
  return exits.reduce((found, exit) => (rank(exit) > rank(found) ? exit : found), 0)
}
