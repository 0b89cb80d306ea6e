import { type BatchFormat, type CheckedBatch, type CheckOptions, checkBatch } from '../../../src/ingest/batch/batch.ts'
import { rowChecker } from '../../../src/ingest/batch/contract.ts'
import type { ColumnDeclaration, Declaration } from '../../../src/schema/declaration.ts'

/** Bodies and what becomes of them under a declaration. */

export function table(columns: readonly ColumnDeclaration[], more: Partial<Declaration> = {}): Declaration {
  return { table: 'orders', release: 1, columns, identifier: [], partitionBy: [], sortBy: [], ...more }
}

export function check(
  body: string | Uint8Array,
  declaration: Declaration,
  format: BatchFormat = 'ndjson',
  options?: CheckOptions,
): Promise<CheckedBatch> {
  return checkBatch(typeof body === 'string' ? Buffer.from(body) : body, format, rowChecker(declaration), options)
}

/** The rows that are kept, as the text they are kept as. */
export function keptText({ bytes }: CheckedBatch): string {
  return Buffer.from(bytes).toString()
}

/** `index column: reason` of each error. */
export function told({ errors }: CheckedBatch): string[] {
  return errors.map(({ index, column, reason }) => `${index} ${column}: ${reason}`)
}

/** The error that a promise is rejected with. */
export async function refusal(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}
