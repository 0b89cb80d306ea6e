import { createHash } from 'node:crypto'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import { scanColumns } from '../../iceberg/scan.ts'
import { liveDataFiles } from '../../iceberg/snapshot.ts'
import { readEvolutions } from '../../schema/applied.ts'
import { verifyTable } from '../../stores/table/verify.ts'
import { duration, plural } from '../render/text.ts'

/** A table as it is on the disk: what must not change when its schema does. */
export interface Evidence {
  readonly uuid: string
  readonly rows: number
  /** SHA-256 of every live data file, by path. */
  readonly files: ReadonlyMap<string, string>
  readonly columns: readonly string[]
}

export async function gatherEvidence(table: Table): Promise<Evidence> {
  const files = new Map<string, string>()
  for (const { file } of await liveDataFiles(table)) {
    const path = table.path(file.location)
    files.set(
      path,
      createHash('sha256')
        .update(await table.io.read(path))
        .digest('hex'),
    )
  }
  const columns = currentSchema(table.metadata).fields.map(field => field.name)
  return { uuid: table.metadata['table-uuid'], rows: await countRows(table), files, columns }
}

async function countRows(table: Table): Promise<number> {
  let rows = 0
  for await (const batch of scanColumns(table)) rows += batch.rowCount
  return rows
}

/** What an evolution left as it was and what it brought, every number read back from the table. */
export async function receiptOf(before: Evidence, table: Table): Promise<string[]> {
  const after = await gatherEvidence(table)
  const same = [...before.files].filter(([path, hash]) => after.files.get(path) === hash).length
  const added = after.columns.filter(name => !before.columns.includes(name))
  const nulls = await Promise.all(added.map(async name => `${name} ${await countNulls(table, name)} of ${after.rows}`))
  const { icebird } = await verifyTable(table)
  const ms = readEvolutions(table.metadata.properties).at(-1)?.ms ?? 0
  const rows = [
    ['rows', `${before.rows} before, ${after.rows} after`],
    ['table uuid', before.uuid === after.uuid ? 'the same' : 'CHANGED'],
    ['data files', `${same} of ${plural(before.files.size, 'file')} byte for byte the same (sha256)`],
    ['null in old rows', nulls.join(', ') || 'no column was added'],
    ['took', duration(ms)],
    ['re-read by icebird', icebird ?? 'nothing to read'],
  ]
  return ['receipt', ...rows.map(([name, value]) => `  ${String(name).padEnd(19)}${value}`)]
}

async function countNulls(table: Table, column: string): Promise<number> {
  const id = currentSchema(table.metadata).fields.find(field => field.name === column)?.id as number
  let nulls = 0
  for await (const { columns, rowCount } of scanColumns(table, { columns: [column] })) {
    const cells = columns.get(id)
    for (let index = 0; index < rowCount; index++) if ((cells?.[index] ?? null) === null) nulls++
  }
  return nulls
}
