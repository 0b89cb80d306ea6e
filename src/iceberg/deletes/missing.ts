import { IcebergError } from '../errors.ts'
import type { ManifestEntry } from '../manifest/data-file.ts'
import type { Field } from '../types.ts'

/** A delete file without a column that says what it deletes. */
export function missing({ file }: ManifestEntry, field: Field): never {
  throw new IcebergError('DATA_INVALID', `delete file ${file.location} lacks the column ${field.name} (${field.id})`, {
    file: file.location,
  })
}
