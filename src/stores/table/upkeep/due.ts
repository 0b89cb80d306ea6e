/*
 * When a table is to be tidied up. Pure: everything it looks at is handed over.
 */

/** What can be done to keep a table fast and small, and without what was deleted; done in this order. */
export type UpkeepStep = 'delete' | 'compact' | 'merge' | 'expire' | 'sweep'

/** What compacting by hand is: files and manifests. */
export const compactSteps: readonly UpkeepStep[] = ['delete', 'compact', 'merge']

/** What expiring by hand is: snapshots, and files that nothing needs. */
export const expireSteps: readonly UpkeepStep[] = ['delete', 'expire', 'sweep']

/** What waits in a table. */
export interface UpkeepFacts {
  /** Live data files. */
  readonly files: number
  /** The most live data files that one partition has. */
  readonly filesInOnePartition: number
  /** Files that are worth being rewritten into fewer. */
  readonly worthRewriting: number
  readonly manifests: number
  readonly snapshots: number
  /** Snapshots that nothing keeps any more. */
  readonly expirable: number
  /** Tags and branches that are older than their age allows. */
  readonly expirableRefs: number
  /** False where rows have to be looked for that were deleted: it was set back, or a deletion ended, or nothing is known. */
  readonly cleared: boolean
  /** False for a table of a version of the format that is only read. */
  readonly writable: boolean
  /** False where the table's owner said that its files may be those of others too (`gc.enabled`). */
  readonly removable: boolean
}

/** How much may wait before something is done about it. */
export interface UpkeepLimits {
  /** Manifests: each commit adds one, and every reader reads all. */
  readonly manifests: number
  /** Snapshots that nothing keeps any more: they go some at a time, for each time is a commit. */
  readonly expirable: number
  /** Of the newest snapshots of a branch so many stay. */
  readonly minSnapshots: number
  /** Younger snapshots stay too, in milliseconds. */
  readonly maxAgeMs: number
  /** Between looks for files that nothing needs, in milliseconds. */
  readonly sweepEveryMs: number
  /** Files that nothing needs stay so long, in milliseconds: somebody may be about to commit them. */
  readonly graceMs: number
}

const hourMs = 3_600_000

export const usualUpkeepLimits: UpkeepLimits = {
  manifests: 16,
  expirable: 8,
  minSnapshots: 100,
  maxAgeMs: hourMs,
  sweepEveryMs: 24 * hourMs,
  graceMs: 72 * hourMs,
}

/**
 * What is due. Each step is a commit of its own, so that each waits until it is worth one.
 * @param sweptMs when it was last looked for files that nothing needs, milliseconds since 1970; undefined: never
 */
export function dueSteps(
  { cleared, worthRewriting, manifests, expirable, expirableRefs, writable, removable }: UpkeepFacts,
  { nowMs, sweptMs }: { readonly nowMs: number; readonly sweptMs: number | undefined },
  limits: UpkeepLimits = usualUpkeepLimits,
): ReadonlySet<UpkeepStep> {
  const due = new Set<UpkeepStep>()
  if (!writable) return due
  if (!cleared) due.add('delete')
  if (worthRewriting > 0) due.add('compact')
  if (manifests > limits.manifests) due.add('merge')
  if (!removable) return due
  // A tag may hold much, and in a table that nobody writes to nothing else comes to be expired with it.
  if (expirable >= limits.expirable || expirableRefs > 0) due.add('expire')
  // A clock that was put back does not put it off for ever.
  if (sweptMs === undefined || Math.abs(nowMs - sweptMs) >= limits.sweepEveryMs) due.add('sweep')
  return due
}
