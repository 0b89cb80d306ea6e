import type { Plan } from '../../schema/plan.ts'
import type { Receipt } from './store.ts'

/** A receipt as JSON. */
export interface ReceiptDocument {
  readonly action: Receipt['action']
  readonly kind: Receipt['kind']
  readonly plan: Plan
  readonly tableUuid: string
  readonly before: Receipt['before']
  readonly after: Receipt['after']
  readonly metadataVersion: number
  readonly elapsed_ms: number
}

export function receiptDocument(receipt: Receipt): ReceiptDocument {
  return {
    action: receipt.action,
    kind: receipt.kind,
    plan: receipt.plan,
    tableUuid: receipt.table.metadata['table-uuid'],
    before: receipt.before,
    after: receipt.after,
    metadataVersion: receipt.table.version,
    elapsed_ms: receipt.ms,
  }
}
