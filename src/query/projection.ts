import { converter } from '../iceberg/parquet/cells.ts'
import type { FileNode } from '../iceberg/parquet/file-schema.ts'
import { parsePrimitive, sameType } from '../iceberg/primitive.ts'
import type { Field, StructType, Type } from '../iceberg/types.ts'
import { columnType } from './column-type.ts'
import type { FileShape } from './file-shape.ts'
import { cellSql } from './literal.ts'
import { quoteName } from './quote.ts'

/*
 * Fields of the table out of a file's own columns, as SQL text. Columns of the
 * file are called c0, c1, … by their place and members of its structs are
 * taken by their place, so that no name in a file means anything here.
 */

/** SQL texts for what is not taken from the file. */
export interface AbsentSql {
  /** What goes before a column that only a name mapping says to be the field. */
  constant(id: number): string | undefined
  /** The value of a field, or member, that the file lacks. It throws where there has to be one and is none. */
  value(field: Field): string
}

/** What the columns of a file are called. */
export function columnNames({ columnCount }: FileShape): string[] {
  return Array.from({ length: columnCount }, (_, place) => `c${place}`)
}

/**
 * A top-level field of the table.
 * @throws IcebergError DATA_INVALID when what the file has cannot be read as the field's type
 */
export function projection(field: Field, shape: FileShape, absent: AbsentSql): string {
  const node = nodeOf(field, shape, absent)
  if (node === undefined) return absent.value(field)
  // Makes nothing but the scanner's error: both refuse the same.
  converter(node, field.type, { location: shape.example, path: field.name, absent: undefined })
  return projected(field.type, node, { sql: `c${shape.placeOf(node)}`, depth: 0 }, { shape, absent })
}

/** The fields, members too, whose value `absent` says. */
export function absentFields(fields: readonly Field[], shape: FileShape, absent: AbsentSql): Field[] {
  const found: Field[] = []
  const value = (field: Field): string => {
    found.push(field)
    return ''
  }
  for (const field of fields) projection(field, shape, { constant: id => absent.constant(id), value })
  return found
}

/** What the partition says comes before what the name mapping says (spec "Column Projection"). */
function nodeOf({ id }: Field, { nodes, isMapped }: FileShape, absent: AbsentSql): FileNode | undefined {
  return isMapped && absent.constant(id) !== undefined ? undefined : nodes.find(node => node.id === id)
}

interface Context {
  readonly shape: FileShape
  readonly absent: AbsentSql
}

/** The value of a node, and how many lists and maps it lies in. */
interface Value {
  readonly sql: string
  readonly depth: number
}

function projected(type: Type, node: FileNode, { sql, depth }: Value, context: Context): string {
  if (typeof type === 'string') return primitive(type, node.type, sql)
  // What is taken as it is needs no work, and of its members the engine can skip those that nobody asks for.
  if (isSame(type, node)) return `CAST(${sql} AS ${columnType(type)})`
  if (type.type === 'struct') {
    const members = struct(type, node, depth, context, place => memberSql(sql, place))
    return `CASE WHEN ${sql} IS NULL THEN NULL ELSE ${members} END`
  }
  const item = `e${depth}`
  const inside = (of: string): Value => ({ sql: of, depth: depth + 1 })
  const [first, second] = node.children as readonly [FileNode, FileNode]
  if (type.type === 'list') {
    const { element } = type
    const body =
      isPulledUp(node) && typeof element !== 'string' && element.type === 'struct'
        ? struct(element, first, depth + 1, context, () => item)
        : projected(element, first, inside(item), context)
    return `list_transform(${sql}, lambda ${item}: ${body})`
  }
  const key = projected(type.key, first, inside(memberSql(item, 0)), context)
  const value = projected(type.value, second, inside(memberSql(item, 1)), context)
  return `map_from_entries(list_transform(map_entries(${sql}), lambda ${item}: struct_pack(k := ${key}, v := ${value})))`
}

/** @param member the SQL text of the member of the file's struct at a place */
function struct(
  { fields }: StructType,
  node: FileNode,
  depth: number,
  context: Context,
  member: (place: number) => string,
): string {
  const members = fields.map(field => {
    const child = node.children.find(({ id }) => id === field.id)
    const sql =
      child === undefined
        ? context.absent.value(field)
        : projected(field.type, child, { sql: member(context.shape.placeOf(child)), depth }, context)
    return `${quoteName(field.name)} := ${sql}`
  })
  return `struct_pack(${members.join(', ')})`
}

/** A member of a struct by its place, from 0. */
export function memberSql(holder: string, place: number): string {
  return `struct_extract_at(${holder}, ${place + 1})`
}

/** A cast to the type that a value has already costs nothing. Old writers leave annotations out. */
function primitive(type: string, own: Type, sql: string): string {
  if (type === 'unknown' || own === 'unknown') return cellSql(null, type)
  const kind = parsePrimitive(type)?.kind
  if (own === 'binary' && kind === 'string') return `decode(${sql})`
  if (own === 'int' && kind === 'date') return `(DATE '1970-01-01' + ${sql})`
  const isTime = kind === 'time' || kind === 'timestamp' || kind === 'timestamptz'
  return `CAST(${own === 'long' && isTime ? `make_timestamp(${sql})` : sql} AS ${columnType(type)})`
}

/** Whether the file has a nested field just as the table has it: names, order, types, and nothing besides. */
function isSame(type: Type, node: FileNode): boolean {
  if (typeof type === 'string') return type !== 'unknown' && typeof node.type === 'string' && sameType(type, node.type)
  const { children } = node
  if (type.type === 'struct') {
    return (
      node.element.num_children === type.fields.length &&
      type.fields.every(({ id, name, type: of }, index) => {
        const child = children[index]
        return child !== undefined && child.id === id && child.name === name && isSame(of, child)
      })
    )
  }
  const inner = type.type === 'list' ? [type.element] : [type.key, type.value]
  return !isPulledUp(node) && inner.every((of, index) => isSame(of, children[index] as FileNode))
}

/** The engine takes the only member of a struct for the struct where that is itself the repeated node of a list. */
function isPulledUp({ items, children: [element] }: FileNode): boolean {
  return items?.threeLevel === false && element?.element.num_children === 1
}
