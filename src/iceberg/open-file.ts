import type { Table } from './catalog/catalog.ts'
import { IcebergError } from './errors.ts'
import { isNotFound } from './file-io/file-io.ts'
import { fileContent, type ManifestEntry } from './manifest/data-file.ts'
import { type NameMapping, nameMappingProperty, parseNameMapping } from './name-mapping.ts'
import { openParquet, type ParquetFile } from './parquet/read.ts'

/** A file that has to be closed. */
export interface OpenFile {
  readonly file: ParquetFile
  readonly close: () => Promise<void>
}

/** The mapping that a table has for files without field ids. @throws IcebergError METADATA_INVALID */
export function nameMappingOf(table: Table): NameMapping | undefined {
  const text = table.metadata.properties[nameMappingProperty]
  return text === undefined ? undefined : parseNameMapping(text)
}

/**
 * Opens a data or delete file the table names.
 * @param mapping names for a file that carries no field ids; the table's when left out
 * @param ids see `openParquet`
 * @throws IcebergError FILE_MISSING, DATA_INVALID, FORMAT_UNSUPPORTED, METADATA_INVALID
 */
export async function openDataFile(
  table: Table,
  entry: ManifestEntry,
  mapping: () => NameMapping | undefined = () => nameMappingOf(table),
  ids?: ReadonlySet<number>,
): Promise<OpenFile> {
  const { location, format, content } = entry.file
  const what = content === fileContent.data ? 'data file' : 'delete file'
  if (format !== 'PARQUET')
    throw new IcebergError('FORMAT_UNSUPPORTED', `${what} ${location} is ${format}; only Parquet is read`)
  const path = table.path(location)
  const input = await table.io.open(path).catch((cause: unknown) => {
    throw isNotFound(cause)
      ? new IcebergError('FILE_MISSING', `the table names ${path}, which does not exist`, { file: path }, cause)
      : cause
  })
  try {
    return { file: await openParquet(input, path, mapping, ids), close: () => input.close() }
  } catch (error) {
    await input.close()
    throw error
  }
}
