import type { Table } from '../../iceberg/catalog/catalog.ts'
import type { ManifestEntry } from '../../iceberg/manifest/data-file.ts'
import { currentSnapshot, isFollowedBy } from '../../iceberg/metadata.ts'
import { scanColumns } from '../../iceberg/scan.ts'
import { liveFiles, readManifestList } from '../../iceberg/snapshot.ts'
import type { Long, Row } from '../../iceberg/types.ts'
import { keyFields, keyParts, tableKey } from './key-fields.ts'
import type { RowKey } from './row-key.ts'

/**
 * Which values the first key column has in a table, as of one snapshot: rows of
 * a session that is new need not be looked for in every file there is. It holds
 * one text for each session, and says nothing about a table that moved on
 * without its being told, or has very many of them.
 */
export interface FirstKeys {
  /** Learns what was added since, by whomever. @throws as `scanColumns` */
  follow(table: Table): Promise<void>
  /** The candidates that can be in the table. */
  suspects(table: Table, candidates: ReadonlyMap<string, Row>): ReadonlyMap<string, Row>
  /** Takes note of rows that a commit added; a commit of somebody else in between ends the knowledge. */
  added(table: Table, rows: Iterable<Row>): void
}

/** Some 25 MB of texts. */
const mostValues = 250_000

/** Reads the first key column of the whole table. */
export async function readFirstKeys(table: Table, key: RowKey): Promise<FirstKeys> {
  const values = new Set<string>()
  let last = table
  let isKnown = await readValues(table, key, values)

  return {
    follow: async now => {
      if (!isKnown || snapshotId(now) === snapshotId(last)) return
      const added = await addedSince(last, now)
      isKnown = added !== undefined && (await readValues(now, key, values, added))
      last = now
    },
    suspects: (now, candidates) =>
      isKnown && snapshotId(now) === snapshotId(last)
        ? new Map([...candidates].filter(([, row]) => values.has(key.firstOf(row))))
        : candidates,
    added: (now, rows) => {
      if (!isKnown || currentSnapshot(now.metadata)?.['parent-snapshot-id'] !== snapshotId(last)) return
      for (const row of rows) values.add(key.firstOf(row))
      last = now
      isKnown = values.size <= mostValues
      if (!isKnown) values.clear()
    },
  }
}

/**
 * The files that came since; all, where the table went back: then rows can be live again that deletes had hidden. What was
 * known may have gone meanwhile: more is never wrong.
 */
async function addedSince(before: Table, now: Table): Promise<readonly ManifestEntry[] | undefined> {
  try {
    const listed = isFollowedBy(before.metadata, now.metadata) ? await readManifestList(before) : []
    const known = new Set(listed.map(manifest => manifest.location))
    return (await liveFiles(now, manifest => !known.has(manifest.location))).data
  } catch {
    // Somebody removed what the table was; the search then looks everywhere.
    return undefined
  }
}

/** @returns whether there were not too many */
async function readValues(
  table: Table,
  key: RowKey,
  values: Set<string>,
  files?: readonly ManifestEntry[],
): Promise<boolean> {
  const [first] = keyFields(tableKey(key, table), table)
  if (first === undefined) return true
  for await (const { columns, rowCount } of scanColumns(table, {
    columns: [first.top.name],
    ...(files === undefined ? {} : { files }),
  })) {
    const partAt = keyParts(columns.get(first.top.id) ?? [], first.take)
    for (let index = 0; index < rowCount; index++) values.add(partAt(index))
    if (values.size <= mostValues) continue
    values.clear()
    return false
  }
  return true
}

function snapshotId(table: Table): Long | undefined {
  return currentSnapshot(table.metadata)?.['snapshot-id']
}
