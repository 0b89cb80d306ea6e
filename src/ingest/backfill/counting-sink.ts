import { createHash } from 'node:crypto'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import type { Row } from '../../iceberg/types.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { type FirstKeys, readFirstKeys } from '../keys/first-keys.ts'
import { tableKey } from '../keys/key-fields.ts'
import { rowKey } from '../keys/row-key.ts'
import { storedKeys } from '../keys/stored-keys.ts'
import { deletedRowTest, type ReadTombstones } from '../tombstones/tombstones.ts'
import { firstLines } from './first-lines.ts'
import { noneTaken, type RowSink } from './row-sink.ts'

/**
 * Counts what the table would take of rows, and writes nothing.
 * @param table undefined where there is none yet. Memory holds a digest of each row key.
 * @param tombstones what was deleted from it
 */
export function countingSink(declaration: Declaration, table: Table | undefined, tombstones?: ReadTombstones): RowSink {
  const key = rowKey(declaration.identifier)
  const lines = firstLines(declaration, key)
  const seen = new Set<string>()
  let known: FirstKeys | undefined
  return {
    take: async ({ rows: given }) => {
      const buried = table === undefined ? undefined : await tombstones?.(table)
      const wasDeleted = table && buried && deletedRowTest(buried, table)
      const first = lines?.among(given) ?? given
      const rows = wasDeleted === undefined ? first : first.filter(row => !wasDeleted(row))
      const fresh = new Map<string, Row>()
      const here = new Set<string>()
      for (const row of rows) {
        const text = key.of(row)
        const digest = digestOf(text)
        if (seen.has(digest) || here.has(digest)) continue
        here.add(digest)
        // Another line said this message in an earlier batch, without this part.
        const beginning = lines?.beginningOf(row)
        if (beginning === undefined || !seen.has(digestOf(beginning))) fresh.set(text, row)
      }
      for (const digest of here) seen.add(digest)
      if (table !== undefined && fresh.size > 0) {
        known ??= await readFirstKeys(table, key)
        const stored = await storedKeys(table, known.suspects(table, fresh), tableKey(key, table))
        const left = (await lines?.leftOut(table, fresh, stored)) ?? []
        for (const text of [...stored, ...left]) fresh.delete(text)
      }
      const deleted = first.length - rows.length
      return {
        ...noneTaken,
        rows: fresh.size,
        duplicates: given.length - deleted - fresh.size,
        deleted,
        faults: [],
      }
    },
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('binary').slice(0, 16)
}

/** Of a table that refuses rows: all of them would wait for it. */
export const waitingSink: RowSink = {
  take: async ({ rows }) => ({ ...noneTaken, spooled: rows.length, faults: [] }),
}
