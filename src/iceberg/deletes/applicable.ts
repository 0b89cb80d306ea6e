import { IcebergError } from '../errors.ts'
import { type DataFile, fileContent, type ManifestEntry } from '../manifest/data-file.ts'
import type { PartitionSpec } from '../types.ts'
import { identityOf } from './identity.ts'

/** Ids of the columns of a position delete file (spec "Reserved Field IDs"). */
export const deleteFileColumns = { path: 2147483546, position: 2147483545 } as const

/** The delete files that apply to a data file. */
export interface ApplicableDeletes {
  /** They may hold positions of other files, too. */
  readonly position: readonly ManifestEntry[]
  readonly equality: readonly ManifestEntry[]
}

/**
 * Which live delete files a data file has to be read with (spec "Scan
 * Planning"). Position deletes apply to files of the same commit or older,
 * equality deletes to older ones; both only within their partition, but for
 * equality deletes of an unpartitioned spec, which apply everywhere.
 * @param specs all of the table
 * @throws IcebergError FORMAT_UNSUPPORTED for a deletion vector, MANIFEST_INVALID for position deletes that name the
 *   data file and are of another partition: the format says both that they apply and that they do not
 */
export function applicableDeletes(
  data: ManifestEntry,
  deletes: readonly ManifestEntry[],
  specs: readonly PartitionSpec[],
): ApplicableDeletes {
  const position: ManifestEntry[] = []
  const equality: ManifestEntry[] = []
  for (const entry of deletes) {
    if (entry.file.content === fileContent.equalityDeletes) {
      if (isBefore(data, entry) && (isUnpartitioned(entry, specs) || isSamePartition(data, entry, specs)))
        equality.push(entry)
    } else if (!isBefore(entry, data) && mayName(entry.file, data.file.location)) {
      const isNamed = entry.file.referencedDataFile === data.file.location
      if (isSamePartition(data, entry, specs)) {
        if (entry.file.format === 'PUFFIN') throw unsupported(entry, data)
        position.push(entry)
      } else if (isNamed) throw misplaced(entry, data)
    }
  }
  return { position, equality }
}

function isBefore(a: ManifestEntry, b: ManifestEntry): boolean {
  return BigInt(a.sequenceNumber) < BigInt(b.sequenceNumber)
}

/**
 * Whether position deletes can hold the location. Bounds of the path column may have been cut, also inside a character:
 * they are still bounds, as bytes.
 */
function mayName({ referencedDataFile, lowerBounds, upperBounds }: DataFile, location: string): boolean {
  if (referencedDataFile !== undefined) return referencedDataFile === location
  const path = Buffer.from(location)
  const lower = lowerBounds.get(deleteFileColumns.path)
  const upper = upperBounds.get(deleteFileColumns.path)
  return (
    (lower === undefined || Buffer.compare(lower, path) <= 0) &&
    (upper === undefined || Buffer.compare(upper, path) >= 0)
  )
}

function fieldsOf({ specId }: ManifestEntry, specs: readonly PartitionSpec[]): PartitionSpec['fields'] {
  return specs.find(spec => spec['spec-id'] === specId)?.fields ?? []
}

/** A field that was dropped from a spec of version 1 stays as `void`. */
function isUnpartitioned(entry: ManifestEntry, specs: readonly PartitionSpec[]): boolean {
  return fieldsOf(entry, specs).every(field => field.transform === 'void')
}

function isSamePartition(a: ManifestEntry, b: ManifestEntry, specs: readonly PartitionSpec[]): boolean {
  if (a.specId !== b.specId) return false
  const ids = fieldsOf(a, specs).map(field => field['field-id'])
  const partition = ({ file }: ManifestEntry): string => identityOf(ids.map(id => file.partition.get(id)))
  return partition(a) === partition(b)
}

function unsupported({ file }: ManifestEntry, data: ManifestEntry): IcebergError {
  return new IcebergError(
    'FORMAT_UNSUPPORTED',
    `rows of ${data.file.location} were deleted by a deletion vector, which this version does not read: ${file.location}`,
    { file: file.location },
  )
}

function misplaced({ file }: ManifestEntry, data: ManifestEntry): IcebergError {
  return new IcebergError(
    'MANIFEST_INVALID',
    `delete file ${file.location} names ${data.file.location}, which is in another partition`,
    { file: file.location },
  )
}
