import type { Companion } from '../../iceberg/companion.ts'
import { currentSnapshot } from '../../iceberg/metadata.ts'
import type { Snapshot, TableMetadata } from '../../iceberg/types.ts'

/*
 * Which snapshots led to the newest one. The chain of parents says so as long as they are kept; where they expire, the
 * table itself says so of those that are still asked for. What a table says of itself holds in every copy of it, and in
 * an older copy that which was true then.
 */

/** `<snapshot> <ancestor> <ancestor>…`, decimal: it is believed only while that snapshot is in the chain of parents. */
const ancestorsProperty = 'hyp.ancestors'

/** Whether a snapshot is the current one or led to it. @param id decimal */
export function isInHistory(metadata: TableMetadata, id: string): boolean {
  return historyOf(metadata)(id)
}

/** What an expiry commits besides, so that these snapshots are still known to have led to the current one. */
export function withAncestors(ids: Iterable<string>): Companion {
  return metadata => {
    const current = currentSnapshot(metadata)
    if (current === undefined) return []
    const has = historyOf(metadata)
    const value = [idOf(current), ...[...new Set(ids)].filter(has).toSorted()].join(' ')
    if (value !== idOf(current)) return [{ action: 'set-properties', updates: { [ancestorsProperty]: value } }]
    const isSaid = Object.hasOwn(metadata.properties, ancestorsProperty)
    return isSaid ? [{ action: 'remove-properties', removals: [ancestorsProperty] }] : []
  }
}

function historyOf(metadata: TableMetadata): (id: string) => boolean {
  const chain = chainOf(metadata)
  const [from = '', ...ancestors] = (metadata.properties[ancestorsProperty] ?? '').split(' ')
  const others = new Set(chain.has(from) ? ancestors : [])
  return id => chain.has(id) || others.has(id)
}

/** The current snapshot and its parents, down to the first that is not kept any more. */
function chainOf(metadata: TableMetadata): ReadonlySet<string> {
  const byId = new Map(metadata.snapshots.map(snapshot => [idOf(snapshot), snapshot]))
  const chain = new Set<string>()
  let next = currentSnapshot(metadata)
  while (next !== undefined && !chain.has(idOf(next))) {
    chain.add(idOf(next))
    const parent = next['parent-snapshot-id']
    if (parent === undefined || parent === null) break
    next = byId.get(String(parent))
    if (next === undefined) chain.add(String(parent))
  }
  return chain
}

function idOf(snapshot: Snapshot): string {
  return String(snapshot['snapshot-id'])
}
