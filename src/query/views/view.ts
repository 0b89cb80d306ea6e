import type { Price } from '../prices/price.ts'

/** The views of every query, in the order of the documentation. */
export const viewNames = ['sessions', 'messages', 'usage', 'tool_calls', 'files_touched'] as const

export type ViewName = (typeof viewNames)[number]

/** What the query behind a view is made of. */
export interface ViewSource {
  /** The columns that the built-in table has: an earlier release has fewer. */
  readonly columns: ReadonlySet<string>
  /** What tokens cost: the first that fits counts. */
  readonly prices: readonly Price[]
  /**
   * Whether rows from before the token columns are counted by the report in their JSON text. Without them the query is
   * shorter, and right for tables that were begun with release 9.
   */
  readonly olderRows: boolean
  /** What stands behind FROM for another view. */
  readonly from: (view: ViewName) => string
}

/** A view as data: its meaning, its columns with theirs, and the query behind it. */
export interface View {
  readonly name: ViewName
  /** One sentence. */
  readonly doc: string
  /** Columns of the built-in table without which there is no such view. */
  readonly needs: readonly string[]
  /** Views that it is made of. */
  readonly over: readonly ViewName[]
  /** What its columns mean, in their order. */
  readonly columns: Readonly<Record<string, string>>
  readonly sql: (source: ViewSource) => string
}
