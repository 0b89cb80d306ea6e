import { createHash } from 'node:crypto'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import type { Row } from '../../iceberg/types.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { type FirstKeys, readFirstKeys } from '../keys/first-keys.ts'
import { tableKey } from '../keys/key-fields.ts'
import { rowKey } from '../keys/row-key.ts'
import { storedKeys } from '../keys/stored-keys.ts'
import { deletedRowTest, type ReadTombstones } from '../tombstones/tombstones.ts'
import { noneTaken, type RowSink } from './row-sink.ts'

/**
 * Counts what the table would take of rows, and writes nothing.
 * @param table undefined where there is none yet. Memory holds a digest of each row key.
 * @param tombstones what was deleted from it
 */
export function countingSink(
  declaration: Declaration,
  table: Table | undefined,
  tombstones?: ReadTombstones,
): RowSink {
  const key = rowKey(declaration.identifier)
  const seen = new Set<string>()
  let known: FirstKeys | undefined
  return {
    take: async ({ rows: given }) => {
      const buried = table === undefined ? undefined : await tombstones?.(table)
      const wasDeleted = table && buried && deletedRowTest(buried, table)
      const rows = wasDeleted === undefined ? given : given.filter(row => !wasDeleted(row))
      const fresh = new Map<string, Row>()
      for (const row of rows) {
        const text = key.of(row)
        const digest = createHash('sha256').update(text).digest('binary').slice(0, 16)
        if (seen.has(digest)) continue
        seen.add(digest)
        fresh.set(text, row)
      }
      if (table !== undefined && fresh.size > 0) {
        known ??= await readFirstKeys(table, key)
        for (const text of await storedKeys(table, known.suspects(table, fresh), tableKey(key, table)))
          fresh.delete(text)
      }
      return {
        ...noneTaken,
        rows: fresh.size,
        duplicates: rows.length - fresh.size,
        deleted: given.length - rows.length,
        faults: [],
      }
    },
  }
}

/** Of a table that refuses rows: all of them would wait for it. */
export const waitingSink: RowSink = {
  take: async ({ rows }) => ({ ...noneTaken, spooled: rows.length, faults: [] }),
}
