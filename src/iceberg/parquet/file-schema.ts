import { type FileMetaData, parquetSchema, type SchemaElement, type SchemaTree } from 'hyparquet'
import { mappedField, type NameMapping } from '../name-mapping.ts'
import type { Field, StructType, Type } from '../types.ts'

/*
 * Which node of a Parquet file is which field of the table: the one place that
 * knows. A file says it by field ids (spec "Appendix A: Parquet"); for one that
 * carries none the table's name mapping says it.
 */

/** A node of the file that is a field of the table: a column, struct member, list element, map key or map value. */
export interface FileNode {
  readonly id: number
  /** The name in the file. */
  readonly name: string
  readonly required: boolean
  /** What the node and all below it are, under the names of the file. */
  readonly type: Type
  readonly element: SchemaElement
  /** Members of a struct; the element of a list; key and value of a map; none of a primitive. */
  readonly children: readonly FileNode[]
  /** Of a list or map: the repeated node that holds the items. */
  readonly items?: RepeatedItems
}

export interface RepeatedItems {
  readonly name: string
  /** The repeated node is a group around the element, as lists have it today; in older ones it is the element. */
  readonly threeLevel: boolean
}

/**
 * A file's own schema: names as in the file, and ids from the file or, where
 * it carries none at all, from the mapping. Fields that get no id are left out,
 * and lists and maps whose element, key or value gets none. A physical type
 * that Iceberg has no type for is named as Parquet means it (`uint64`,
 * `time_ns`, `float16`, `interval`, `repeated`): no primitive has such a name.
 */
export function fileSchema(metadata: FileMetaData, mapping?: NameMapping): StructType {
  return { type: 'struct', fields: fileNodes(metadata, mapping).map(fieldOf) }
}

/** The nodes of a file's columns. */
export function fileNodes(metadata: FileMetaData, mapping?: NameMapping): readonly FileNode[] {
  const { children } = parquetSchema(metadata)
  return children.some(carriesId) ? members(children, byFieldId) : members(children, byName(mapping ?? []))
}

/** Whether the file says of any of its columns which field it is. A file without columns has nothing to say. */
export function hasFieldIds(metadata: FileMetaData): boolean {
  const { children } = parquetSchema(metadata)
  return children.length === 0 || children.some(carriesId)
}

function carriesId(node: SchemaTree): boolean {
  return fieldId(node.element) !== undefined || node.children.some(carriesId)
}

/** Whether an element may be one of some fields. One without an id has fields inside, or gets its id from a mapping. */
export function mayBeOf(element: SchemaElement, ids: ReadonlySet<number>): boolean {
  const id = fieldId(element)
  return id === undefined || ids.has(id)
}

/** Some writers put −1 where there is no id. */
function fieldId({ field_id: id }: SchemaElement): number | undefined {
  return id !== undefined && id >= 0 ? id : undefined
}

/** A node's id, and how its children get theirs. */
interface Identified {
  readonly id: number | undefined
  /** Of two nodes with one id the lower is the field. */
  readonly rank: number
  readonly below: Identify
}
type Identify = (node: SchemaTree, name: string) => Identified

const byFieldId: Identify = ({ element }) => ({ id: fieldId(element), rank: 0, below: byFieldId })

/** After a rename to a name that was in use before, a file can hold both names of a field: the older is it. */
function byName(mapping: NameMapping): Identify {
  return (_node, name) => {
    const entry = mappedField(mapping, name)
    return { id: entry?.['field-id'], rank: entry?.names.indexOf(name) ?? 0, below: byName(entry?.fields ?? []) }
  }
}

function members(nodes: readonly SchemaTree[], identify: Identify): FileNode[] {
  const found = new Map<number, { readonly rank: number; readonly member: FileNode }>()
  for (const node of nodes) {
    const { element } = node
    const { id, rank } = identify(node, element.name)
    const member =
      id !== undefined && element.repetition_type === 'REPEATED'
        ? { id, name: element.name, required: true, element, type: 'repeated', children: [] }
        : fileNode(node, element.name, identify)
    if (member !== undefined && rank < (found.get(member.id)?.rank ?? Number.POSITIVE_INFINITY))
      found.set(member.id, { rank, member })
  }
  return Array.from(found.values(), ({ member }) => member)
}

/** @param name what a mapping calls the node: its own name, but for elements, keys and values */
function fileNode(node: SchemaTree, name: string, identify: Identify): FileNode | undefined {
  const { id, below } = identify(node, name)
  const { element } = node
  if (id === undefined) return undefined
  const shape = shapeOf(node, below)
  if (shape === undefined) return undefined
  return { id, name: element.name, required: element.repetition_type !== 'OPTIONAL', element, ...shape }
}

type Shape = Pick<FileNode, 'type' | 'children' | 'items'>

function shapeOf(node: SchemaTree, identify: Identify): Shape | undefined {
  const { element, children } = node
  const annotations = [element.converted_type, element.logical_type?.type]
  if (annotations.includes('LIST')) return listShape(node, identify)
  if (annotations.includes('MAP') || annotations.includes('MAP_KEY_VALUE')) return mapShape(node, identify)
  if (children.length === 0) return { type: primitiveType(element), children: [] }
  if (annotations.includes('VARIANT')) return { type: 'variant', children: [] }
  return structShape(node, identify)
}

function structShape({ children }: SchemaTree, identify: Identify): Shape {
  const nodes = members(children, identify)
  return { type: { type: 'struct', fields: nodes.map(fieldOf) }, children: nodes }
}

function listShape(node: SchemaTree, identify: Identify): Shape | undefined {
  const [repeated] = node.children
  if (repeated === undefined || node.children.length > 1) return undefined
  const threeLevel = isThreeLevel(node)
  const inner = threeLevel ? (repeated.children[0] as SchemaTree) : repeated
  const element = fileNode(inner, 'element', identify)
  if (element === undefined) return undefined
  return {
    type: {
      type: 'list',
      'element-id': element.id,
      'element-required': element.required,
      element: element.type,
    },
    children: [element],
    items: { name: repeated.element.name, threeLevel },
  }
}

/**
 * Whether a list has a group between itself and its element. Without one, as
 * old writers have it, the repeated node is the element: a primitive, a group
 * of several fields, or one of the two names that say so (Parquet's "Backward
 * compatibility rules").
 */
export function isThreeLevel({ element, children }: SchemaTree): boolean {
  const [repeated] = children
  const [inner] = repeated?.children ?? []
  return (
    children.length === 1 &&
    repeated?.element.repetition_type === 'REPEATED' &&
    repeated.children.length === 1 &&
    inner?.element.repetition_type !== 'REPEATED' &&
    repeated.element.name !== 'array' &&
    repeated.element.name !== `${element.name}_tuple`
  )
}

function mapShape(node: SchemaTree, identify: Identify): Shape | undefined {
  const [entries] = node.children
  const [keyNode, valueNode] = entries?.children ?? []
  if (entries === undefined || keyNode === undefined || valueNode === undefined || entries.children.length > 2)
    return undefined
  const key = fileNode(keyNode, 'key', identify)
  const value = fileNode(valueNode, 'value', identify)
  if (key === undefined || value === undefined) return undefined
  return {
    type: {
      type: 'map',
      'key-id': key.id,
      key: key.type,
      'value-id': value.id,
      'value-required': value.required,
      value: value.type,
    },
    children: [key, value],
    items: { name: entries.element.name, threeLevel: true },
  }
}

function fieldOf({ id, name, required, type }: FileNode): Field {
  return { id, name, required, type }
}

/** The Iceberg type of a leaf: what it is annotated as, else what its bytes are. */
function primitiveType(element: SchemaElement): string {
  return annotatedType(element) ?? physicalType(element)
}

function annotatedType(element: SchemaElement): string | undefined {
  const logical = element.logical_type
  switch (logical?.type) {
    case 'STRING':
    case 'ENUM':
    case 'JSON':
      return 'string'
    case 'BSON':
      return 'binary'
    case 'UUID':
      return 'uuid'
    case 'DATE':
      return 'date'
    case 'TIME':
      return logical.unit === 'NANOS' ? 'time_ns' : 'time'
    case 'TIMESTAMP':
      return `${logical.isAdjustedToUTC ? 'timestamptz' : 'timestamp'}${logical.unit === 'NANOS' ? '_ns' : ''}`
    case 'DECIMAL':
      return `decimal(${logical.precision},${logical.scale})`
    case 'INTEGER':
      return integerType(logical.bitWidth, logical.isSigned)
    case 'NULL':
      return 'unknown'
    case 'FLOAT16':
      return 'float16'
    case 'GEOMETRY':
    case 'GEOGRAPHY':
      return logical.type.toLowerCase()
    default:
      return convertedType(element)
  }
}

/** Annotations of writers that do not know the newer ones. Their times are all adjusted to UTC. */
function convertedType({ converted_type: converted, precision, scale }: SchemaElement): string | undefined {
  switch (converted) {
    case 'UTF8':
    case 'ENUM':
    case 'JSON':
      return 'string'
    case 'BSON':
      return 'binary'
    case 'DATE':
      return 'date'
    case 'TIME_MILLIS':
    case 'TIME_MICROS':
      return 'time'
    case 'TIMESTAMP_MILLIS':
    case 'TIMESTAMP_MICROS':
      return 'timestamptz'
    case 'DECIMAL':
      return `decimal(${precision},${scale ?? 0})`
    case 'INTERVAL':
      return 'interval'
    case undefined:
      return undefined
    default: {
      const [, unsigned, bits] = /^(U?)INT_(\d+)$/.exec(converted) ?? []
      return bits === undefined ? undefined : integerType(Number(bits), unsigned === '')
    }
  }
}

function integerType(bits: number, signed: boolean): string {
  if (bits === 64) return signed ? 'long' : 'uint64'
  return bits === 32 && !signed ? 'long' : 'int'
}

function physicalType({ type, type_length: length }: SchemaElement): string {
  switch (type) {
    case 'BOOLEAN':
      return 'boolean'
    case 'INT32':
      return 'int'
    case 'INT64':
      return 'long'
    case 'FLOAT':
      return 'float'
    case 'DOUBLE':
      return 'double'
    // Nanoseconds of a point in time, by writers from before there were annotations.
    case 'INT96':
      return 'timestamptz'
    case 'FIXED_LEN_BYTE_ARRAY':
      return `fixed[${length}]`
    default:
      return 'binary'
  }
}
