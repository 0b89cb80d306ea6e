import type { Update } from '../commit.ts'
import { IcebergError } from '../errors.ts'
import type { Long, TableMetadata } from '../types.ts'

/** Metadata while a commit is applied to it, with what "−1" stands for so far. */
export interface Draft {
  metadata: TableMetadata
  /** Milliseconds since 1970; never before the table's last update. */
  readonly nowMs: number
  addedSchemaId: number | undefined
  addedSpecId: number | undefined
  addedSortOrderId: number | undefined
  /** Snapshots added in this commit: their log entries carry their own time. */
  readonly addedSnapshots: Set<bigint>
}

/** Applies one kind of update to the draft. */
export type Handler<Action extends Update['action']> = (
  draft: Draft,
  update: Extract<Update, { action: Action }>,
) => void

export function patch(draft: Draft, change: Partial<TableMetadata>): void {
  draft.metadata = { ...draft.metadata, ...change }
}

export function illegal(message: string, details: Record<string, unknown> = {}): never {
  throw new IcebergError('UPDATE_ILLEGAL', message, details)
}

export function sameLong(a: Long | null | undefined, b: Long | null | undefined): boolean {
  return a !== undefined && a !== null && b !== undefined && b !== null && BigInt(a) === BigInt(b)
}

/** Resolves −1 to the id added in this commit. */
export function resolveId(id: number, added: number | undefined, what: string): number {
  if (id !== -1) return id
  return added ?? illegal(`cannot set last added ${what}: no ${what} has been added in this commit`)
}
