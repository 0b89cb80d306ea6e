import { type AsyncBuffer, type FileMetaData, parquetMetadata } from 'hyparquet'
import { footerOf, schemaIn, withoutGroups } from './footer.ts'
import { ThriftReader, thrift } from './thrift.ts'

/*
 * Who reads whole files of two hundred rows spends more time on their footers
 * than on their rows. This takes out of a footer where the bytes of each column
 * are, and nothing else; of the schema, which nearly all files of a table have
 * in common, what was found out once.
 */

/** Fields of `FileMetaData`, `RowGroup`, `ColumnChunk`, `ColumnMetaData` and `Statistics` of parquet.thrift. */
const field = {
  groups: 4,
  group: { columns: 1, rows: 3 },
  chunk: { path: 1, metadata: 3 },
  column: { type: 1, codec: 4, values: 5, fullSize: 6, size: 7, dataAt: 9, dictionaryAt: 11, statistics: 12 },
  nulls: 3,
} as const

/** Where a row group's column is, and how large. Sizes and places are bytes. */
export interface ChunkOutline {
  readonly type: number
  readonly codec: number
  readonly values: number
  /** undefined where the writer did not count them. */
  readonly nulls: number | undefined
  readonly start: number
  readonly size: number
  readonly fullSize: number
  readonly hasDictionary: boolean
}

export interface GroupOutline {
  readonly rows: number
  /** One for each leaf of the schema. */
  readonly chunks: readonly ChunkOutline[]
}

export interface FileOutline {
  /** The schema alone: without row groups. */
  readonly metadata: FileMetaData
  readonly groups: readonly GroupOutline[]
}

/** Schemas of files by how they are written. */
export type KnownSchemas = Map<string, FileMetaData>

/** @returns undefined for a footer that is not laid out as expected */
export async function readOutline(file: AsyncBuffer, known: KnownSchemas): Promise<FileOutline | undefined> {
  const footer = await footerOf(file)
  if (footer === undefined) return undefined
  try {
    const written = schemaIn(footer)
    let metadata = known.get(written)
    if (metadata === undefined) {
      metadata = parquetMetadata(withoutGroups(footer))
      known.set(written, metadata)
    }
    return { metadata, groups: groupsIn(footer) }
  } catch {
    return undefined
  }
}

function groupsIn(footer: Uint8Array): GroupOutline[] {
  const reader = new ThriftReader(footer)
  const groups: GroupOutline[] = []
  reader.struct((id, type) => {
    if (id !== field.groups || type !== thrift.list) return reader.skip(type)
    for (let left = reader.listSize(); left > 0; left--) groups.push(groupAt(reader))
  })
  return groups
}

function groupAt(reader: ThriftReader): GroupOutline {
  const chunks: ChunkOutline[] = []
  let rows = 0
  reader.struct((id, type) => {
    if (id === field.group.rows) rows = reader.integer()
    else if (id !== field.group.columns || type !== thrift.list) reader.skip(type)
    else for (let left = reader.listSize(); left > 0; left--) chunks.push(chunkAt(reader))
  })
  return { rows, chunks }
}

function chunkAt(reader: ThriftReader): ChunkOutline {
  let chunk: ChunkOutline | undefined
  reader.struct((id, type) => {
    if (id === field.chunk.path) throw new RangeError('bytes in another file')
    if (id === field.chunk.metadata && type === thrift.struct) chunk = columnAt(reader)
    else reader.skip(type)
  })
  if (chunk === undefined) throw new RangeError('a column without metadata')
  return chunk
}

function columnAt(reader: ThriftReader): ChunkOutline {
  const { column } = field
  let [type, codec, values, fullSize, size, dataAt, dictionaryAt] = [-1, -1, 0, 0, 0, 0, 0]
  let nulls: number | undefined
  reader.struct((id, kind) => {
    if (id === column.type) type = reader.integer()
    else if (id === column.codec) codec = reader.integer()
    else if (id === column.values) values = reader.integer()
    else if (id === column.fullSize) fullSize = reader.integer()
    else if (id === column.size) size = reader.integer()
    else if (id === column.dataAt) dataAt = reader.integer()
    else if (id === column.dictionaryAt) dictionaryAt = reader.integer()
    else if (id !== column.statistics || kind !== thrift.struct) reader.skip(kind)
    else
      reader.struct((idInside, kindInside) => {
        if (idInside === field.nulls) nulls = reader.integer()
        else reader.skip(kindInside)
      })
  })
  const hasDictionary = dictionaryAt > 0
  return { type, codec, values, nulls, start: hasDictionary ? dictionaryAt : dataAt, size, fullSize, hasDictionary }
}
