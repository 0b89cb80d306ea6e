import type { Row } from '../../../src/iceberg/types.ts'
import { builtinColumns } from '../../../src/schema/builtin.ts'

/** What the layer above adds to every row. */
const added = new Set(['gateway_id', 'schema_version'])

/** Columns that hold JSON text. */
const jsonColumns = [
  'tools',
  'previous_message_id',
  'tool_args',
  'compact_metadata',
  'status',
  'attributes',
  'raw_frame',
]

const typeOfCell: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'boolean',
  int: 'number',
  long: 'bigint',
  timestamptz: 'bigint',
}

/** Every mistake of a row against the declared columns. */
export function mistakes(row: Row): string[] {
  const declared = new Map(builtinColumns.map(column => [column.name, column]))
  const unknown = Object.keys(row).filter(name => !declared.has(name))
  const wrong = builtinColumns.filter(({ name, type, required }) => {
    const cell = row[name]
    if (cell === null || cell === undefined) return required === true && !added.has(name)
    return typeof cell !== typeOfCell[type as string]
  })
  const broken = jsonColumns.filter(name => typeof row[name] === 'string' && !isJson(row[name]))
  return [...unknown, ...wrong.map(column => column.name), ...broken]
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
