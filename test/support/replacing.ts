import { randomUUID } from 'node:crypto'
import type { Catalog, Table } from '../../src/iceberg/catalog/catalog.ts'
import type { Companion } from '../../src/iceberg/companion.ts'
import { writeDataFiles } from '../../src/iceberg/data-files.ts'
import { entryStatus, type ManifestEntry } from '../../src/iceberg/manifest/data-file.ts'
import { commitReplacement, type FileReplacement } from '../../src/iceberg/replace-files.ts'
import { readEachManifest, readManifestList } from '../../src/iceberg/snapshot.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { context, type TestTable } from './table.ts'

/*
 * Files that take the place of others, for tests.
 */

/** A replacement of entries by new files that hold rows, read from the table as it is. */
export async function replacement(
  { table }: TestTable,
  removed: readonly ManifestEntry[],
  rows: readonly Row[],
  change: Partial<FileReplacement> = {},
): Promise<FileReplacement> {
  const files = await writeDataFiles(table, rows, { uniqueName: randomUUID, rowGroupRows: 1000 })
  return {
    operation: 'replace',
    removed,
    added: files.map(file => ({ file, specId: table.metadata['default-spec-id'] })),
    sequenceNumber: table.metadata['last-sequence-number'],
    ...change,
  }
}

/** Replaces entries by files that hold rows, in one commit. */
export async function replace(
  target: TestTable,
  removed: readonly ManifestEntry[],
  rows: readonly Row[],
  change: Partial<FileReplacement> = {},
  also?: Companion,
): Promise<TestTable> {
  const { catalog, table } = target
  const given = await replacement(target, removed, rows, change)
  return { ...target, table: await commitReplacement(catalog, table, given, context, also) }
}

/** A catalog that lets another writer commit first, once. */
export function overtakenOnce({ catalog }: TestTable, other: (now: TestTable['table']) => Promise<unknown>): Catalog {
  let isFirst = true
  return {
    ...catalog,
    commit: async (base, change) => {
      if (isFirst) {
        isFirst = false
        await other(await catalog.load())
      }
      return catalog.commit(base, change)
    },
  }
}

/** The entries of each manifest of the current snapshot, as `status location`. */
export async function outline(table: Table): Promise<string[][]> {
  const names = Object.fromEntries(Object.entries(entryStatus).map(([name, status]) => [status, name]))
  const manifests = await readEachManifest(table, await readManifestList(table))
  return manifests.map(entries =>
    entries.map(({ status, file }) => `${names[status]} ${file.location.split('/').at(-1)}`),
  )
}
