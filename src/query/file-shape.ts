import type { Table } from '../iceberg/catalog/catalog.ts'
import type { ManifestEntry } from '../iceberg/manifest/data-file.ts'
import type { NameMapping } from '../iceberg/name-mapping.ts'
import { openDataFile } from '../iceberg/open-file.ts'
import { type FileNode, fileNodes, hasFieldIds } from '../iceberg/parquet/file-schema.ts'
import type { ParquetFile } from '../iceberg/parquet/read.ts'

/** What the engine sees in a file: one value for all files that look the same to it. */
export interface FileShape {
  /** Columns in the file, those that are no field of the table too. */
  readonly columnCount: number
  /** The columns that are fields of the table. */
  readonly nodes: readonly FileNode[]
  /** Place of a node among all its siblings, from 0: the engine may call it by another name than the file does. */
  placeOf(node: FileNode): number
  /** Whether the files carry no field ids, and names say what is what. */
  readonly isMapped: boolean
  /** Path of one of the files. */
  readonly example: string
}

/** A file of the table with its shape. */
export interface ShapedFile {
  readonly entry: ManifestEntry
  /** Local. */
  readonly path: string
  readonly shape: FileShape
}

const openFiles = 16

/**
 * Reads the footers of Parquet files and nothing else of them. Of a footer
 * nothing is kept where another file has the same shape.
 * @param mapping names for files that carry no field ids
 * @throws IcebergError FILE_MISSING, DATA_INVALID, FORMAT_UNSUPPORTED for a file without field ids where there is no
 *   mapping
 */
export async function shapedFiles(
  table: Table,
  entries: readonly ManifestEntry[],
  mapping: NameMapping | undefined,
): Promise<ShapedFile[]> {
  const shapes = new Map<string, FileShape>()
  const files = new Array<ShapedFile>(entries.length)
  const rest = entries.entries()
  const worker = async (): Promise<void> => {
    for (const [index, entry] of rest) {
      const { file, close } = await openDataFile(table, entry, () => mapping)
      await close()
      const path = table.path(entry.file.location)
      const key = JSON.stringify(file.metadata.schema)
      const shape = shapes.get(key) ?? shapeOf(file.metadata, mapping, path)
      shapes.set(key, shape)
      files[index] = { entry, path, shape }
    }
  }
  await Promise.all(Array.from({ length: openFiles }, worker))
  return files
}

/** The shape of the file at a path, by its footer. */
function shapeOf(metadata: ParquetFile['metadata'], mapping: NameMapping | undefined, example: string): FileShape {
  const { schema } = metadata
  const places = new Map<FileNode['element'], number>()
  let next = 1
  const visit = (children: number): void => {
    for (let place = 0; place < children; place++) {
      const element = schema[next++]
      if (element === undefined) return
      places.set(element, place)
      visit(element.num_children ?? 0)
    }
  }
  const columnCount = schema[0]?.num_children ?? 0
  visit(columnCount)
  return {
    columnCount,
    nodes: fileNodes(metadata, mapping),
    placeOf: node => places.get(node.element) as number,
    isMapped: !hasFieldIds(metadata),
    example,
  }
}
