import { snapshotById } from '../metadata.ts'
import type { Long } from '../types.ts'
import { type Draft, type Handler, illegal, patch, sameLong } from './draft.ts'

/** Adds a snapshot; it becomes visible only when a ref points to it. */
export const addSnapshot: Handler<'add-snapshot'> = (draft, { snapshot }) => {
  const { metadata } = draft
  const id = snapshot['snapshot-id']
  if (snapshotById(metadata, id) !== undefined) illegal(`snapshot already exists for id ${id}`)
  const sequence = BigInt(snapshot['sequence-number'] ?? 0)
  if (
    metadata['format-version'] > 1 &&
    snapshot['parent-snapshot-id'] !== undefined &&
    sequence <= BigInt(metadata['last-sequence-number'])
  ) {
    illegal(
      `cannot add snapshot with sequence number ${sequence} older than last sequence number ${metadata['last-sequence-number']}`,
    )
  }
  draft.addedSnapshots.add(BigInt(id))
  const last = BigInt(metadata['last-sequence-number'])
  patch(draft, {
    snapshots: [...metadata.snapshots, snapshot],
    'last-sequence-number': sequence > last ? (snapshot['sequence-number'] as Long) : metadata['last-sequence-number'],
  })
}

/** Points a branch or tag to a snapshot; `main` is the table's current snapshot. */
export const setSnapshotRef: Handler<'set-snapshot-ref'> = (draft, update) => {
  const { action: _action, 'ref-name': name, ...ref } = update
  const snapshot = snapshotById(draft.metadata, ref['snapshot-id'])
  if (snapshot === undefined) return illegal(`cannot set ${name} to unknown snapshot ${ref['snapshot-id']}`)
  if (name === 'main' && ref.type !== 'branch') illegal('cannot set main to a tag')
  patch(draft, { refs: { ...draft.metadata.refs, [name]: ref } })
  if (name !== 'main' || sameLong(draft.metadata['current-snapshot-id'], ref['snapshot-id'])) return
  const isNew = (id: Long | null | undefined): boolean =>
    id !== undefined && id !== null && draft.addedSnapshots.has(BigInt(id))
  const addedNow = isNew(ref['snapshot-id'])
  // What was current only in the middle of this commit never was to anybody.
  const wasBetween = isNew(draft.metadata['current-snapshot-id'])
  patch(draft, {
    'current-snapshot-id': ref['snapshot-id'],
    'snapshot-log': [
      ...draft.metadata['snapshot-log'].slice(0, wasBetween ? -1 : undefined),
      { 'timestamp-ms': addedNow ? snapshot['timestamp-ms'] : draft.nowMs, 'snapshot-id': ref['snapshot-id'] },
    ],
  })
}

export const removeSnapshotRef: Handler<'remove-snapshot-ref'> = (draft, update) => {
  const { [update['ref-name']]: removed, ...refs } = draft.metadata.refs
  if (removed === undefined) return
  patch(draft, { refs, ...(update['ref-name'] === 'main' ? { 'current-snapshot-id': -1 } : {}) })
}

/** Removes snapshots that no ref needs, what hangs on them, and the log up to the last of them. */
export const removeSnapshots: Handler<'remove-snapshots'> = (draft, update) => {
  const gone = new Set(update['snapshot-ids'].map(BigInt))
  for (const [name, ref] of Object.entries(draft.metadata.refs)) {
    if (gone.has(BigInt(ref['snapshot-id'])))
      illegal(`cannot expire ${ref['snapshot-id']}. Still referenced by refs: ${name}`)
  }
  const { metadata } = draft
  const lastGone = metadata['snapshot-log'].findLastIndex(entry => gone.has(BigInt(entry['snapshot-id'])))
  patch(draft, {
    snapshots: metadata.snapshots.filter(snapshot => !gone.has(BigInt(snapshot['snapshot-id']))),
    'snapshot-log': metadata['snapshot-log'].slice(lastGone + 1),
    statistics: metadata.statistics.filter(entry => !gone.has(snapshotIdOf(entry))),
    'partition-statistics': metadata['partition-statistics'].filter(entry => !gone.has(snapshotIdOf(entry))),
  })
}

export const setStatistics: Handler<'set-statistics'> = (draft, update) =>
  setFile(draft, 'statistics', update.statistics)

export const removeStatistics: Handler<'remove-statistics'> = (draft, update) =>
  removeFile(draft, 'statistics', update['snapshot-id'])

export const setPartitionStatistics: Handler<'set-partition-statistics'> = (draft, update) =>
  setFile(draft, 'partition-statistics', update['partition-statistics'])

export const removePartitionStatistics: Handler<'remove-partition-statistics'> = (draft, update) =>
  removeFile(draft, 'partition-statistics', update['snapshot-id'])

type StatisticsKey = 'statistics' | 'partition-statistics'
type StatisticsFile = Extract<Parameters<typeof setStatistics>[1], { action: 'set-statistics' }>['statistics']

function setFile(draft: Draft, key: StatisticsKey, file: StatisticsFile): void {
  removeFile(draft, key, file['snapshot-id'])
  patch(draft, { [key]: [...draft.metadata[key], file] })
}

function removeFile(draft: Draft, key: StatisticsKey, id: Long): void {
  patch(draft, { [key]: draft.metadata[key].filter(entry => snapshotIdOf(entry) !== BigInt(id)) })
}

function snapshotIdOf(entry: unknown): bigint {
  return BigInt((entry as { 'snapshot-id': Long })['snapshot-id'])
}
