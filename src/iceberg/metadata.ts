import { gunzipSync } from 'node:zlib'
import { IcebergError } from './errors.ts'
import { parseJson, printJson } from './json.ts'
import type { Long, PartitionSpec, Schema, Snapshot, TableMetadata } from './types.ts'

/*
 * Table metadata as a file (spec "Table Metadata Fields" and Appendix C).
 * Versions 1 to 3 are read; a version 1 file is brought into the version 2
 * shape, and written as what it says it is only after an upgrade. What version
 * 3 added to the metadata is kept and not looked at.
 */

type Loose = Record<string, unknown>

/**
 * Reads a metadata file, plain or gzipped.
 * @param source what to name in an error, usually the file's path
 * @throws IcebergError METADATA_INVALID with the reason, FORMAT_UNSUPPORTED for a later format version
 */
export function parseMetadata(bytes: Uint8Array, source: string): TableMetadata {
  const invalid = (reason: string): never => {
    throw new IcebergError('METADATA_INVALID', `${source}: ${reason}`, { file: source })
  }
  let raw: unknown
  try {
    const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes
    raw = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(plain))
  } catch (cause) {
    throw new IcebergError(
      'METADATA_INVALID',
      `${source} is not complete JSON: ${(cause as Error).message}`,
      { file: source },
      cause,
    )
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return invalid('not a JSON object')
  const file = raw as Loose
  const version = file['format-version']
  if (typeof version !== 'number') return invalid('format-version must exist and be an integer')
  if (version !== 1 && version !== 2 && version !== 3) {
    throw new IcebergError('FORMAT_UNSUPPORTED', `${source}: cannot read unsupported version ${version}`, {
      file: source,
      formatVersion: version,
    })
  }
  // In the order of the Java parser, so that a file with several faults fails for the same one.
  for (const [key, kind, since] of mandatory) {
    if (version < since) continue
    if (!isOf(kind, file[key])) return invalid(`${key} must exist in format v${version}`)
    if (key === 'current-schema-id' && !hasSchema(file, file[key] as number))
      return invalid(`cannot find schema with current-schema-id=${file[key] as number} from schemas`)
  }
  for (const key of optionalLists) {
    if (file[key] !== undefined && file[key] !== null && !Array.isArray(file[key]))
      return invalid(`${key} must be a list`)
  }
  if (version === 1 && !Array.isArray(file['schemas']) && typeof file['schema'] !== 'object')
    return invalid('schema must exist in format v1')
  let metadata: TableMetadata
  let reason: string | undefined
  try {
    metadata = normalise(file)
    reason = findInconsistency(metadata)
  } catch (cause) {
    return invalid(`not shaped as table metadata: ${(cause as Error).message}`)
  }
  return reason === undefined ? metadata : invalid(reason)
}

type Kind = 'text' | 'number' | 'long' | 'list'

/** What a file must have: key, kind, first version that requires it. */
const mandatory: readonly (readonly [key: string, kind: Kind, since: 1 | 2])[] = [
  ['table-uuid', 'text', 2],
  ['location', 'text', 1],
  ['last-sequence-number', 'long', 2],
  ['last-updated-ms', 'number', 1],
  ['last-column-id', 'number', 1],
  ['schemas', 'list', 2],
  ['current-schema-id', 'number', 2],
  ['partition-specs', 'list', 2],
  ['default-spec-id', 'number', 2],
  ['last-partition-id', 'number', 2],
  ['sort-orders', 'list', 2],
  ['default-sort-order-id', 'number', 2],
]

const optionalLists = ['snapshots', 'statistics', 'partition-statistics', 'snapshot-log', 'metadata-log']

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === 'list') return Array.isArray(value)
  if (kind === 'text') return typeof value === 'string'
  return Number.isInteger(value) || (kind === 'long' && typeof value === 'bigint')
}

function hasSchema(file: Loose, id: number): boolean {
  return (file['schemas'] as readonly (Loose | null)[]).some(schema => schema?.['schema-id'] === id)
}

/** Prints metadata for a file. What this layer does not know is printed as it was read. */
export function printMetadata(metadata: TableMetadata): Uint8Array {
  // One by one, so that a text in some other script makes only its own member slow.
  const members = Object.entries(metadata)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => inAscii(`${JSON.stringify(name)}:${printJson(value)}`))
  return Buffer.from(`{${members.join(',')}}`, 'latin1')
}

/** JSON without a character beyond ASCII: text that has one takes twice the memory and the time when it is read. */
function inAscii(json: string): string {
  if (Buffer.byteLength(json) === json.length) return json
  const escaped = json.replace(/[\u0080-\uffff]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return Buffer.from(escaped, 'latin1').toString('latin1')
}

/** The current snapshot; undefined for a table without one (−1, null and absent mean the same). */
export function currentSnapshot(metadata: TableMetadata): Snapshot | undefined {
  const id = metadata['current-snapshot-id']
  return id === undefined || id === null || BigInt(id) === -1n ? undefined : snapshotById(metadata, id)
}

export function snapshotById(metadata: TableMetadata, id: Long): Snapshot | undefined {
  return metadata.snapshots.find(snapshot => BigInt(snapshot['snapshot-id']) === BigInt(id))
}

/**
 * Whether the newest snapshot of a table was made from what its newest was in `before`: nothing else was published in its
 * place meanwhile, by going back or by taking over a branch. False also where snapshots in between expired, of which
 * nothing is known.
 */
export function isFollowedBy(before: TableMetadata, now: TableMetadata): boolean {
  const begun = currentSnapshot(before)
  if (begun === undefined) return true
  const wanted = BigInt(begun['snapshot-id'])
  const byId = new Map(now.snapshots.map(snapshot => [BigInt(snapshot['snapshot-id']), snapshot]))
  const seen = new Set<bigint>()
  for (let next = currentSnapshot(now); next !== undefined; ) {
    const id = BigInt(next['snapshot-id'])
    if (id === wanted) return true
    if (seen.has(id)) return false
    seen.add(id)
    const parent = next['parent-snapshot-id']
    if (parent === undefined || parent === null) return false
    if (BigInt(parent) === wanted) return true
    next = byId.get(BigInt(parent))
  }
  return false
}

export function specById(metadata: TableMetadata, id: number): PartitionSpec {
  const spec = metadata['partition-specs'].find(candidate => candidate['spec-id'] === id)
  if (spec === undefined)
    throw new IcebergError('METADATA_INVALID', `partition spec ${id} is not among the table's specs`)
  return spec
}

/** A version 1 or sparse file in the full version 2 shape; unknown keys stay where they are. */
function normalise(file: Loose): TableMetadata {
  const schemas = (file['schemas'] as Schema[] | undefined) ?? [
    { 'schema-id': 0, ...(file['schema'] as Omit<Schema, 'schema-id'>) },
  ]
  const legacy = { 'spec-id': 0, fields: (file['partition-spec'] as PartitionSpec['fields'] | undefined) ?? [] }
  const specs = ((file['partition-specs'] as PartitionSpec[] | undefined) ?? [legacy]).map(spec => ({
    ...spec,
    fields: numberPartitionFields(spec.fields),
  }))
  const partitionIds = specs.flatMap(spec => spec.fields.map(field => field['field-id']))
  const { schema: _schema, 'partition-spec': _spec, ...rest } = file
  const currentId = file['current-snapshot-id'] as Long | null | undefined
  const hasCurrent = currentId !== undefined && currentId !== null && BigInt(currentId) !== -1n
  return {
    ...rest,
    'format-version': file['format-version'] as number,
    'table-uuid': (file['table-uuid'] as string | undefined) ?? '',
    location: (file['location'] as string).replace(/(?<=[^/:])\/+$/, ''),
    'last-sequence-number': (file['last-sequence-number'] as Long | undefined) ?? 0,
    'last-updated-ms': file['last-updated-ms'] as number,
    'last-column-id': file['last-column-id'] as number,
    'current-schema-id': (file['current-schema-id'] as number | undefined) ?? schemas[0]?.['schema-id'] ?? 0,
    schemas: schemas.map((schema, index) =>
      typeof schema['schema-id'] === 'number' ? schema : { ...schema, 'schema-id': index },
    ),
    'default-spec-id': (file['default-spec-id'] as number | undefined) ?? specs[0]?.['spec-id'] ?? 0,
    'partition-specs': specs,
    'last-partition-id': (file['last-partition-id'] as number | undefined) ?? Math.max(999, ...partitionIds),
    'default-sort-order-id': (file['default-sort-order-id'] as number | undefined) ?? 0,
    'sort-orders': (file['sort-orders'] as TableMetadata['sort-orders'] | undefined) ?? [{ 'order-id': 0, fields: [] }],
    properties: (file['properties'] as Record<string, string> | undefined) ?? {},
    refs: {
      ...(hasCurrent ? { main: { 'snapshot-id': currentId, type: 'branch' } } : {}),
      ...(file['refs'] as TableMetadata['refs'] | undefined),
    },
    snapshots: (file['snapshots'] as Snapshot[] | undefined) ?? [],
    statistics: (file['statistics'] as TableMetadata['statistics'] | undefined) ?? [],
    'partition-statistics': (file['partition-statistics'] as TableMetadata['partition-statistics'] | undefined) ?? [],
    'snapshot-log': (file['snapshot-log'] as TableMetadata['snapshot-log'] | undefined) ?? [],
    'metadata-log': (file['metadata-log'] as TableMetadata['metadata-log'] | undefined) ?? [],
  }
}

/** Version 1 partition fields may lack ids: 1000 and up, in order (spec "Partition Evolution"). */
function numberPartitionFields(fields: PartitionSpec['fields']): PartitionSpec['fields'] {
  return fields.map((field, index) =>
    typeof field['field-id'] === 'number' ? field : { ...field, 'field-id': 1000 + index },
  )
}

const clockSkewMs = 60_000

/** The first contradiction in the metadata, as a sentence; undefined when there is none. */
function findInconsistency(metadata: TableMetadata): string | undefined {
  for (const schema of metadata.schemas) {
    if (schema.type !== 'struct' || !Array.isArray(schema.fields))
      return `cannot parse schema ${schema['schema-id']}: type must be struct with fields`
    if (!isType(schema)) return `cannot parse schema ${schema['schema-id']}: a field lacks its id, name or type`
  }
  if (!metadata.schemas.some(schema => schema['schema-id'] === metadata['current-schema-id'])) {
    return `cannot find schema with current-schema-id=${metadata['current-schema-id']} from schemas`
  }
  if (!metadata['partition-specs'].some(spec => spec['spec-id'] === metadata['default-spec-id'])) {
    return `cannot find partition spec with default-spec-id=${metadata['default-spec-id']} from partition-specs`
  }
  if (!metadata['sort-orders'].some(order => order['order-id'] === metadata['default-sort-order-id'])) {
    return `cannot find sort order with default-sort-order-id=${metadata['default-sort-order-id']} from sort-orders`
  }
  const current = metadata['current-snapshot-id']
  const hasCurrent = current !== undefined && current !== null && BigInt(current) !== -1n
  if (hasCurrent && snapshotById(metadata, current) === undefined)
    return `current snapshot ${current} is not among the snapshots`
  const { main } = metadata.refs
  if (main !== undefined && !hasCurrent)
    return `current snapshot is not set, but main branch exists: ${main['snapshot-id']}`
  if (main !== undefined && BigInt(main['snapshot-id']) !== BigInt(current as Long)) {
    return `current snapshot ID does not match main branch (${current} != ${main['snapshot-id']})`
  }
  for (const [name, ref] of Object.entries(metadata.refs)) {
    if (snapshotById(metadata, ref['snapshot-id']) === undefined)
      return `ref ${name} points to snapshot ${ref['snapshot-id']}, which does not exist`
  }
  for (const snapshot of metadata.snapshots) {
    if (BigInt(snapshot['sequence-number'] ?? 0) > BigInt(metadata['last-sequence-number'])) {
      return `invalid snapshot with sequence number ${snapshot['sequence-number']} greater than last sequence number ${metadata['last-sequence-number']}`
    }
  }
  let previous = Number.NEGATIVE_INFINITY
  for (const entry of metadata['snapshot-log']) {
    if (entry['timestamp-ms'] < previous - clockSkewMs) return 'snapshot-log is not sorted by time'
    previous = entry['timestamp-ms']
  }
  if (metadata['last-updated-ms'] < previous - clockSkewMs)
    return 'last-updated-ms is before the newest entry of snapshot-log'
  return undefined
}

/** Whether a type is whole: every element has its id, every field its name. */
function isType(value: unknown): boolean {
  if (typeof value === 'string') return true
  const type = value as Loose | null | undefined
  switch (type?.['type']) {
    case 'struct':
      return (
        Array.isArray(type['fields']) &&
        (type['fields'] as readonly (Loose | null)[]).every(
          field => typeof field?.['name'] === 'string' && Number.isInteger(field['id']) && isType(field['type']),
        )
      )
    case 'list':
      return Number.isInteger(type['element-id']) && isType(type['element'])
    case 'map':
      return (
        Number.isInteger(type['key-id']) &&
        Number.isInteger(type['value-id']) &&
        isType(type['key']) &&
        isType(type['value'])
      )
    default:
      return false
  }
}
