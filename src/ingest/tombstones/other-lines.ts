import { currentSchema } from '../../iceberg/ids.ts'
import type { Cell, TableMetadata } from '../../iceberg/types.ts'
import { lineParts } from '../keys/line-parts.ts'
import { keyPart } from '../keys/row-key.ts'
import { buriedKeys, type Grave, type RowMatcher } from './row-matcher.ts'

/*
 * A part of a message is told by its place in the line that said it. A later line with the same id may have it in another
 * place, which no row key tells. Such a line adds nothing to a message that lost a part: so the row keys of a tombstone
 * stand beside what tells their messages, and how many parts the line of each has.
 */

/** Columns that tell the message of a row and its line; undefined in a table that has none of both. */
export function lineColumns(
  metadata: TableMetadata,
  key: readonly string[],
): readonly [string, string, string] | undefined {
  const [scope = '', part] = key
  if (key.length !== 2 || part !== 'part_id') return undefined
  const texts = new Set(currentSchema(metadata).fields.flatMap(({ name, type }) => (type === 'string' ? [name] : [])))
  const columns = [scope, 'message_id', 'attributes'] as const
  return columns.every(name => texts.has(name)) ? columns : undefined
}

/** What is hashed of a row that goes, besides its row key: its message, and that with its line. None where it has no line. */
export function lineTexts(scope: Cell, message: Cell, attributes: Cell): string[] {
  const parts = lineParts(attributes)
  if (parts === undefined) return []
  const text = messageText(scope, message)
  return [text, withParts(text, parts)]
}

/** What tells rows of other lines of messages that lost a part. They may be stored: it is for rows that come. */
export function otherLineMatchers(graves: readonly Grave[], metadata: TableMetadata): RowMatcher[] {
  return buriedKeys(graves, metadata).flatMap(({ columns: key, instead, has }): RowMatcher[] => {
    const columns = lineColumns(metadata, key)
    if (columns === undefined) return []
    const isOther = (scope: Cell, message: Cell, attributes: Cell): boolean => {
      const text = messageText(scope, message)
      if (!has(text)) return false
      const parts = lineParts(attributes)
      return parts !== undefined && !has(withParts(text, parts))
    }
    return [
      {
        columns: [...columns, ...instead],
        bind: takes => {
          const [scope, message, attributes, other] = takes
          return row => isOther(scope?.(row) ?? other?.(row), message?.(row), attributes?.(row))
        },
      },
    ]
  })
}

/** It begins with a letter, and the text of a row key with a number. */
function messageText(scope: Cell, message: Cell): string {
  return `message ${keyPart(scope)}${keyPart(message)}`
}

function withParts(message: string, parts: number): string {
  return `${message} ${parts}`
}
