import type { AppendContext } from '../append.ts'
import type { Catalog, Table } from '../catalog/catalog.ts'
import { removeDataFiles } from '../data-files.ts'
import { applicableDeletes } from '../deletes/applicable.ts'
import { identityOf } from '../deletes/identity.ts'
import { IcebergError, isCode } from '../errors.ts'
import { type DataFile, entryStatus, type ManifestEntry } from '../manifest/data-file.ts'
import { currentSnapshot } from '../metadata.ts'
import { commitReplacement } from '../replace-files.ts'
import { hasLive, type LiveFiles, liveDeletes, readManifestList, readManifests } from '../snapshot.ts'
import type { Cell } from '../types.ts'
import { startingAt } from './order.ts'
import { planRewrites, type RewriteGroup, targetFileBytes } from './plan.ts'
import { type RewriteOptions, rewriteFiles } from './rewrite-files.ts'

export interface CompactOptions {
  readonly context: AppendContext
  readonly options?: CompactLimits
  /** Told of each group that is written, before it is committed. */
  readonly onGroup?: (group: RewriteGroup, files: readonly DataFile[]) => void
  readonly signal?: AbortSignal | undefined
}

export interface CompactLimits {
  /** {@link targetFileBytes} of the table when left out. */
  readonly targetFileBytes?: number
  readonly memoryBytes?: number
  /** New files are committed when they have so many bytes, or the first of them is so many milliseconds old. */
  readonly commitBytes?: number
  readonly commitMs?: number
  /** Every delete file that can be read is applied and goes, also where nothing is left that it applies to. */
  readonly applyDeletes?: boolean
}

/** A partition whose files stayed as they were. */
export interface FailedRewrite {
  readonly specId: number
  /** By partition field id. */
  readonly partition: ReadonlyMap<number, Cell>
  readonly files: readonly string[]
  readonly error: unknown
}

export interface CompactionReport {
  /** After the last commit, or as it was when there was nothing to do. */
  readonly table: Table
  readonly commits: number
  /** Data files and their bytes. */
  readonly removed: FileCount
  readonly added: FileCount
  /** Rows in the new files. */
  readonly rows: number
  /** Delete files that apply to nothing any more, and went too. */
  readonly deleteFiles: number
  /** Groups that were written once more because their files had changed. */
  readonly redone: number
  readonly failed: readonly FailedRewrite[]
}

export interface FileCount {
  readonly files: number
  readonly bytes: number
}

/** A group that is written and not yet committed. */
interface WrittenGroup {
  readonly group: RewriteGroup
  readonly files: readonly DataFile[]
  readonly rows: number
}

const usual = { memoryBytes: 64 * 2 ** 20, commitBytes: 512 * 2 ** 20, commitMs: 60_000 } as const

/** How many times a group is written again whose files others change. */
const mostRedone = 3

/**
 * Rewrites what {@link planRewrites} finds worth it, partition by partition,
 * and commits some partitions at a time. Somebody else's commits are not held
 * up by more than one commit. Where files of a group were changed meanwhile, it
 * is planned and written again; where a group fails, its files stay, and the
 * others go on.
 * @throws IcebergError COMMIT_STATE_UNKNOWN, after which nothing is removed; what loading the table and reading its
 *   manifests throws; the reason of the signal
 */
export async function compactTable(
  catalog: Catalog,
  { context, options = {}, onGroup, signal }: CompactOptions,
): Promise<CompactionReport> {
  const limits = { ...usual, ...options }
  const { applyDeletes = false } = options
  let table = await catalog.load()
  let live = await filesOf(table)
  let written: WrittenGroup[] = []
  let writtenBytes = 0
  let firstMs = 0
  let again = new Set<string>()
  const failed: FailedRewrite[] = []
  const done = { commits: 0, rows: 0, deleteFiles: 0, redone: 0 }
  const removed = { files: 0, bytes: 0 }
  const added = { files: 0, bytes: 0 }

  try {
    await work(plan())
    for (let turn = 0; again.size > 0; turn++) {
      const wanted = again
      again = new Set()
      await reload()
      const groups = plan().filter(group => wanted.has(keyOf(group)))
      if (turn >= mostRedone) {
        for (const group of groups) fail(group, changedTooOften(group))
        break
      }
      done.redone += groups.length
      await work(groups)
    }
  } catch (error) {
    if (!isCode(error, 'COMMIT_STATE_UNKNOWN')) await discard(written)
    throw error
  }
  return { table, ...done, removed, added, failed }

  function plan(): RewriteGroup[] {
    return planRewrites(live, table.metadata, { targetFileBytes: target(), applyDeletes })
  }

  function target(): number {
    return options.targetFileBytes ?? targetFileBytes(table.metadata)
  }

  async function work(groups: readonly RewriteGroup[]): Promise<void> {
    for (const group of groups) {
      signal?.throwIfAborted()
      await write(group)
      const isOld = written.length > 0 && context.now() - firstMs >= limits.commitMs
      if (writtenBytes >= limits.commitBytes || isOld) await commit()
    }
    await commit()
  }

  async function write(group: RewriteGroup): Promise<void> {
    const present = new Set(live.data.map(fileOf))
    if (!group.entries.every(entry => present.has(fileOf(entry)))) return void again.add(keyOf(group))
    const settings: RewriteOptions = {
      uniqueName: context.uniqueName,
      targetFileBytes: target(),
      memoryBytes: limits.memoryBytes,
      ...(signal === undefined ? {} : { signal }),
    }
    try {
      const { files, rows } = await rewriteFiles(table, group.entries, live.deletes, settings)
      if (written.length === 0) firstMs = context.now()
      written.push({ group, files, rows })
      writtenBytes += bytesOf(files)
      onGroup?.(group, files)
    } catch (error) {
      signal?.throwIfAborted()
      if (isCode(error, 'FILE_MISSING') && (await isReplaced(group))) again.add(keyOf(group))
      else fail(group, error)
    }
  }

  /** Whether somebody else replaced files of a group meanwhile: once they expired, they are gone. */
  async function isReplaced({ entries }: RewriteGroup): Promise<boolean> {
    const now = new Set((await filesOf(await catalog.load())).data.map(fileOf))
    return entries.some(entry => !now.has(fileOf(entry)))
  }

  /** Commits what is written. Groups whose files have changed are taken out, to be written again. */
  async function commit(): Promise<void> {
    if (written.length === 0 && !applyDeletes) return
    let obsolete = obsoleteDeletes(live, written, table)
    while (written.length + obsolete.length > 0) {
      try {
        table = await commitReplacement(
          catalog,
          table,
          {
            operation: 'replace',
            removed: [...written.flatMap(({ group }) => group.entries), ...obsolete],
            added: written.flatMap(({ group, files }) => files.map(file => ({ file, specId: group.specId }))),
            sequenceNumber: currentSnapshot(table.metadata)?.['sequence-number'] ?? 0,
          },
          context,
        )
      } catch (error) {
        const isChanged = isCode(error, 'REPLACED_FILES_CHANGED')
        if (isCode(error, 'COMMIT_STATE_UNKNOWN') || (written.length === 0 && !isChanged)) throw error
        const [spoilt, left] = changedGroups(error as IcebergError, obsolete)
        for (const { group } of spoilt) {
          if (isChanged) again.add(keyOf(group))
          else fail(group, error)
        }
        await discard(spoilt)
        written = left
        obsolete = []
        continue
      }
      for (const { group, files, rows } of written) {
        removed.files += group.entries.length
        removed.bytes += group.bytes
        added.files += files.length
        added.bytes += bytesOf(files)
        done.rows += rows
      }
      done.deleteFiles += obsolete.length
      done.commits++
      written = []
      obsolete = []
    }
    writtenBytes = 0
    await reload()
  }

  async function reload(): Promise<void> {
    table = await catalog.load()
    live = await filesOf(table)
  }

  /** Which groups the error is about, and the others. Where it names none, it is about all. */
  function changedGroups(
    error: IcebergError,
    obsolete: readonly ManifestEntry[],
  ): readonly [WrittenGroup[], WrittenGroup[]] {
    const named = isCode(error, 'REPLACED_FILES_CHANGED') ? error.details['files'] : undefined
    const files = new Set(Array.isArray(named) ? (named as string[]) : [])
    const isNamed = (entry: ManifestEntry): boolean => files.has(entry.file.location)
    const spoilt = written.filter(({ group }) => group.entries.some(isNamed))
    if (spoilt.length === 0 && !obsolete.some(isNamed)) return [written, []]
    return [spoilt, written.filter(each => !spoilt.includes(each))]
  }

  async function discard(groups: readonly WrittenGroup[]): Promise<void> {
    for (const { files } of groups) await removeDataFiles(table, files)
  }

  function fail({ specId, partition, entries }: RewriteGroup, error: unknown): void {
    failed.push({ specId, partition, files: entries.map(({ file }) => file.location), error })
  }
}

/** The live files. What manifests tell of all columns of thousands of files takes more memory than the rows do. */
async function filesOf(table: Table): Promise<LiveFiles> {
  const manifests = (await readManifestList(table)).filter(manifest => manifest.content === 0 && hasLive(manifest))
  const data: ManifestEntry[] = []
  for (const manifest of manifests) {
    for (const entry of await readManifests(table, [manifest]))
      if (entry.status !== entryStatus.deleted) data.push({ ...entry, file: startingAt(entry.file, table.metadata) })
  }
  return { data, deletes: await liveDeletes(table) }
}

function changedTooOften({ entries }: RewriteGroup): IcebergError {
  const files = entries.map(({ file }) => file.location)
  return new IcebergError('REPLACED_FILES_CHANGED', 'the files were changed by others each time they were rewritten', {
    files,
  })
}

/** Delete files that apply to no file but those that go. */
function obsoleteDeletes(
  { data, deletes }: LiveFiles,
  written: readonly WrittenGroup[],
  { metadata }: Table,
): ManifestEntry[] {
  const candidates = deletes.filter(({ file }) => file.format !== 'PUFFIN')
  if (candidates.length === 0) return []
  const going = new Set(written.flatMap(({ group }) => group.entries.map(fileOf)))
  const left = new Set(candidates)
  for (const entry of data) {
    if (left.size === 0) break
    if (going.has(fileOf(entry))) continue
    const { position, equality } = applicableDeletes(entry, [...left], metadata['partition-specs'])
    for (const needed of [...position, ...equality]) left.delete(needed)
  }
  return [...left]
}

function keyOf({ specId, partition }: RewriteGroup): string {
  return `${specId} ${identityOf([...partition].flat())}`
}

/** A file as it became live. */
function fileOf({ sequenceNumber, file }: ManifestEntry): string {
  return `${sequenceNumber} ${file.location}`
}

function bytesOf(files: readonly DataFile[]): number {
  return files.reduce((sum, { fileSize }) => sum + fileSize, 0)
}
