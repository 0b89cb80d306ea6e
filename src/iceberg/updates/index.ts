import type { Update } from '../commit.ts'
import { IcebergError } from '../errors.ts'
import { sameJson } from '../primitive.ts'
import type { TableMetadata } from '../types.ts'
import type { Draft, Handler } from './draft.ts'
import { assignUuid, removeProperties, setLocation, setProperties, upgradeFormatVersion } from './properties.ts'
import { addSchema, removeSchemas, setCurrentSchema } from './schema.ts'
import {
  addSnapshot,
  removePartitionStatistics,
  removeSnapshotRef,
  removeSnapshots,
  removeStatistics,
  setPartitionStatistics,
  setSnapshotRef,
  setStatistics,
} from './snapshot.ts'
import { addSortOrder, addSpec, removePartitionSpecs, setDefaultSortOrder, setDefaultSpec } from './spec.ts'

const handlers: { readonly [Action in Update['action']]: Handler<Action> } = {
  'assign-uuid': assignUuid,
  'upgrade-format-version': upgradeFormatVersion,
  'add-schema': addSchema,
  'set-current-schema': setCurrentSchema,
  'add-spec': addSpec,
  'set-default-spec': setDefaultSpec,
  'add-sort-order': addSortOrder,
  'set-default-sort-order': setDefaultSortOrder,
  'add-snapshot': addSnapshot,
  'set-snapshot-ref': setSnapshotRef,
  'remove-snapshots': removeSnapshots,
  'remove-snapshot-ref': removeSnapshotRef,
  'set-location': setLocation,
  'set-properties': setProperties,
  'remove-properties': removeProperties,
  'set-statistics': setStatistics,
  'remove-statistics': removeStatistics,
  'set-partition-statistics': setPartitionStatistics,
  'remove-partition-statistics': removePartitionStatistics,
  'remove-partition-specs': removePartitionSpecs,
  'remove-schemas': removeSchemas,
}

/** What a catalog knows that the updates do not say. */
export interface CommitContext {
  /** Milliseconds since 1970. A clock that went back is not followed. */
  readonly nowMs: number
  /** Location of the metadata file the base was read from; goes into `metadata-log`. Absent on create. */
  readonly baseFile?: string
}

/** Metadata of a table that does not exist yet: what the updates of a create are applied to. */
export const emptyMetadata: TableMetadata = {
  'format-version': 2,
  'table-uuid': '',
  location: '',
  'last-sequence-number': 0,
  'last-updated-ms': 0,
  'last-column-id': 0,
  'current-schema-id': -1,
  schemas: [],
  'default-spec-id': -1,
  'partition-specs': [],
  'last-partition-id': 999,
  'default-sort-order-id': -1,
  'sort-orders': [],
  properties: {},
  'current-snapshot-id': -1,
  refs: {},
  snapshots: [],
  statistics: [],
  'partition-statistics': [],
  'snapshot-log': [],
  'metadata-log': [],
}

/**
 * Applies the updates of one commit, in order, and gives the new metadata.
 * Pure. With no update that changes anything the very base is returned.
 * @throws IcebergError UPDATE_ILLEGAL, FORMAT_UNSUPPORTED when a version 1 table is written without an upgrade
 */
export function applyUpdates(base: TableMetadata, updates: readonly Update[], context: CommitContext): TableMetadata {
  const nowMs = Math.max(context.nowMs, base['last-updated-ms'])
  const draft: Draft = {
    metadata: base,
    nowMs,
    addedSchemaId: undefined,
    addedSpecId: undefined,
    addedSortOrderId: undefined,
    addedSnapshots: new Set(),
  }
  for (const update of updates) {
    const handle = handlers[update.action] as Handler<Update['action']> | undefined
    if (handle === undefined)
      throw new IcebergError('UPDATE_ILLEGAL', `unknown update ${(update as { action: string }).action}`)
    handle(draft, update)
  }
  if (isUntouched(draft.metadata, base)) return base
  const version = draft.metadata['format-version']
  if (version !== 2) {
    const way = version < 2 ? '; upgrade it to version 2' : ''
    throw new IcebergError('FORMAT_UNSUPPORTED', `a table of format version ${version} is read but not written${way}`)
  }
  // A snapshot was made before this, on a clock that may have been set back since.
  const newest = draft.metadata['snapshot-log'].at(-1)?.['timestamp-ms'] ?? 0
  return {
    ...draft.metadata,
    'last-updated-ms': Math.max(nowMs, newest),
    'metadata-log': metadataLog(draft.metadata, base, context),
  }
}

/** Adds the base's file and keeps the newest `write.metadata.previous-versions-max` entries (default 100). */
function metadataLog(
  metadata: TableMetadata,
  base: TableMetadata,
  context: CommitContext,
): TableMetadata['metadata-log'] {
  if (context.baseFile === undefined) return base['metadata-log']
  const configured = Number.parseInt(metadata.properties['write.metadata.previous-versions-max'] ?? '', 10)
  const keep = Math.max(1, Number.isNaN(configured) ? 100 : configured)
  const log = [...base['metadata-log'], { 'timestamp-ms': base['last-updated-ms'], 'metadata-file': context.baseFile }]
  return log.slice(-keep)
}

/** Updates can be no-ops one by one (a schema that is there already, a property removed that was never set). */
function isUntouched(a: TableMetadata, b: TableMetadata): boolean {
  return Object.keys({ ...a, ...b }).every(key => sameJson(a[key], b[key]))
}
