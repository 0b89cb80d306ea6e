import type { Table } from '../catalog/catalog.ts'
import { IcebergError } from '../errors.ts'
import { currentSchema } from '../ids.ts'
import type { ManifestEntry } from '../manifest/data-file.ts'
import { nameMappingOf, openDataFile } from '../open-file.ts'
import { memberOf } from '../parquet/columns.ts'
import { fileSchema } from '../parquet/file-schema.ts'
import type { ParquetFile } from '../parquet/read.ts'
import { checkReadable } from '../projection.ts'
import { type IndexedField, indexById, isNested } from '../schema-index.ts'
import type { Cell, Field } from '../types.ts'
import { identityOf } from './identity.ts'
import { missing } from './missing.ts'

/** What the equality deletes that apply to a data file delete of it. */
export interface EqualityDeletes {
  /** What has to be read of the data file. A member of a struct comes as its column with nothing else in it. */
  readonly fields: readonly Field[]
  /** @param columns values of `fields`, in their order */
  isDeleted(columns: readonly (readonly Cell[])[], index: number): boolean
}

/** A column that deletes compare: the path to it, and what takes it out of its top column. */
interface DeleteColumn {
  readonly field: Field
  readonly take: (cell: Cell) => Cell
}

/** Rows that were deleted by the values of some columns. */
interface DeletedRows {
  readonly columns: readonly DeleteColumn[]
  readonly identities: Set<string>
}

/**
 * A function that reads equality delete files. Memory: one text for each
 * distinct row of the delete files of one call; what the last call read is
 * kept, as neighbouring data files have mostly the same deletes. It throws
 * IcebergError as `openDataFile`.
 */
export function equalityReader(table: Table): (deletes: readonly ManifestEntry[]) => Promise<EqualityDeletes> {
  let latest: { readonly files: string; readonly deletes: EqualityDeletes } | undefined
  return async entries => {
    const files = entries.map(({ file }) => file.location).join('\n')
    if (latest?.files !== files) {
      latest = undefined // before the next is read: two need not be held
      latest = { files, deletes: combined(await readDeletedRows(table, entries)) }
    }
    return latest.deletes
  }
}

function combined(rows: readonly DeletedRows[]): EqualityDeletes {
  const fields = rows.flatMap(({ columns }) => columns.map(({ field }) => field))
  let next = 0
  const lookups = rows.map(({ columns, identities }) => {
    const from = next
    next += columns.length
    return { takes: columns.map(({ take }, index) => ({ take, at: from + index })), identities }
  })
  return {
    fields,
    isDeleted: (columns, index) =>
      lookups.some(({ takes, identities }) =>
        identities.has(identityOf(takes.map(({ take, at }) => take(columns[at]?.[index])))),
      ),
  }
}

async function readDeletedRows(table: Table, entries: readonly ManifestEntry[]): Promise<DeletedRows[]> {
  const byIds = new Map<string, DeletedRows>()
  for (const entry of entries) {
    const ids = [...new Set(entry.file.equalityIds ?? [])].sort((a, b) => a - b)
    if (ids.length === 0)
      throw new IcebergError('MANIFEST_INVALID', `equality delete file ${entry.file.location} names no columns`)
    const { file, close } = await openDataFile(table, entry)
    try {
      const key = ids.join()
      const rows = byIds.get(key) ?? {
        columns: ids.map(id => deleteColumn(table, file, id, entry)),
        identities: new Set(),
      }
      byIds.set(key, rows)
      const fields = rows.columns.map(({ field }) => field)
      const absent = { constant: () => null, value: (field: Field) => missing(entry, field) }
      for await (const { beside, rowCount } of file.readColumns([], { absent, beside: fields })) {
        for (let index = 0; index < rowCount; index++)
          rows.identities.add(identityOf(rows.columns.map(({ take }, column) => take(beside[column]?.[index]))))
      }
    } finally {
      await close()
    }
  }
  return [...byIds.values()]
}

/**
 * A column by its id, also one that was dropped from the table: it is looked
 * for in all schemas, the current one first, then the newest, then in the
 * delete file.
 * @throws IcebergError FORMAT_UNSUPPORTED for a column in a list or map, or of a type that is not read
 */
function deleteColumn(table: Table, file: ParquetFile, id: number, entry: ManifestEntry): DeleteColumn {
  const { metadata } = table
  const schemas = [
    currentSchema(metadata),
    ...metadata.schemas.toReversed(),
    fileSchema(file.metadata, nameMappingOf(table)),
  ]
  const found = schemas.map(schema => indexById(schema).get(id)).find(node => node !== undefined)
  if (found === undefined) missing(entry, { id, name: 'of its equality ids', required: false, type: 'unknown' })
  const path = pathTo(found)
  if (isNested(found.type) || path.some(({ role }) => role !== 'field'))
    throw new IcebergError(
      'FORMAT_UNSUPPORTED',
      `delete file ${entry.file.location} compares ${found.path}, which is no single value of a row`,
      { file: entry.file.location },
    )
  const field = path.reduceRight<Field | undefined>(
    (inner, node) => ({
      id: node.id,
      name: node.name,
      required: false, // a file that lacks it has null, whatever the schema asks for now
      type: inner === undefined ? node.type : { type: 'struct', fields: [inner] },
      ...(node.field?.['initial-default'] === undefined ? {} : { 'initial-default': node.field['initial-default'] }),
    }),
    undefined,
  ) as Field
  checkReadable([field])
  const steps = path.slice(1).map(({ name }) => memberOf(name))
  return {
    field,
    take: cell =>
      steps.reduce<Cell>(
        (holder, step) => (holder === null || holder === undefined ? null : step(holder as Record<string, Cell>)),
        cell,
      ),
  }
}

function pathTo(node: IndexedField): IndexedField[] {
  return node.parent === undefined ? [node] : [...pathTo(node.parent), node]
}
