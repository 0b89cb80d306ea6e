import type { Table } from '../iceberg/catalog/catalog.ts'
import type { Cell, Row } from '../iceberg/types.ts'
import type { Declaration, DeclaredType } from '../schema/declaration.ts'
import { cellFromJson } from '../schema/json-cell.ts'
import { lookup, type Pointer, parsePointer } from '../schema/pointer.ts'
import type { CapturedRow } from '../sources/source.ts'

/** Turns captured rows into rows of the table as it is declared. */
export interface RowShaper {
  shape(captured: CapturedRow): Row
  /** Values that were left out because they are of another type than their user column, counted by column. */
  readonly illTyped: Readonly<Record<string, number>>
}

interface UserColumn {
  readonly name: string
  readonly type: DeclaredType
  readonly pointer: Pointer
}

/** The id of this machine's table; null where there is none yet. */
export function gatewayIdOf(table: Pick<Table, 'metadata'> | null): string | null {
  return table === null ? null : (table.metadata.properties['hyp.gateway-id'] ?? table.metadata['table-uuid'])
}

/** In releases 4 and 5 `conversation_id` was the row's key and held Claude's session. */
const sessionSplit = 6

/**
 * @param gatewayId the id of this machine's table, written into every row; null where the table will say it
 */
export function rowShaper(declaration: Declaration, gatewayId: string | null): RowShaper {
  const illTyped: Record<string, number> = {}
  const builtin = declaration.columns.filter(column => column.from === undefined).map(column => column.name)
  const user: UserColumn[] = declaration.columns.flatMap(column => {
    const pointer = column.from === undefined ? undefined : parsePointer(column.from)
    return pointer === undefined ? [] : [{ name: column.name, type: column.type, pointer }]
  })
  const sessionIsKey = declaration.release < sessionSplit
  return { shape, illTyped }

  function shape({ row, record }: CapturedRow): Row {
    const shaped: Record<string, Cell> = {}
    for (const name of builtin) shaped[name] = row[name] ?? null
    shaped['gateway_id'] = gatewayId
    shaped['schema_version'] = declaration.release
    if (sessionIsKey) shaped['conversation_id'] = row['conversation_id'] ?? row['session_id'] ?? null
    for (const column of user) shaped[column.name] = userCell(column, record)
    return shaped
  }

  function userCell({ name, type, pointer }: UserColumn, record: unknown): Cell {
    const value = lookup(record, pointer)
    if (value === undefined || value === null) return null
    const result = cellFromJson(value, type)
    if ('cell' in result) return result.cell
    illTyped[name] = (illTyped[name] ?? 0) + 1
    return null
  }
}
