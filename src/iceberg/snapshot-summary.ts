import { cellText } from './cell-text.ts'
import { type DataFile, fileContent } from './manifest/data-file.ts'
import type { Snapshot } from './types.ts'

/** A file and the spec that its partition values are of. */
export interface SpecFile {
  readonly file: DataFile
  readonly specId: number
}

/** What a snapshot did to the table's files. */
export interface FileChanges {
  readonly added: readonly SpecFile[]
  readonly removed: readonly SpecFile[]
  /** Where manifests were written anew: how many there are now, and how many entries were looked at for it. */
  readonly manifests?: {
    readonly created: number
    readonly kept: number
    readonly replaced: number
    readonly entries: number
  }
}

type Summary = Snapshot['summary'] & object

/**
 * The summary of a snapshot (spec "Optional Snapshot Summary Fields"). What was
 * not changed is left out; totals are left out where the parent does not know them, or they cannot be.
 */
export function snapshotSummary(operation: string, changes: FileChanges, parent: Snapshot | undefined): Summary {
  const { added, removed, manifests } = changes
  const plus = tally(added)
  const minus = tally(removed)
  const total = (name: string, of: keyof Tally): Record<string, string> => {
    const before = parent === undefined ? 0 : Number.parseInt(parent.summary?.[name] ?? '', 10)
    const after = before + plus[of] - minus[of]
    // Below zero where another writer did not count what it added.
    return after >= 0 ? { [name]: String(after) } : {}
  }
  return {
    operation,
    ...unlessZero({
      'added-data-files': plus.dataFiles,
      'deleted-data-files': minus.dataFiles,
      'added-records': plus.records,
      'deleted-records': minus.records,
      'added-files-size': plus.bytes,
      'removed-files-size': minus.bytes,
      'added-delete-files': plus.deleteFiles,
      'removed-delete-files': minus.deleteFiles,
      'added-position-delete-files': plus.positionFiles,
      'removed-position-delete-files': minus.positionFiles,
      'added-equality-delete-files': plus.equalityFiles,
      'removed-equality-delete-files': minus.equalityFiles,
      'added-position-deletes': plus.positionDeletes,
      'removed-position-deletes': minus.positionDeletes,
      'added-equality-deletes': plus.equalityDeletes,
      'removed-equality-deletes': minus.equalityDeletes,
    }),
    'changed-partition-count': String(new Set([...added, ...removed].map(partitionOf)).size),
    ...total('total-data-files', 'dataFiles'),
    ...total('total-records', 'records'),
    ...total('total-files-size', 'bytes'),
    ...total('total-delete-files', 'deleteFiles'),
    ...total('total-position-deletes', 'positionDeletes'),
    ...total('total-equality-deletes', 'equalityDeletes'),
    ...(manifests === undefined
      ? {}
      : {
          'manifests-created': String(manifests.created),
          'manifests-kept': String(manifests.kept),
          'manifests-replaced': String(manifests.replaced),
          'entries-processed': String(manifests.entries),
        }),
  }
}

interface Tally {
  dataFiles: number
  records: number
  bytes: number
  deleteFiles: number
  positionFiles: number
  positionDeletes: number
  equalityFiles: number
  equalityDeletes: number
}

function tally(files: readonly SpecFile[]): Tally {
  const sums: Tally = {
    dataFiles: 0,
    records: 0,
    bytes: 0,
    deleteFiles: 0,
    positionFiles: 0,
    positionDeletes: 0,
    equalityFiles: 0,
    equalityDeletes: 0,
  }
  for (const { file } of files) {
    sums.bytes += file.fileSize
    if (file.content === fileContent.data) {
      sums.dataFiles++
      sums.records += file.recordCount
      continue
    }
    sums.deleteFiles++
    if (file.content === fileContent.positionDeletes) {
      sums.positionFiles++
      sums.positionDeletes += file.recordCount
    } else {
      sums.equalityFiles++
      sums.equalityDeletes += file.recordCount
    }
  }
  return sums
}

function unlessZero(counts: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(counts).flatMap(([name, n]) => (n === 0 ? [] : [[name, String(n)]])))
}

function partitionOf({ file, specId }: SpecFile): string {
  return [specId, ...Array.from(file.partition.values(), cellText)].join('|')
}
