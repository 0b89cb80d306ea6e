import type { ReceiptDocument } from '../../stores/table/receipt.ts'
import { duration, plural, releases } from './text.ts'
import { visibleIn } from './visible.ts'

/** What an apply did to one table, in a few lines. */
export function renderReceipt(receipt: ReceiptDocument): string {
  const { action, kind, before, after, plan } = visibleIn(receipt)
  if (action === 'none')
    return `Nothing to do: ${plan.table} is at release ${after.release ?? 'none'}, schema ${after.schemaId}, ${plural(after.rows, 'row')}.`
  if (action === 'create')
    return `${plan.table} created in ${duration(receipt.elapsed_ms)}: release ${after.release}, ${plural(plan.declared.columns, 'column')}.`
  return [
    `${plan.table} ${kind === 'repair' ? 'repaired' : 'evolved'} in ${duration(receipt.elapsed_ms)}: ${releases(before?.release ?? null, after.release)}, schema ${before?.schemaId} → ${after.schemaId}.`,
    ...plan.changes
      .filter(change => change.kind === 'in-place')
      .map(change => `  ${change.sign} ${change.path}  ${change.change}`),
    `${plural(before?.rows ?? 0, 'row')} before, ${plural(after.rows, 'row')} after; no data file was touched.`,
  ].join('\n')
}
