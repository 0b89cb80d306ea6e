import type { Cell } from '../../iceberg/types.ts'

/** A column of a later release whose values are not those of the column that had its name before. */
export interface DerivedColumn {
  readonly column: string
  /** The column of the earlier release that has its type, and whose values it has. */
  readonly from: string
  /** Its value in a row; undefined: always that of `from`. */
  readonly of?: (cell: (column: string) => Cell) => Cell
}

/** What a breaking release did to the meaning of columns. */
export interface Upgrade {
  /** The release: rows captured before it need this in a table that is of it or of a later one. */
  readonly release: number
  readonly derived: readonly DerivedColumn[]
}

/**
 * How rows captured under an earlier release stand in a later one, where names
 * alone do not say it. One for each breaking release, oldest first.
 */
export const upgrades: readonly Upgrade[] = [
  {
    // Claude's session and Codex's thread were one column; the session got one of its own.
    release: 6,
    derived: [
      { column: 'session_id', from: 'conversation_id' },
      {
        column: 'conversation_id',
        from: 'conversation_id',
        of: cell => (isOfClaude(cell) ? null : cell('conversation_id')),
      },
    ],
  },
]

/** Who names no client is told by the provider. */
function isOfClaude(cell: (column: string) => Cell): boolean {
  const client = cell('client_name') ?? null
  return client === null ? cell('provider') === 'anthropic' : client === 'claude'
}
