import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import { cellText } from '../../../src/iceberg/cell-text.ts'
import { scanColumns } from '../../../src/iceberg/scan.ts'
import { liveFiles } from '../../../src/iceberg/snapshot.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import type { Unwanted } from '../../../src/ingest/deletion/request.ts'
import type { RowPlaces } from '../../../src/ingest/deletion/selection.ts'
import { deleteFromTable, type RowsWhere, type TableDeletion } from '../../../src/ingest/deletion/table-deletion.ts'
import { type Appended, appendOnce } from '../../../src/ingest/keys/append-once.ts'
import { rowKey } from '../../../src/ingest/keys/row-key.ts'
import { tombstoneReader } from '../../../src/ingest/tombstones/tombstones.ts'
import type { ColumnDeclaration, Declaration } from '../../../src/schema/declaration.ts'
import { apply, openTable, seededContext } from '../../support/crash-table.ts'
import { PowerDisk } from '../../support/power-file-io.ts'
import { readRows } from '../../support/table.ts'

/*
 * A small table on a disk in memory, to delete from.
 */

export const directory = '/home/table'

const columns: readonly ColumnDeclaration[] = [
  { name: 'session_id', type: 'string', required: true },
  { name: 'part_id', type: 'string', required: true },
  { name: 'message_created_at', type: 'timestamptz' },
  { name: 'text', type: 'string' },
]

export function declaration(changes: Partial<Declaration> = {}): Declaration {
  return {
    table: 'ai_gateway_messages',
    release: 9,
    columns,
    identifier: ['session_id', 'part_id'],
    partitionBy: [{ column: 'session_id', transform: 'bucket[2]' }],
    sortBy: ['session_id'],
    ...changes,
  }
}

const day = 86_400_000_000n

/** So many rows of a session, one a day from 1970-01-01 on; the last has no time. */
export function session(name: string, rows = 3): Row[] {
  return Array.from({ length: rows }, (_, index) => ({
    session_id: name,
    part_id: `${name}#${index}`,
    message_created_at: index === rows - 1 ? null : BigInt(index) * day,
    text: `said in ${name}`,
  }))
}

export interface Deleting {
  readonly disk: PowerDisk
  readonly catalog: Catalog
  readonly append: (rows: readonly Row[], through?: Catalog) => Promise<Appended>
  readonly remove: (
    unwanted: Unwanted,
    options?: { readonly dryRun?: boolean; readonly through?: Catalog },
  ) => Promise<TableDeletion>
  readonly rows: () => Promise<string[]>
  readonly files: () => Promise<number>
}

export async function newTable(declared: Declaration = declaration()): Promise<Deleting> {
  const disk = new PowerDisk()
  await disk.io.makeDirectory('/home')
  const context = seededContext(1)
  await apply(openTable(disk.io, directory, context), directory, declared, context)
  return onDisk(disk, declared)
}

let seeds = 100

/** The same table as another process finds it. */
export function onDisk(disk: PowerDisk, declared: Declaration = declaration()): Deleting {
  const context = seededContext(++seeds)
  const catalog = openTable(disk.io, directory, context)
  const place = {
    io: disk.io,
    directory: '/home/records',
    uniqueName: context.uniqueName,
    now: context.now,
    randomBytes: (length: number) => Uint8Array.from({ length }, () => Math.floor(context.random() * 256)),
  }
  const name = declared.table
  const tombstones = tombstoneReader({ place, table: name })
  const key = rowKey(declared.identifier)
  return {
    disk,
    catalog,
    append: async (rows, through = catalog) =>
      appendOnce(through, await through.load(), rows, key, context, { tombstones }),
    remove: (unwanted, { dryRun = false, through = catalog } = {}) =>
      deleteFromTable({ catalog: through, name, request: { unwanted, dryRun }, place, context, rowsWhere }),
    rows: async () => (await readRows(await catalog.load())).map(row => cellText(row['part_id'])).sort(),
    files: async () => (await liveFiles(await catalog.load())).data.length,
  }
}

/** Of conditions these tests know one: `part_id = …`, for several ids with a comma between. */
const rowsWhere: RowsWhere = async (table, where) => {
  const wanted = new Set(where.replace('part_id = ', '').split(','))
  const places = new Map<string, Set<number>>()
  for await (const { entry, fields, columns: cells, rowCount, positionAt } of scanColumns(table, {
    columns: ['part_id'],
  }))
    for (let index = 0; index < rowCount; index++) {
      if (!wanted.has(cellText(cells.get(fields[0]?.id as number)?.[index]))) continue
      const known = places.get(entry.file.location) ?? new Set()
      places.set(entry.file.location, known.add(positionAt(index)))
    }
  return places satisfies RowPlaces
}

export function ids(...batches: (readonly Row[])[]): string[] {
  return batches
    .flat()
    .map(row => cellText(row['part_id']))
    .sort()
}
