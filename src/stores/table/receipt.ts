import type { Plan } from '../../schema/plan.ts'
import type { Receipt } from './store.ts'

/** A receipt as a JSON document. */
export interface ReceiptDocument {
  readonly formatVersion: 1
  readonly action: Receipt['action']
  readonly plan: Plan
  readonly tableUuid: string
  readonly before: Receipt['before']
  readonly after: Receipt['after']
  readonly metadataVersion: number
  readonly elapsed_ms: number
}

export function receiptDocument(receipt: Receipt): ReceiptDocument {
  return {
    formatVersion: 1,
    action: receipt.action,
    plan: receipt.plan,
    tableUuid: receipt.table.metadata['table-uuid'],
    before: receipt.before,
    after: receipt.after,
    metadataVersion: receipt.table.version,
    elapsed_ms: receipt.ms,
  }
}
