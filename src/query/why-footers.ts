import { currentSchema } from '../iceberg/ids.ts'
import { nameMappingProperty } from '../iceberg/name-mapping.ts'
import { type IndexedField, walkFields } from '../iceberg/schema-index.ts'
import type { Schema, TableMetadata } from '../iceberg/types.ts'
import { readEvolutions } from '../schema/applied.ts'

/**
 * Why the metadata of a table does not tell how the engine has to read its
 * data files; undefined where it does: all files carry field ids, no column
 * has to come from anywhere else, and members of structs are found by the
 * names they have now. Where it does not, the footers of all files are read.
 */
export function whyFooters(metadata: TableMetadata): string | undefined {
  const { properties, schemas } = metadata
  const evolutions = readEvolutions(properties)
  const [creation] = evolutions
  if (creation?.n !== 1 || creation.from !== null) return 'another program made the table'
  if (properties[nameMappingProperty] !== undefined) return 'the table has names for files without field ids'
  // A schema that nobody remembers may have had any names.
  const ids = new Set(schemas.map(schema => schema['schema-id']))
  const named = [...metadata.snapshots.map(snapshot => snapshot['schema-id']), ...evolutions.map(({ to }) => to.schema)]
  if (schemas.some(schema => schema['schema-id'] >= ids.size) || named.some(id => id !== undefined && !ids.has(id)))
    return 'a schema of the table was forgotten'
  const current = currentSchema(metadata)
  const nodes = walkFields(current)
  if (nodes.some(({ type, field }) => type === 'unknown' || field?.['initial-default'] !== undefined))
    return 'a column has a default value'
  for (const spec of metadata['partition-specs']) {
    for (const field of spec.fields) {
      if (field.transform === 'identity' && !schemas.every(schema => hasColumn(schema, field['source-id'])))
        return `a file may lack the column of the partition field ${field.name}`
    }
  }
  const now = new Map(nodes.map(node => [node.id, namesOf(node)]))
  const columns = new Set(current.fields.map(field => field.id))
  for (const node of schemas.flatMap(schema => walkFields(schema))) {
    if (columns.has(columnOf(node).id) && now.get(node.id) !== namesOf(node))
      return `${node.path} is not what it was, and the engine finds it by name`
  }
  return undefined
}

function hasColumn({ fields }: Schema, id: number): boolean {
  return fields.some(field => field.id === id)
}

function columnOf(node: IndexedField): IndexedField {
  return node.parent === undefined ? node : columnOf(node.parent)
}

/** The names from a column, which is found by its id, down to a member; a dot in a name is none between names. */
function namesOf(node: IndexedField): string {
  return node.parent === undefined ? String(node.id) : `${namesOf(node.parent)}${JSON.stringify(node.name)}`
}
