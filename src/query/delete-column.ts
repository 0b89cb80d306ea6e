import { IcebergError } from '../iceberg/errors.ts'
import { currentSchema } from '../iceberg/ids.ts'
import { checkReadable } from '../iceberg/projection.ts'
import { type IndexedField, indexById, isNested } from '../iceberg/schema-index.ts'
import type { Field, StructType, TableMetadata } from '../iceberg/types.ts'
import type { FileShape, ShapedFile } from './file-shape.ts'
import { type AbsentSql, memberSql, projection } from './projection.ts'

/** What rows are deleted by: a column, or a member of a struct as its column with nothing else in it. */
export interface DeleteColumn {
  /** Of the column or member itself. */
  readonly id: number
  readonly field: Field
  /** How many structs the value lies in. */
  readonly depth: number
}

/**
 * The columns of an equality delete file. A column may have been dropped since:
 * then the newest schema that has it says what it was, or the delete file.
 * @throws IcebergError MANIFEST_INVALID, FORMAT_UNSUPPORTED
 */
export function deleteColumns({ entry, shape }: ShapedFile, metadata: TableMetadata): DeleteColumn[] {
  const { equalityIds = [], location } = entry.file
  if (equalityIds.length === 0)
    throw new IcebergError('MANIFEST_INVALID', `equality delete file ${location} names no columns`, { file: location })
  const own: StructType = { type: 'struct', fields: shape.nodes }
  const schemas = [currentSchema(metadata), ...metadata.schemas.toReversed(), own].map(schema => indexById(schema))
  return [...new Set(equalityIds)].map(id => {
    const found = schemas.map(schema => schema.get(id)).find(node => node !== undefined)
    if (found === undefined) {
      throw new IcebergError('FORMAT_UNSUPPORTED', `delete file ${location} compares column ${id}, which is nowhere`, {
        file: location,
      })
    }
    const path = pathTo(found)
    if (isNested(found.type) || path.some(({ role }) => role !== 'field')) {
      throw new IcebergError(
        'FORMAT_UNSUPPORTED',
        `delete file ${location} compares ${found.path}, which is no single value of a row`,
        { file: location },
      )
    }
    const field = columnOf(path)
    checkReadable([field])
    return { id, field, depth: path.length - 1 }
  })
}

/**
 * A delete column's value in a file, as SQL text. Floating point is compared
 * as text, in which −0 is not 0 and NaN is NaN.
 */
export function deleteValue({ field, depth }: DeleteColumn, shape: FileShape, absent: AbsentSql): string {
  let sql = projection(field, shape, absent)
  let { type } = field
  for (let level = 0; level < depth && typeof type !== 'string' && type.type === 'struct'; level++) {
    sql = memberSql(sql, 0)
    type = (type.fields[0] as Field).type
  }
  return type === 'float' || type === 'double' ? `CAST(${sql} AS VARCHAR)` : sql
}

/** A file that lacks one has null, whatever the schema asks for now. */
function columnOf([node, ...below]: readonly IndexedField[]): Field {
  const { id, name, type, field } = node as IndexedField
  const initial = field?.['initial-default']
  return {
    id,
    name,
    required: false,
    type: below.length === 0 ? type : { type: 'struct', fields: [columnOf(below)] },
    ...(initial === undefined ? {} : { 'initial-default': initial }),
  }
}

function pathTo(node: IndexedField): IndexedField[] {
  return node.parent === undefined ? [node] : [...pathTo(node.parent), node]
}
