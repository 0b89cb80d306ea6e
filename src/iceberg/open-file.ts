import type { Table } from './catalog/catalog.ts'
import { IcebergError } from './errors.ts'
import { type InputFile, isNotFound } from './file-io/file-io.ts'
import { fileContent, type ManifestEntry } from './manifest/data-file.ts'
import { type NameMapping, nameMappingProperty, parseNameMapping } from './name-mapping.ts'
import { type BatchFile, openBatches } from './parquet/batches.ts'
import type { KnownSchemas } from './parquet/outline.ts'
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
  return opened(table, entry, (input, path) => openParquet(input, path, mapping, ids))
}

/** A file whose rows are all read, that has to be closed. Closing it again does nothing. */
export interface OpenBatchFile {
  readonly file: BatchFile
  readonly close: () => Promise<void>
}

/**
 * Opens a data file to read all of its rows.
 * @param known schemas of other files of the table
 * @throws IcebergError as {@link openDataFile}
 */
export async function openBatchFile(table: Table, entry: ManifestEntry, known: KnownSchemas): Promise<OpenBatchFile> {
  const { file, close } = await opened(table, entry, async (input, path) =>
    openBatches(await inMemory(input), path, () => nameMappingOf(table), known),
  )
  let isOpen = true
  return {
    file,
    close: async () => {
      if (!isOpen) return
      isOpen = false
      await close()
    },
  }
}

/** A file of at most so many bytes is read at once. */
const smallBytes = 1 << 19

async function inMemory(input: InputFile): Promise<InputFile> {
  const { size } = input
  if (size > smallBytes) return input
  const bytes = await input.read(0, size)
  return { ...input, read: async (start, end) => bytes.subarray(start, end) }
}

async function opened<File>(
  table: Table,
  entry: ManifestEntry,
  read: (input: InputFile, path: string) => Promise<File>,
): Promise<{ readonly file: File; readonly close: () => Promise<void> }> {
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
    return { file: await read(input, path), close: () => input.close() }
  } catch (error) {
    await input.close()
    throw error
  }
}
