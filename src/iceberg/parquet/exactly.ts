import { type FileMetaData, parquetSchema, type SchemaElement, type SchemaTree } from 'hyparquet'
import { isThreeLevel } from './file-schema.ts'

const lossy = /^(?:DECIMAL|MAP|MAP_KEY_VALUE|LIST|JSON|BSON|INTERVAL|VARIANT|GEOMETRY|GEOGRAPHY)$/

/**
 * What hyparquet would make of some annotations loses values or fails:
 * decimals become floating point, maps objects whose keys are text, JSON what
 * it parses to, and lists of old writers what they are not. Without the
 * annotation it gives unscaled values, bytes, and groups as they are. Lists in
 * the form of today keep theirs, in the one spelling that hyparquet knows.
 */
export function exactly(metadata: FileMetaData): FileMetaData {
  const lists = new Set<SchemaElement>()
  const visit = (node: SchemaTree): void => {
    if (isAnnotated(node.element, /^LIST$/) && isThreeLevel(node)) lists.add(node.element)
    node.children.forEach(visit)
  }
  visit(parquetSchema(metadata))
  return {
    ...metadata,
    schema: metadata.schema.map(element => {
      if (lists.has(element)) return { ...element, converted_type: 'LIST' }
      if (!isAnnotated(element, lossy)) return element
      const { converted_type: _converted, logical_type: _logical, ...plain } = element
      return plain
    }),
  }
}

function isAnnotated({ converted_type: converted, logical_type: logical }: SchemaElement, what: RegExp): boolean {
  return what.test(converted ?? '') || what.test(logical?.type ?? '')
}
