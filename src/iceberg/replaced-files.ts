import type { Table } from './catalog/catalog.ts'
import { applicableDeletes } from './deletes/applicable.ts'
import { IcebergError, isCode } from './errors.ts'
import { entryStatus, fileContent, type ManifestEntry, type ManifestFile } from './manifest/data-file.ts'
import { sameJson } from './primitive.ts'
import { hasLive, readEachManifest, readManifestList } from './snapshot.ts'
import type { Long } from './types.ts'

/*
 * What must still be true of files that others take the place of. Manifests
 * never change, so what came since lies in manifests that were not there.
 */

/** One file of a table as it became live: it may leave and come back. */
export function identityOf({ file, sequenceNumber }: ManifestEntry): string {
  return `${sequenceNumber} ${file.location}`
}

/** @throws IcebergError REPLACED_FILES_CHANGED */
export function refuse(reason: string, entries: readonly ManifestEntry[]): never {
  const files = entries.map(({ file }) => file.location)
  const named = files.length === 0 ? '' : `: ${files.slice(0, 3).join(', ')}${files.length > 3 ? ', …' : ''}`
  throw new IcebergError('REPLACED_FILES_CHANGED', `${reason}${named}`, { files })
}

/** @throws IcebergError REPLACED_FILES_CHANGED where specs are not what they were */
export function checkSpecs(base: Table, now: Table, specIds: Iterable<number>): void {
  if (now.metadata['default-spec-id'] !== base.metadata['default-spec-id'])
    refuse('the partition spec of the table changed while files were being rewritten', [])
  const specOf = ({ metadata }: Table, id: number): unknown =>
    metadata['partition-specs'].find(spec => spec['spec-id'] === id)
  for (const id of specIds) {
    const spec = specOf(now, id)
    if (spec === undefined || !sameJson(spec, specOf(base, id)))
      refuse(`partition spec ${id} is not in the table any more`, [])
  }
}

/** Which of these manifests hold live entries that are wanted, and the identities of those that none holds. */
export async function findEntries(
  table: Table,
  manifests: readonly ManifestFile[],
  wanted: readonly ManifestEntry[],
): Promise<{ readonly holders: ManifestFile[]; readonly missing: ManifestEntry[] }> {
  const kinds = new Set(wanted.map(kindOf))
  const candidates = manifests.filter(
    manifest => hasLive(manifest) && kinds.has(`${manifest.specId} ${manifest.content}`),
  )
  const left = new Map(wanted.map(entry => [identityOf(entry), entry]))
  const all = new Set(left.keys())
  const holders: ManifestFile[] = []
  for (const [index, entries] of (await readEachManifest(table, candidates, false)).entries()) {
    const found = entries.filter(entry => entry.status !== entryStatus.deleted).map(identityOf)
    if (found.some(identity => all.has(identity))) holders.push(candidates[index] as ManifestFile)
    for (const identity of found) left.delete(identity)
  }
  return { holders, missing: [...left.values()] }
}

function kindOf({ specId, file }: ManifestEntry): string {
  return `${specId} ${file.content === fileContent.data ? 0 : 1}`
}

/** What a table lists and holds, each read once, when it is first asked for. */
export interface Known {
  readonly manifests: () => Promise<readonly ManifestFile[]>
  /** Identities of the live entries of data files (0) or delete files (1). */
  readonly live: (content: 0 | 1) => Promise<ReadonlySet<string>>
}

/** Of a table that may have gone on so far that its snapshot expired: then nothing is known of it. */
export function knownOf(table: Table): Known {
  let listed: Promise<ManifestFile[]> | undefined
  const manifests = (): Promise<ManifestFile[]> => (listed ??= readManifestList(table).catch(noneIfMissing))
  const found = new Map<0 | 1, Promise<ReadonlySet<string>>>()
  const read = async (content: 0 | 1): Promise<ReadonlySet<string>> => {
    const own = (await manifests()).filter(manifest => manifest.content === content)
    return new Set((await live(table, own).catch(noneIfMissing)).map(identityOf))
  }
  return {
    manifests,
    live: content => {
      const entries = found.get(content) ?? read(content)
      found.set(content, entries)
      return entries
    },
  }
}

function noneIfMissing(error: unknown): never[] {
  if (isCode(error, 'FILE_MISSING')) return []
  throw error
}

/**
 * Checks that no delete file which came since may apply to what is replaced,
 * and that no data file which came since needs a delete file that goes. What
 * nothing is known of came since.
 * @param before of the table that the files were read from
 * @param readAt sequence number of the snapshot that they were read from
 * @throws IcebergError REPLACED_FILES_CHANGED, and as `applicableDeletes`
 */
export async function checkNothingCame(
  before: Known,
  now: Table,
  manifests: readonly ManifestFile[],
  removed: readonly ManifestEntry[],
  readAt: Long,
): Promise<void> {
  const listed = new Set((await before.manifests()).map(({ location }) => location))
  const isNew = (manifest: ManifestFile): boolean =>
    hasLive(manifest) && (!listed.has(manifest.location) || BigInt(manifest.sequenceNumber) > BigInt(readAt))
  const specs = now.metadata['partition-specs']
  const since = async (content: 0 | 1): Promise<ManifestEntry[]> => {
    const fresh = manifests.filter(manifest => manifest.content === content && isNew(manifest))
    if (fresh.length === 0) return []
    const old = await before.live(content)
    const isLater = (entry: ManifestEntry): boolean =>
      !old.has(identityOf(entry)) ||
      BigInt(entry.sequenceNumber) > BigInt(readAt) ||
      BigInt(entry.fileSequenceNumber) > BigInt(readAt)
    return (await live(now, fresh, true)).filter(isLater)
  }
  const data = removed.filter(({ file }) => file.content === fileContent.data)
  const deletes = removed.filter(({ file }) => file.content !== fileContent.data)
  const newDeletes = data.length === 0 ? [] : await since(1)
  const deletedFrom = data.filter(entry => applies(entry, newDeletes, specs))
  if (deletedFrom.length > 0) refuse('rows were deleted of files while they were being rewritten', deletedFrom)
  if (deletes.length === 0) return
  const replaced = new Set(removed.map(identityOf))
  const newData = (await since(0)).filter(entry => !replaced.has(identityOf(entry)))
  const needed = deletes.filter(entry => newData.some(file => applies(file, [entry], specs)))
  if (needed.length > 0) refuse('delete files that were to go apply to files that came meanwhile', needed)
}

function applies(
  data: ManifestEntry,
  deletes: readonly ManifestEntry[],
  specs: Table['metadata']['partition-specs'],
): boolean {
  const { position, equality } = applicableDeletes(data, deletes, specs)
  return position.length > 0 || equality.length > 0
}

async function live(
  table: Table,
  manifests: readonly ManifestFile[],
  withStatistics = false,
): Promise<ManifestEntry[]> {
  const entries = (await readEachManifest(table, manifests.filter(hasLive), withStatistics)).flat()
  return entries.filter(({ status }) => status !== entryStatus.deleted)
}
