import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { type AppendContext, commitAppend, prepareAppend } from '../../src/iceberg/append.ts'
import type { Catalog, Table } from '../../src/iceberg/catalog/catalog.ts'
import { fileCatalog, tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { stageCreate } from '../../src/iceberg/create.ts'
import { writeDataFiles } from '../../src/iceberg/data-files.ts'
import type { IcebergErrorCode } from '../../src/iceberg/errors.ts'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { assignFreshIds, currentSchema, mergeFieldIdsFromTable, type WantedField } from '../../src/iceberg/ids.ts'
import { type ScanOptions, scanRows } from '../../src/iceberg/scan.ts'
import { walkFields } from '../../src/iceberg/schema-index.ts'
import type { Row, SortField, TableMetadata } from '../../src/iceberg/types.ts'
import { applyUpdates, emptyMetadata } from '../../src/iceberg/updates/index.ts'

/*
 * Tables for tests: on a real disk, in a folder that goes when the test ends.
 */

export const context: AppendContext = { now: Date.now, random: Math.random, uniqueName: randomUUID }

/** A new folder that is removed when the test has ended. Its name has what careless code stumbles over. */
export async function temporaryFolder(name = 'hyp table ü '): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), name))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** `transform(column)`, as `bucket[4](session_id)`; a member of a struct is `parent.child`. */
export type PartitionBy = string

export interface TableShape {
  readonly columns: readonly WantedField[]
  readonly partitionBy?: readonly PartitionBy[]
  /** Columns, ascending, nulls first; a leading `-` is descending, nulls last. */
  readonly sortBy?: readonly string[]
  readonly properties?: Readonly<Record<string, string>>
}

/** An optional column, the usual kind. */
export function optional(name: string, type: WantedField['type']): WantedField {
  return { name, required: false, type }
}

export function required(name: string, type: WantedField['type']): WantedField {
  return { name, required: true, type }
}

/** The commit that creates a table of a shape. */
export function creation(shape: TableShape, location: string): ReturnType<typeof stageCreate> {
  const { fields } = assignFreshIds(shape.columns)
  const idOf = (path: string): number => {
    const node = walkFields({ type: 'struct', fields }).find(candidate => candidate.path === path)
    if (node === undefined) throw new Error(`the table has no column ${path}`)
    return node.id
  }
  const partitionFields = (shape.partitionBy ?? []).map((text, index) => {
    const [, transform = '', path = ''] = /^([^(]+)\((.+)\)$/.exec(text) ?? []
    const kind = transform.replace('[', '_').replace(']', '')
    const name = transform === 'identity' ? path : `${path}_${kind}`
    return { 'source-id': idOf(path), 'field-id': 1000 + index, name, transform }
  })
  const sortFields = (shape.sortBy ?? []).map((text): SortField => {
    const descending = text.startsWith('-')
    return {
      transform: 'identity',
      'source-id': idOf(descending ? text.slice(1) : text),
      direction: descending ? 'desc' : 'asc',
      'null-order': descending ? 'nulls-last' : 'nulls-first',
    }
  })
  return stageCreate({
    uuid: randomUUID(),
    location,
    schema: { type: 'struct', 'schema-id': 0, fields },
    spec: { 'spec-id': 0, fields: partitionFields },
    sortOrder: { 'order-id': 1, fields: sortFields },
    properties: shape.properties ?? {},
  })
}

/** Metadata of a new table, for tests of what needs no disk. */
export function newMetadata(shape: TableShape, nowMs = 1_700_000_000_000): TableMetadata {
  return applyUpdates(emptyMetadata, creation(shape, 'file:///tables/t').updates, { nowMs })
}

/** A catalog on a directory of the real disk. */
export function catalogAt(directory: string, io: FileIO = localFileIO, now: () => number = Date.now): Catalog {
  return fileCatalog({ io, directory, now, uniqueName: randomUUID })
}

/** A table with the catalog it is in; every step gives a new value, as a commit does. */
export interface TestTable {
  readonly directory: string
  readonly catalog: Catalog
  readonly table: Table
}

/** Creates a table; without a directory in a temporary folder. */
export async function createTable(shape: TableShape, directory?: string, io: FileIO = localFileIO): Promise<TestTable> {
  const place = directory ?? (await temporaryFolder())
  const catalog = catalogAt(place, io)
  return { directory: place, catalog, table: await catalog.create(creation(shape, tableLocation(place))) }
}

/** Appends rows in one commit. */
export async function append(target: TestTable, rows: readonly Row[], rowGroupRows = 1000): Promise<TestTable> {
  const { catalog, table } = target
  const files = await writeDataFiles(table, rows, { uniqueName: randomUUID, rowGroupRows })
  const prepared = await prepareAppend(table, files, context)
  const committed = await commitAppend(catalog, table, prepared, context, async (_fresh, _stale, again) => again)
  return { ...target, table: committed }
}

/** Makes the columns those that are named, in one commit; ids are kept by name. */
export async function evolve(target: TestTable, columns: readonly WantedField[]): Promise<TestTable> {
  const { catalog, table } = target
  const { fields } = mergeFieldIdsFromTable(columns, table.metadata)
  const identifier = currentSchema(table.metadata)['identifier-field-ids']
  const schema = {
    type: 'struct' as const,
    'schema-id': 0,
    fields,
    ...(identifier === undefined ? {} : { 'identifier-field-ids': identifier }),
  }
  const committed = await catalog.commit(table, {
    requirements: [{ type: 'assert-table-uuid', uuid: table.metadata['table-uuid'] }],
    updates: [
      { action: 'add-schema', schema },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  })
  return { ...target, table: committed }
}

/** All rows of a table, in the order of the scan. */
export async function readRows(table: Table, options: ScanOptions = {}): Promise<Row[]> {
  const rows: Row[] = []
  for await (const batch of scanRows(table, options)) rows.push(...batch)
  return rows
}

/** Every file below a folder with its bytes: two of these are equal when nothing was touched. */
export async function contentsOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const contents = await Promise.all(files.sort().map(async file => [file, await readFile(file, 'base64')] as const))
  return new Map(contents)
}

/** The local disk with some operations replaced. */
export function ioWith(replaced: Partial<FileIO>): FileIO {
  return { ...localFileIO, ...replaced }
}

/** Matches the error of this layer: its code and its sentence. */
export function failure(code: IcebergErrorCode, message: string | RegExp): unknown {
  const sentence = typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message)
  return expect.objectContaining({ name: 'IcebergError', code, message: sentence })
}
