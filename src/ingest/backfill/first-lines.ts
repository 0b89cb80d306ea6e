import type { Table } from '../../iceberg/catalog/catalog.ts'
import { scanRows } from '../../iceberg/scan.ts'
import type { Cell, Row } from '../../iceberg/types.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { lineParts } from '../keys/line-parts.ts'
import type { RowKey } from '../keys/row-key.ts'

/*
 * Two lines with one id are one message, and the first counts. The row key keeps out what the second has in the place of
 * the first, but not the parts that it has beyond: those would stand in the table as if the first had said them.
 */

/** Says which rows are of a second line of their message. */
export interface FirstLines {
  /** Without the parts that the first line of their message among these rows does not have. */
  readonly among: (rows: readonly Row[]) => readonly Row[]
  /** The key that the first part of a row's message has; undefined where the row is that part. */
  readonly beginningOf: (row: Row) => string | undefined
  /**
   * The keys of new rows whose message is in the table as another line said it. A message of which some parts are stored
   * and others are not, as the same line has them, is made whole.
   * @param candidates rows by key
   * @param stored those of the keys that the table has
   * @throws as `scanRows`
   */
  readonly leftOut: (
    table: Table,
    candidates: ReadonlyMap<string, Row>,
    stored: ReadonlySet<string>,
  ) => Promise<ReadonlySet<string>>
}

const needed = ['message_id', 'part_id', 'part_index', 'attributes']

/** @returns undefined for rows of which it cannot be told */
export function firstLines({ columns }: Declaration, key: RowKey): FirstLines | undefined {
  const [scope = ''] = key.columns
  const names = new Set(columns.map(({ name }) => name))
  if (key.columns.length !== 2 || key.columns[1] !== 'part_id') return undefined
  if (![scope, ...needed].every(name => names.has(name))) return undefined
  const messageOf = (row: Row): string => `${key.firstOf(row)}${row['message_id'] as string}`
  return { among, beginningOf, leftOut }

  function among(rows: readonly Row[]): readonly Row[] {
    const parts = new Map<string, number>()
    let isFirst = true
    return rows.filter(row => {
      const index = row['part_index'] as number
      const message = messageOf(row)
      if (index === 0) isFirst = !parts.has(message)
      if (isFirst) parts.set(message, index + 1)
      return index < (parts.get(message) ?? 0)
    })
  }

  function beginningOf(row: Row): string | undefined {
    if (row['part_index'] === 0) return undefined
    return key.of({ [scope]: row[scope], part_id: `${row['message_id'] as string}#0` })
  }

  async function leftOut(
    table: Table,
    candidates: ReadonlyMap<string, Row>,
    stored: ReadonlySet<string>,
  ): Promise<ReadonlySet<string>> {
    const messages = new Set<string>()
    for (const text of stored) messages.add(messageOf(candidates.get(text) as Row))
    const split = new Set<string>()
    if (messages.size > 0)
      for (const [text, row] of candidates)
        if (!stored.has(text) && messages.has(messageOf(row))) split.add(messageOf(row))
    if (split.size === 0) return split
    const told = await partsStored(table, candidates, stored, split)
    const left = new Set<string>()
    for (const [text, row] of candidates) {
      if (stored.has(text)) continue
      const parts = told.get(messageOf(row))
      if (parts !== undefined && parts !== lineParts(row['attributes'])) left.add(text)
    }
    return left
  }

  /** How many parts the stored lines of these messages had, where that is told. */
  async function partsStored(
    table: Table,
    candidates: ReadonlyMap<string, Row>,
    stored: ReadonlySet<string>,
    messages: ReadonlySet<string>,
  ): Promise<Map<string, number>> {
    const wanted = new Map<string, string>()
    const scopes = new Set<NonNullable<Cell>>()
    const ids: string[] = []
    for (const text of stored) {
      const row = candidates.get(text) as Row
      const message = messageOf(row)
      if (!messages.has(message)) continue
      wanted.set(text, message)
      scopes.add(row[scope] as NonNullable<Cell>)
      ids.push(row['part_id'] as string)
    }
    const told = new Map<string, number>()
    const columnsRead = [scope, 'part_id', 'attributes']
    const where = { column: scope, values: scopes }
    const texts = { column: 'part_id', among: ids }
    for await (const rows of scanRows(table, { columns: columnsRead, where, texts }))
      for (const row of rows) {
        const message = row['part_id'] === null ? undefined : wanted.get(key.of(row))
        const parts = message === undefined ? undefined : lineParts(row['attributes'])
        if (message !== undefined && parts !== undefined) told.set(message, parts)
      }
    return told
  }
}
