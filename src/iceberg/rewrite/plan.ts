import { applicableDeletes } from '../deletes/applicable.ts'
import { identityOf } from '../deletes/identity.ts'
import type { ManifestEntry } from '../manifest/data-file.ts'
import type { LiveFiles } from '../snapshot.ts'
import type { Cell, TableMetadata } from '../types.ts'

/** Files of one partition of one spec that are worth being written again as fewer. */
export interface RewriteGroup {
  readonly specId: number
  /** By partition field id. */
  readonly partition: ReadonlyMap<number, Cell>
  readonly entries: readonly ManifestEntry[]
  /** Of the files, as their manifests say. */
  readonly bytes: number
  readonly rows: number
  /** The most files that may come of it, if all its rows fit into memory at once. */
  readonly files: number
}

export interface PlanOptions {
  /** Bytes that a file should have; {@link targetFileBytes} of the table when left out. */
  readonly targetFileBytes?: number
  /** Data files that any delete file applies to are written again, however few rows that is. */
  readonly applyDeletes?: boolean
}

/** Bytes of a file where the table says nothing (property `write.target-file-size-bytes`). */
const defaultTargetFileBytes = 128 * 2 ** 20

/** Bytes that the files of a table should have. */
export function targetFileBytes({ properties }: TableMetadata): number {
  const given = Number(properties['write.target-file-size-bytes'])
  return Number.isSafeInteger(given) && given > 0 ? given : defaultTargetFileBytes
}

/** Files of a tier that are worth being merged, and how many times the rows of the tier below a tier has. */
const fanIn = 4

/** A file of this part of the target is large enough to be left alone. */
const fullPart = 0.75

/** Rows of delete files, as a part of a data file's rows, from which on the data file is written again. */
const deletedPart = 0.1

/** Delete files from which on a data file that they apply to is written again. */
const mostDeletes = 5

/**
 * Which files are worth being written again. Pure.
 *
 * Within a partition files are in tiers by their rows: 1 to 3, 4 to 15, 16 to
 * 63, and so on, each with four times as many; by rows and not by bytes,
 * because bytes do not add up: of a file with two rows nearly all is footer.
 * Four files of a tier make one of a higher tier, together with what there is in
 * lower tiers, and where that tier then has four as well, they are written together at once. Files of three quarters of
 * the target and more stay as they are.
 *
 * So a row that came in a file of r rows is written again at most log4(n / r)
 * times until its file has n rows, and a partition has at most three small
 * files for each tier. With a flush that gives 5 of 16 partitions two rows each
 * every 30 seconds, a partition gets a file in 96 seconds on average, and some
 * 200 000 rows are 128 MiB: nine tiers, so that a partition never has more than 27 files besides
 * the full ones, in the mean some 14, and a row is written again 8 or 9
 * times in the four months until its file is full; without tiers, with all small files
 * in one each time, it would be tens of thousands of times. An import gives
 * each partition a file of 1 to 2 MiB for each of its batches of 64 MiB: 64 of
 * them, of 4 GiB of history, are in one tier and are written once, as one file.
 *
 * Data files that delete files apply to are written again when at least
 * {@link mostDeletes} of them do, or when these have rows for a tenth of theirs; where they are to be applied, always.
 * Files that are no Parquet, or that deletion vectors may apply to, are not.
 */
export function planRewrites(
  { data, deletes }: LiveFiles,
  metadata: TableMetadata,
  { targetFileBytes: target = targetFileBytes(metadata), applyDeletes = false }: PlanOptions = {},
): RewriteGroup[] {
  const vectors = deletes.filter(({ file }) => file.format === 'PUFFIN')
  const readable = deletes.filter(({ file }) => file.format !== 'PUFFIN')
  const isUnread = ({ specId, file }: ManifestEntry): boolean =>
    file.format !== 'PARQUET' || vectors.some(vector => vector.specId === specId && mayDelete(vector, file.location))
  const partitions = new Map<string, ManifestEntry[]>()
  for (const entry of data) {
    if (isUnread(entry)) continue
    const key = `${entry.specId} ${identityOf([...entry.file.partition].flat())}`
    const others = partitions.get(key)
    if (others === undefined) partitions.set(key, [entry])
    else others.push(entry)
  }
  return [...partitions.values()].flatMap(entries => {
    const [first] = entries as [ManifestEntry]
    const spoilt = readable.length === 0 ? new Set<ManifestEntry>() : new Set(entries.filter(isSpoilt))
    return bins(worthMerging(entries, spoilt, target), spoilt, target).map(group => ({
      specId: first.specId,
      partition: first.file.partition,
      entries: group,
      bytes: sum(group, bytesOf),
      rows: sum(group, rowsOf),
      files: filesFor(sum(group, bytesOf), target),
    }))
  })

  function isSpoilt(entry: ManifestEntry): boolean {
    const { position, equality } = applicableDeletes(entry, readable, metadata['partition-specs'])
    const applying = [...position, ...equality]
    if (applying.length === 0) return false
    return applyDeletes || applying.length >= mostDeletes || sum(applying, rowsOf) >= deletedPart * rowsOf(entry)
  }
}

/** Files that so many bytes make: none of them much larger than the target, and none much smaller. */
export function filesFor(bytes: number, target: number): number {
  return Math.max(1, Math.round(bytes / target))
}

function mayDelete({ file }: ManifestEntry, location: string): boolean {
  return file.referencedDataFile === undefined || file.referencedDataFile === location
}

function bytesOf({ file }: ManifestEntry): number {
  return file.fileSize
}

function rowsOf({ file }: ManifestEntry): number {
  return file.recordCount
}

function sum(entries: readonly ManifestEntry[], of: (entry: ManifestEntry) => number): number {
  return entries.reduce((total, entry) => total + of(entry), 0)
}

function tierOf(rows: number): number {
  let tier = 0
  for (let most = fanIn; rows >= most; most *= fanIn) tier++
  return tier
}

/** Small files up to the highest tier that comes to have four, and the spoilt ones. */
function worthMerging(
  entries: readonly ManifestEntry[],
  spoilt: ReadonlySet<ManifestEntry>,
  target: number,
): ManifestEntry[] {
  const tiers = new Map<number, ManifestEntry[]>()
  for (const entry of entries) {
    if (spoilt.has(entry) || bytesOf(entry) >= fullPart * target) continue
    const tier = tierOf(rowsOf(entry))
    const others = tiers.get(tier)
    if (others === undefined) tiers.set(tier, [entry])
    else others.push(entry)
  }
  let worth: ManifestEntry[] = [...spoilt]
  // Few files of lower tiers are hardly any rows, and go along.
  let below: ManifestEntry[] = []
  for (const tier of [...tiers.keys()].sort((a, b) => a - b)) {
    const here = tiers.get(tier) ?? []
    // What is merged so far becomes one more file of this tier, or of a higher one.
    const arriving = worth.length > 0 && tierOf(sum(worth, rowsOf)) >= tier ? 1 : 0
    below = [...below, ...here]
    if (here.length + arriving < fanIn) continue
    worth = [...worth, ...below]
    below = []
  }
  return worth
}

/**
 * Groups of as many bytes as a full file has, the oldest files first: what came
 * in one time is often asked for together.
 */
function bins(
  entries: readonly ManifestEntry[],
  spoilt: ReadonlySet<ManifestEntry>,
  target: number,
): ManifestEntry[][] {
  const inOrder = entries.toSorted((a, b) => {
    const difference = BigInt(a.sequenceNumber) - BigInt(b.sequenceNumber)
    if (difference !== 0n) return difference < 0n ? -1 : 1
    return a.file.location < b.file.location ? -1 : 1
  })
  const groups: ManifestEntry[][] = []
  let group: ManifestEntry[] = []
  let bytes = 0
  let left = sum(inOrder, bytesOf)
  for (const entry of inOrder) {
    group.push(entry)
    bytes += bytesOf(entry)
    left -= bytesOf(entry)
    // What is left has to be worth a file of its own.
    if (bytes < target || left < target / 2) continue
    groups.push(group)
    group = []
    bytes = 0
  }
  if (group.length > 0) groups.push(group)
  return groups.filter(
    members => members.length > filesFor(sum(members, bytesOf), target) || members.some(entry => spoilt.has(entry)),
  )
}
