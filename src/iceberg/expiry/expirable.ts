import { IcebergError } from '../errors.ts'
import { snapshotById } from '../metadata.ts'
import type { Long, Snapshot, SnapshotRef, TableMetadata } from '../types.ts'

/** What stays, where neither a ref nor the table's properties `history.expire.*` say otherwise. */
export interface ExpiryRule {
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /** Of a branch, the newest so many snapshots stay, but for one whose ref says another number. */
  readonly minSnapshots: number
  /** Snapshots that were the newest of their branch within so many milliseconds stay as well. */
  readonly maxAgeMs: number
  /** Ids of snapshots that somebody reads: they stay with all their files. */
  readonly pinned: ReadonlySet<bigint>
  /** Nothing but what `main` points to and what is pinned stays: all other refs go, and no ref or property is asked. */
  readonly onlyHead?: boolean
}

/** What is to go. */
export interface Expirable {
  /** Ids, the oldest first. */
  readonly snapshots: readonly Long[]
  readonly refs: readonly string[]
}

/**
 * Which snapshots and refs of a table are to go (spec "Snapshot Retention
 * Policy"). Of a branch its newest snapshots stay as long as they are few, or
 * were the newest not long ago, however old they are themselves; a tag and
 * whatever a ref points to stays as long as the ref; what no branch leads to
 * stays while it is young, or was the newest of `main` not long ago. Pure.
 * @throws IcebergError UPDATE_ILLEGAL where `gc.enabled` is false
 */
export function expirable(metadata: TableMetadata, rule: ExpiryRule): Expirable {
  checkCollected(metadata)
  const { nowMs, pinned } = rule
  const refs = Object.entries(metadata.refs)
  const goneRefs = refs.filter(
    ([name, ref]) => name !== 'main' && (rule.onlyHead === true || isOver(metadata, ref, rule)),
  )
  const gone = new Set(goneRefs.map(([name]) => name))
  const stays = new Set(pinned)
  const byBranch = new Set<bigint>()
  for (const [name, ref] of refs) {
    if (gone.has(name)) continue
    stays.add(BigInt(ref['snapshot-id']))
    if (ref.type !== 'branch') continue
    const line = ancestors(metadata, ref['snapshot-id'])
    for (const snapshot of line) byBranch.add(idOf(snapshot))
    const { least, maxAgeMs } = limitsOf(metadata, ref, rule)
    // Whoever began to read one while it was the newest has that long from when it was not any more.
    const endedMs = (index: number): number => line[Math.max(0, index - 1)]?.['timestamp-ms'] ?? nowMs
    const end = line.findIndex((_snapshot, index) => index >= least && nowMs - endedMs(index) > maxAgeMs)
    for (const snapshot of line.slice(0, end < 0 ? undefined : end)) stays.add(idOf(snapshot))
  }
  const { maxAgeMs } = limitsOf(metadata, undefined, rule)
  const leftMs = timesLeft(metadata)
  const isYoung = (snapshot: Snapshot): boolean =>
    rule.onlyHead !== true &&
    !byBranch.has(idOf(snapshot)) &&
    nowMs - Math.max(snapshot['timestamp-ms'], leftMs.get(idOf(snapshot)) ?? 0) <= maxAgeMs
  return {
    snapshots: metadata.snapshots
      .filter(snapshot => !stays.has(idOf(snapshot)) && !isYoung(snapshot))
      .map(snapshot => snapshot['snapshot-id']),
    refs: [...gone],
  }
}

/** @throws IcebergError UPDATE_ILLEGAL for a table whose files others may need */
export function checkCollected({ properties }: TableMetadata): void {
  if (properties['gc.enabled']?.toLowerCase() !== 'false') return
  throw new IcebergError(
    'UPDATE_ILLEGAL',
    'cannot expire snapshots or remove files: gc.enabled is false, so another table may need the same files',
    { property: 'gc.enabled' },
  )
}

/** A tag or branch is as old as the snapshot it points to. */
function isOver(metadata: TableMetadata, ref: SnapshotRef, { nowMs }: ExpiryRule): boolean {
  const limit = ref['max-ref-age-ms'] ?? metadata.properties['history.expire.max-ref-age-ms']
  const snapshot = snapshotById(metadata, ref['snapshot-id'])
  const maxAgeMs = whole(limit)
  return snapshot !== undefined && maxAgeMs !== undefined && nowMs - snapshot['timestamp-ms'] > maxAgeMs
}

function limitsOf(
  { properties }: TableMetadata,
  ref: SnapshotRef | undefined,
  { minSnapshots, maxAgeMs, onlyHead }: ExpiryRule,
): { readonly least: number; readonly maxAgeMs: number } {
  // The head itself stays as what the ref points to, however few are kept.
  if (onlyHead === true) return { least: 0, maxAgeMs: Number.NEGATIVE_INFINITY }
  const least =
    whole(ref?.['min-snapshots-to-keep']) ?? whole(properties['history.expire.min-snapshots-to-keep']) ?? minSnapshots
  const age = whole(ref?.['max-snapshot-age-ms']) ?? whole(properties['history.expire.max-snapshot-age-ms']) ?? maxAgeMs
  return { least, maxAgeMs: age }
}

/** Numbers of refs and properties; what is none says nothing. */
function whole(value: Long | string | undefined): number | undefined {
  if (value === undefined || value === '') return undefined
  const number = Number(value)
  return Number.isNaN(number) ? undefined : number
}

/** From a snapshot back to the first, the newest first; it ends where a parent was removed. */
function ancestors(metadata: TableMetadata, id: Long): Snapshot[] {
  const byId = new Map(metadata.snapshots.map(snapshot => [idOf(snapshot), snapshot]))
  const line: Snapshot[] = []
  const seen = new Set<bigint>()
  for (let next = byId.get(BigInt(id)); next !== undefined && !seen.has(idOf(next)); ) {
    seen.add(idOf(next))
    line.push(next)
    const parent = next['parent-snapshot-id']
    next = parent === undefined || parent === null ? undefined : byId.get(BigInt(parent))
  }
  return line
}

/** When snapshots were the newest of `main` for the last time: whoever sets it back takes that from an old one too. */
function timesLeft({ 'snapshot-log': log }: TableMetadata): ReadonlyMap<bigint, number> {
  return new Map(
    log.flatMap(({ 'snapshot-id': id }, index) => {
      const next = log[index + 1]
      return next === undefined ? [] : [[BigInt(id), next['timestamp-ms']] as const]
    }),
  )
}

function idOf(snapshot: Snapshot): bigint {
  return BigInt(snapshot['snapshot-id'])
}
