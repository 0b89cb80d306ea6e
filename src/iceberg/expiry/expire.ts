import type { Catalog, Table } from '../catalog/catalog.ts'
import type { Update } from '../commit.ts'
import { type Companion, commitCompanion } from '../companion.ts'
import { isCode } from '../errors.ts'
import { entryStatus, fileContent, type ManifestEntry, type ManifestFile } from '../manifest/data-file.ts'
import { hasLive, inParallel, readManifests } from '../snapshot.ts'
import type { Snapshot, TableMetadata } from '../types.ts'
import { applyUpdates } from '../updates/index.ts'
import { type Expirable, type ExpiryRule, expirable } from './expirable.ts'
import { pathOf, readLists, statisticsFiles, visitLive } from './reachable.ts'

/** A file that only what expired needed. */
export interface ExpiredFile {
  readonly path: string
  readonly bytes: number
  readonly kind: 'data' | 'deletes' | 'manifest' | 'manifest list' | 'statistics'
}

/** What expired, or would expire. */
export interface Expiry {
  readonly table: Table
  /** How many snapshots. */
  readonly snapshots: number
  readonly refs: readonly string[]
  readonly files: readonly ExpiredFile[]
  /** What could not be removed; a sweep finds it later. */
  readonly left: readonly { readonly path: string; readonly reason: string }[]
  /** Paths of files outside the table's folder that no snapshot of it needs any more; they stay. */
  readonly outside: readonly string[]
}

export interface ExpiryOptions {
  /** Nothing is committed and nothing removed. */
  readonly dryRun?: boolean
  /** What the same commit changes besides; asked only where something is to go. */
  readonly also?: ((base: Table) => Promise<Companion>) | undefined
}

/**
 * Expires snapshots and refs by a rule, then removes what only they needed.
 * The commit is durable before the first file goes; a kill in between leaves
 * files that a sweep finds. Files outside the table's folder stay, whoever
 * named them.
 * @throws IcebergError UPDATE_ILLEGAL where `gc.enabled` is false, COMMIT_CONFLICT, COMMIT_STATE_UNKNOWN (then nothing
 *   was removed), FILE_MISSING and MANIFEST_INVALID for what cannot be read of snapshots that stay (nothing was removed)
 */
export async function expireSnapshots(
  catalog: Catalog,
  base: Table,
  rule: ExpiryRule,
  context: { readonly random: () => number },
  { dryRun = false, also }: ExpiryOptions = {},
): Promise<Expiry> {
  let going = expirable(base.metadata, rule)
  let before = base.metadata
  const none: Expiry = { table: base, snapshots: 0, refs: [], files: [], left: [], outside: [] }
  if (isNothing(going)) return none
  // Who came to read since the rule was made reads what was the newest then, or what came after: a later try takes no more.
  const asked = new Set(going.snapshots.map(BigInt))
  const others = dryRun ? undefined : await also?.(base)
  const updatesFor = (metadata: TableMetadata): Update[] => {
    before = metadata
    const { snapshots, refs } = expirable(metadata, rule)
    going = { snapshots: snapshots.filter(id => asked.has(BigInt(id))), refs }
    return isNothing(going) ? [] : [...updatesOf(going), ...(others?.(metadata) ?? [])]
  }
  const table = dryRun
    ? { ...base, metadata: applyUpdates(before, updatesOf(going), { nowMs: rule.nowMs }) }
    : await commitCompanion(catalog, base, updatesFor, context)
  if (isNothing(going)) return { ...none, table }
  const found = await onlyNeeded()
  const isOwn = insideOf(table)
  const files = found.filter(({ path }) => isOwn(path))
  const outside = found.flatMap(({ path }) => (isOwn(path) ? [] : [path]))
  const told = { snapshots: going.snapshots.length, refs: going.refs, outside }
  if (dryRun) return { ...told, table: base, files, left: [] }
  return { ...told, table, ...(await removeAll(table, files)) }

  async function onlyNeeded(): Promise<ExpiredFile[]> {
    for (let now = table; ; ) {
      try {
        return await onlyNeededBy(now, before)
      } catch (error) {
        // Somebody else may have expired more by now, and removed its files.
        const fresh = isCode(error, 'FILE_MISSING') ? await catalog.load() : now
        if (fresh.version === now.version) throw error
        now = fresh
      }
    }
  }
}

function isNothing({ snapshots, refs }: Expirable): boolean {
  return snapshots.length === 0 && refs.length === 0
}

function updatesOf({ snapshots, refs }: Expirable): Update[] {
  return [
    ...refs.map((ref): Update => ({ action: 'remove-snapshot-ref', 'ref-name': ref })),
    ...(snapshots.length === 0 ? [] : [{ action: 'remove-snapshots' as const, 'snapshot-ids': snapshots }]),
  ]
}

/** The files that snapshots needed which are gone now, and no snapshot that is left needs. Each manifest is read once. */
async function onlyNeededBy(table: Table, before: TableMetadata): Promise<ExpiredFile[]> {
  const left = new Set(table.metadata.snapshots.map(idOf))
  const gone = before.snapshots.filter(snapshot => !left.has(idOf(snapshot)))
  const [old, kept] = [await readLists(table, gone, true), await readLists(table, table.metadata.snapshots)]
  const found = new Map<string, ExpiredFile>()
  const manifests = [...old.manifests].filter(([path]) => !kept.manifests.has(path)).map(([, manifest]) => manifest)
  for (const { file } of await liveEntriesOf(table, manifests)) {
    const path = pathOf(table, file.location)
    const kind = file.content === fileContent.data ? 'data' : 'deletes'
    found.set(path, { path, bytes: file.fileSize, kind })
  }
  if (found.size > 0) {
    await visitLive(table, [...kept.manifests.values()], ({ file }) => {
      found.delete(pathOf(table, file.location))
      return found.size > 0
    })
  }
  for (const manifest of manifests) {
    const path = pathOf(table, manifest.location)
    found.set(path, { path, bytes: manifest.length, kind: 'manifest' })
  }
  for (const path of old.lists) {
    const bytes = kept.lists.has(path) ? undefined : await table.io.size(path)
    if (bytes !== undefined) found.set(path, { path, bytes, kind: 'manifest list' })
  }
  const statistics = new Set(statisticsFiles(table).map(({ path }) => path))
  for (const { path, bytes } of statisticsFiles(table, before))
    if (!statistics.has(path)) found.set(path, { path, bytes, kind: 'statistics' })
  return [...found.values()]
}

/** What is missing or damaged names nothing: what it named is found by a sweep. */
async function liveEntriesOf(table: Table, manifests: readonly ManifestFile[]): Promise<ManifestEntry[]> {
  const read = await inParallel(manifests.filter(hasLive), manifest =>
    readManifests(table, [manifest], false).catch((error: unknown): ManifestEntry[] => {
      if (isCode(error, 'FILE_MISSING') || isCode(error, 'MANIFEST_INVALID')) return []
      throw error
    }),
  )
  return read.flat().filter(({ status }) => status !== entryStatus.deleted)
}

/** Whether a path is in the folder of the table: others may need what lies elsewhere. */
function insideOf(table: Table): (path: string) => boolean {
  const root = pathOf(table, `${table.metadata.location}/metadata`).replace(/metadata$/, '')
  return path => path.startsWith(root)
}

async function removeAll(table: Table, files: readonly ExpiredFile[]): Promise<Pick<Expiry, 'files' | 'left'>> {
  const removed: ExpiredFile[] = []
  const left: { path: string; reason: string }[] = []
  for (const file of files) {
    try {
      await table.io.remove(file.path, { background: file.kind === 'data' })
      removed.push(file)
    } catch (error) {
      left.push({ path: file.path, reason: (error as Error).message })
    }
  }
  return { files: removed, left }
}

function idOf(snapshot: Snapshot): bigint {
  return BigInt(snapshot['snapshot-id'])
}
