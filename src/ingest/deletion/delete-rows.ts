import type { AppendContext } from '../../iceberg/append.ts'
import type { Catalog, Table } from '../../iceberg/catalog/catalog.ts'
import { makeDurable } from '../../iceberg/catalog/catalog.ts'
import { removeDataFiles } from '../../iceberg/data-files.ts'
import { identityOf } from '../../iceberg/deletes/identity.ts'
import { IcebergError, isCode } from '../../iceberg/errors.ts'
import type { DataFile } from '../../iceberg/manifest/data-file.ts'
import { currentSnapshot, specById } from '../../iceberg/metadata.ts'
import { commitReplacement, type FileReplacement } from '../../iceberg/replace-files.ts'
import { rewriteFiles } from '../../iceberg/rewrite/rewrite-files.ts'
import { type LiveFiles, liveFiles } from '../../iceberg/snapshot.ts'
import { findRows, type HitFile } from './find-rows.ts'
import type { RowSelection } from './selection.ts'

export interface DeleteOptions {
  readonly catalog: Catalog
  /** Which rows; asked again where files changed meanwhile. */
  readonly select: (table: Table) => Promise<RowSelection>
  /** Done once the rows are found, before a commit takes them away: what keeps them from coming back. */
  readonly before?: ((table: Table, live: LiveFiles, selection: RowSelection) => Promise<void>) | undefined
  readonly context: AppendContext
  /** Say what would be done, and do nothing. */
  readonly dryRun?: boolean
  readonly signal?: AbortSignal | undefined
}

/** What became of a table. */
export interface Deleted {
  /** After the commit, or as it was when there was nothing to delete. */
  readonly table: Table
  readonly rows: number
  /** Data files that are no more, those of them that other rows of went into new ones, and how many new ones there are. */
  readonly files: { readonly removed: number; readonly rewritten: number; readonly added: number }
  /** Locations of the data files that are no more. */
  readonly gone: readonly string[]
}

/** Bytes of a file that rows are written into again, at most; and what may be in memory meanwhile. */
const sizes = { targetFileBytes: 128 * 1024 * 1024, memoryBytes: 128 * 1024 * 1024 }

/** Others may change the files each time before they are replaced. */
const mostTries = 20

/**
 * Deletes rows in one commit: a file with nothing else in it goes, and the other rows of others are written into new
 * files. Rows that deletes of other programs delete are not counted. Compaction and deletions of others that come first
 * make it look again.
 * @throws IcebergError COMMIT_CONFLICT, REPLACED_FILES_CHANGED when others were first each time; COMMIT_STATE_UNKNOWN,
 *   after which nothing is removed; the reason of the signal. After all but the second nothing is left behind
 */
export async function deleteRows(options: DeleteOptions): Promise<Deleted> {
  for (let tries = 1; ; tries++) {
    options.signal?.throwIfAborted()
    try {
      return await tryToDelete(options)
    } catch (error) {
      if (!isCode(error, 'REPLACED_FILES_CHANGED') || tries >= mostTries) throw error
    }
  }
}

async function tryToDelete({ catalog, select, before, context, dryRun, signal }: DeleteOptions): Promise<Deleted> {
  const table = await catalog.load()
  const live = await liveFiles(table)
  const selection = await select(table)
  const hits = await findRows(table, live, selection)
  const rows = hits.reduce((sum, hit) => sum + hit.rows, 0)
  const partial = hits.filter(hit => hit.rows < hit.entry.file.recordCount)
  const counts = { removed: hits.length - partial.length, rewritten: partial.length }
  const gone = hits.map(({ entry }) => entry.file.location)
  if (rows === 0) {
    if (dryRun !== true) await makeDurable(table)
    return { table, rows, files: { ...counts, added: 0 }, gone }
  }
  if (dryRun === true) return { table, rows, files: { ...counts, added: groupsOf(partial, table).length }, gone }
  await before?.(table, live, selection)
  const added: { readonly file: DataFile; readonly specId: number }[] = []
  try {
    for (const group of groupsOf(partial, table)) {
      signal?.throwIfAborted()
      const entries = group.map(({ entry }) => entry)
      const written = await rewriteFiles(table, entries, live.deletes, {
        ...sizes,
        uniqueName: context.uniqueName,
        drop: selection,
        ...(signal === undefined ? {} : { signal }),
      })
      added.push(...written.files.map(file => ({ file, specId: entries[0]?.specId as number })))
      const expected = group.reduce((sum, hit) => sum + hit.rows, 0)
      if (written.dropped !== expected) throw miscounted(expected, written.dropped)
    }
    const now = await commitReplacement(catalog, table, replacement(table, hits, added), context)
    return { table: now, rows, files: { ...counts, added: added.length }, gone }
  } catch (error) {
    if (!isCode(error, 'COMMIT_STATE_UNKNOWN'))
      await removeDataFiles(
        table,
        added.map(({ file }) => file),
      )
    throw error
  }
}

function replacement({ metadata }: Table, hits: readonly HitFile[], added: FileReplacement['added']): FileReplacement {
  return {
    operation: added.length === 0 ? 'delete' : 'overwrite',
    removed: hits.map(({ entry }) => entry),
    added,
    sequenceNumber: currentSnapshot(metadata)?.['sequence-number'] ?? 0,
  }
}

/** Files of one spec and partition are written again together. */
function groupsOf(hits: readonly HitFile[], { metadata }: Table): HitFile[][] {
  const groups = new Map<string, HitFile[]>()
  for (const hit of hits) {
    const { specId, file } = hit.entry
    const { fields } = specById(metadata, specId)
    const key = `${specId} ${identityOf(fields.map(field => file.partition.get(field['field-id'])))}`
    groups.set(key, [...(groups.get(key) ?? []), hit])
  }
  return [...groups.values()]
}

function miscounted(expected: number, dropped: number): IcebergError {
  return new IcebergError(
    'DATA_INVALID',
    `${expected} rows were to be deleted, and on a second reading there were ${dropped}`,
  )
}
