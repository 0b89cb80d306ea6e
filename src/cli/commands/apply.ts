import { HypError } from '../../errors.ts'
import { tableLocation } from '../../iceberg/catalog/file-catalog.ts'
import type { Plan } from '../../schema/plan.ts'
import { loadDeclaration } from '../../stores/declared.ts'
import { tableDirectory } from '../../stores/home.ts'
import { openCatalog, systemContext } from '../../stores/table/catalog.ts'
import { type ReceiptDocument, receiptDocument } from '../../stores/table/receipt.ts'
import { applyTable } from '../../stores/table/store.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { renderPlan } from '../render/plan.ts'
import { renderReceipt } from '../render/receipt.ts'
import { write } from '../writer.ts'

/** Applies the plan: through the running daemon, or under the lock where none runs. A refusal shows every reason. */
export async function runApply(context: CommandContext, options: OptionValues): Promise<number> {
  const { io } = context
  const expect = typeof options['expect'] === 'string' ? options['expect'] : undefined
  try {
    const receipt = await write(context, {
      throughDaemon: daemon => daemon.post<ReceiptDocument>('/v1/apply', { expect, release: context.namedRelease }),
      underLock: () => underLock(context, expect),
    })
    if (options['json'] === true) await printDocument(io, receipt)
    else await io.stdout(`${renderReceipt(receipt)}\n`)
    return 0
  } catch (error) {
    const plan = error instanceof HypError ? (error.details['plan'] as Plan | undefined) : undefined
    if (plan !== undefined && options['json'] !== true) io.stderr(`${renderPlan(plan, context.pasteable)}\n\n`)
    throw error
  }
}

async function underLock(context: CommandContext, expect: string | undefined): Promise<ReceiptDocument> {
  const { home } = context
  const declaration = await loadDeclaration(home, context.release)
  const location = tableLocation(tableDirectory(home, declaration.table))
  const catalog = openCatalog(home, declaration.table)
  return receiptDocument(await applyTable({ catalog, declaration, location, context: systemContext, expect }))
}
