import { currentSchema } from '../../../iceberg/ids.ts'
import { specById } from '../../../iceberg/metadata.ts'
import { isV3Primitive, parsePrimitive } from '../../../iceberg/primitive.ts'
import { indexById, isNested, walkFields } from '../../../iceberg/schema-index.ts'
import { parseTransform } from '../../../iceberg/transform.ts'
import type { Field, TableMetadata } from '../../../iceberg/types.ts'
import type { Obstacle } from './obstacle.ts'

/** What the metadata alone says is in the way. */
export function metadataObstacles(metadata: TableMetadata): Obstacle[] {
  const { fields } = currentSchema(metadata)
  return [
    ...versionObstacles(metadata),
    ...typeObstacles(fields),
    ...caseObstacles(fields, ''),
    ...transformObstacles(metadata),
    ...encryptionObstacles(metadata),
  ]
}

function versionObstacles({ 'format-version': version }: TableMetadata): Obstacle[] {
  if (version === 2) return []
  const at = { what: `format version ${version}`, where: '(table)' }
  if (version === 1)
    return [
      {
        ...at,
        why: 'Version 1 is read and not written: it has no sequence numbers, by which writers of today go.',
        fix: "Upgrade it with the engine that made it, in Spark by ALTER TABLE … SET TBLPROPERTIES ('format-version'='2'). No data is rewritten.",
      },
    ]
  return [
    {
      ...at,
      why: `hyp writes version 2. Version ${version} is read where hyp knows its parts, and never written.`,
      fix: 'A version cannot be taken back: copy the rows into a table of version 2 with the engine that made it, and adopt that.',
    },
  ]
}

function typeObstacles(fields: readonly Field[]): Obstacle[] {
  return walkFields({ type: 'struct', fields }).flatMap(({ path, type }) => {
    if (isNested(type) || parsePrimitive(type) !== undefined) return []
    return [
      {
        what: `a column of type ${type}`,
        where: path,
        why: isV3Primitive(type)
          ? 'The type came with format version 3; hyp writes version 2.'
          : 'hyp does not know the type.',
        fix:
          type === 'variant'
            ? 'Keep the value as JSON text: a column of type string beside this one, which is then dropped.'
            : 'Put the values into a column of a type of version 2 beside it, and drop this one.',
      },
    ]
  })
}

function caseObstacles(fields: readonly Field[], prefix: string): Obstacle[] {
  const byFolded = new Map<string, string[]>()
  for (const { name } of fields)
    byFolded.set(name.toLowerCase(), [...(byFolded.get(name.toLowerCase()) ?? []), `${prefix}${name}`])
  const twins = Array.from(byFolded.values()).filter(names => names.length > 1)
  return [
    ...twins.map(names => ({
      what: `${names.length} columns that differ only by upper and lower case`,
      where: names.join(', '),
      why: 'DuckDB, Spark and others read them as one column, or refuse the table.',
      fix: 'Rename all but one of them with the engine that made the table.',
    })),
    ...fields.flatMap(({ name, type }) => caseInside(type, `${prefix}${name}.`)),
  ]
}

function caseInside(type: Field['type'], prefix: string): Obstacle[] {
  if (!isNested(type)) return []
  if (type.type === 'struct') return caseObstacles(type.fields, prefix)
  if (type.type === 'list') return caseInside(type.element, `${prefix}element.`)
  return [...caseInside(type.key, `${prefix}key.`), ...caseInside(type.value, `${prefix}value.`)]
}

function transformObstacles(metadata: TableMetadata): Obstacle[] {
  const byId = indexById(currentSchema(metadata))
  const order = metadata['sort-orders'].find(each => each['order-id'] === metadata['default-sort-order-id'])
  const partitions = specById(metadata, metadata['default-spec-id']).fields
  const parts = [
    ...partitions.map(field => ({ ...field, part: 'partition', where: field.name })),
    ...(order?.fields ?? []).map(field => ({ ...field, part: 'sort order', where: '(sort order)' })),
  ]
  return parts.flatMap(({ part, where, transform, 'source-id': id }) => {
    if (parseTransform(transform) === undefined)
      return [
        {
          what: `a ${part} by the transform ${transform}`,
          where,
          why: 'hyp does not know the transform, so it cannot say where a row belongs.',
          fix: `Give the table a ${part} by one of identity, bucket, truncate, year, month, day and hour.`,
        },
      ]
    if (byId.has(id) || transform === 'void') return []
    return [
      {
        what: `a ${part} by a column that is not there`,
        where: `${where} (field ${id})`,
        why: 'A declaration says it by the name of the column.',
        fix: `Give the table a ${part} by columns that it has.`,
      },
    ]
  })
}

function encryptionObstacles(metadata: TableMetadata): Obstacle[] {
  const keys = metadata['encryption-keys']
  const signs = [
    ...Object.keys(metadata.properties).filter(name => name === 'encryption.key-id'),
    ...(Array.isArray(keys) && keys.length > 0 ? ['encryption-keys'] : []),
  ]
  return signs.length === 0 ? [] : [encrypted(signs.join(', '))]
}

export function encrypted(where: string): Obstacle {
  return {
    what: 'the table is encrypted',
    where,
    why: 'hyp has no keys: it can neither read the files nor write ones that others can read.',
    fix: 'Copy the rows into a table that is not encrypted, and adopt that.',
  }
}
