import type { Table } from '../catalog/catalog.ts'
import { type DataFile, fileContent, type ManifestEntry } from '../manifest/data-file.ts'
import { createDataFile, type DataFileWriter } from '../parquet/write.ts'
import type { Cell, Schema } from '../types.ts'
import type { RowOrder } from './order.ts'

/** Data files that are written one behind the other. */
export interface NewFiles {
  /** Writes rows as one row group, and begins a new file first where the one before is large enough. */
  write(columns: readonly (readonly Cell[])[]): Promise<void>
  /** Ends the file, if one is begun: what follows goes into another. */
  endFile(): Promise<void>
  /** Files that are ended, whose bytes are on their way to the disk. */
  written(): readonly DataFile[]
  /** Bytes and names of all files that are ended are durable on return. */
  makeDurable(): Promise<void>
  /** Removes the file that is begun. Never throws. */
  abandon(): Promise<void>
}

export interface NewFileOptions {
  /** Bytes from which on a file is large enough. */
  readonly fileBytes: number
  readonly order: RowOrder
  readonly uniqueName: () => string
}

/** @param sample a file of the partition that the new ones are of */
export function newFiles(
  table: Table,
  sample: ManifestEntry | undefined,
  schema: Schema,
  { fileBytes, order, uniqueName }: NewFileOptions,
): NewFiles {
  const directory = `${table.metadata.location}/data`
  const files: DataFile[] = []
  /** The disk takes its time, which is used for the next rows. */
  const syncing: Promise<void>[] = []
  let open: { readonly location: string; readonly writer: DataFileWriter } | undefined

  return { write, endFile, written: () => files, makeDurable, abandon }

  async function write(columns: readonly (readonly Cell[])[]): Promise<void> {
    if (open !== undefined && open.writer.size() >= fileBytes) await endFile()
    if (open === undefined) {
      const location = `${directory}/${uniqueName()}.parquet`
      open = { location, writer: await createDataFile(table.io, table.path(location), schema) }
    }
    await open.writer.writeColumns(columns)
  }

  async function endFile(): Promise<void> {
    if (open === undefined) return
    const { location, writer } = open
    const written = await writer.finish({ durable: false })
    open = undefined
    const durable = table.io.syncFile(table.path(location))
    durable.catch(() => undefined)
    syncing.push(durable)
    files.push({
      ...written,
      content: fileContent.data,
      location,
      format: 'PARQUET',
      partition: sample?.file.partition ?? new Map(),
      equalityIds: undefined,
      sortOrderId: order.id,
    })
  }

  async function makeDurable(): Promise<void> {
    await Promise.all(syncing)
    if (files.length > 0) await table.io.syncDirectory(table.path(directory))
  }

  async function abandon(): Promise<void> {
    await open?.writer.abandon()
    open = undefined
    await Promise.allSettled(syncing)
  }
}
