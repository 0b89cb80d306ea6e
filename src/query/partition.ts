import { identityOf } from '../iceberg/deletes/identity.ts'
import type { ManifestEntry } from '../iceberg/manifest/data-file.ts'
import { specById } from '../iceberg/metadata.ts'
import type { TableMetadata } from '../iceberg/types.ts'

/** Whether a file is in no partition; a field that was dropped from a spec of version 1 stays as `void`. */
export function isUnpartitioned({ specId }: ManifestEntry, metadata: TableMetadata): boolean {
  return specById(metadata, specId).fields.every(field => field.transform === 'void')
}

/** Numbers partitions as it meets them; a partition of another spec is another one. */
export function partitionNumbers(metadata: TableMetadata): (entry: ManifestEntry) => number {
  const numbers = new Map<string, number>()
  return ({ specId, file }) => {
    const { fields } = specById(metadata, specId)
    const key = `${specId} ${identityOf(fields.map(field => file.partition.get(field['field-id'])))}`
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    return number
  }
}
