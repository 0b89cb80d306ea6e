import { randomUUID } from 'node:crypto'
import { newSnapshotId } from '../../src/iceberg/commit-snapshot.ts'
import { writeFile } from '../../src/iceberg/file-io/file-io.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { type DataFile, entryStatus, fileContent, type ManifestEntry } from '../../src/iceberg/manifest/data-file.ts'
import { encodeManifest } from '../../src/iceberg/manifest/manifest.ts'
import { encodeManifestList, summarizePartitions } from '../../src/iceberg/manifest/manifest-list.ts'
import { currentSnapshot, specById } from '../../src/iceberg/metadata.ts'
import { createDataFile } from '../../src/iceberg/parquet/write.ts'
import { indexById } from '../../src/iceberg/schema-index.ts'
import { liveFiles, readManifestList } from '../../src/iceberg/snapshot.ts'
import type { Cell, Field, Row, Snapshot } from '../../src/iceberg/types.ts'
import type { TestTable } from './table.ts'

/*
 * Delete files for tests: the product reads them and writes none.
 */

/** A row to delete: the location of its file, and where in it. */
export interface Position {
  readonly file: string
  readonly pos: number
}

export interface DeleteOptions {
  /** Partition values by partition field id, and the spec they are of; of the first live data file when left out. */
  readonly partition?: ReadonlyMap<number, Cell>
  readonly specId?: number
  readonly rowGroupRows?: number
  /** Changes what the manifest says of the file. */
  readonly change?: (file: DataFile) => DataFile
}

const pathField: Field = { id: 2147483546, name: 'file_path', required: true, type: 'string' }
const positionField: Field = { id: 2147483545, name: 'pos', required: true, type: 'long' }

/** Deletes rows by position, in one commit with one delete file. */
export async function deletePositions(
  target: TestTable,
  positions: readonly Position[],
  options: DeleteOptions = {},
): Promise<TestTable> {
  const rows = positions.map(({ file, pos }) => ({ file_path: file, pos: BigInt(pos) }))
  const file = await writeDeletes(target, [pathField, positionField], rows, options)
  return commitDeletes(target, [{ ...file, content: fileContent.positionDeletes }], options)
}

/** Deletes rows by the values of columns, in one commit with one delete file. */
export async function deleteEqual(
  target: TestTable,
  ids: readonly number[],
  rows: readonly Row[],
  options: DeleteOptions & { readonly fields?: readonly Field[] } = {},
): Promise<TestTable> {
  const index = indexById(currentSchema(target.table.metadata))
  const fields = options.fields ?? ids.map(id => index.get(id)?.field as Field)
  const file = await writeDeletes(target, fields, rows, options)
  return commitDeletes(target, [{ ...file, content: fileContent.equalityDeletes, equalityIds: ids }], options)
}

/** The live data files, in the order of their commits. */
export async function dataFilesOf({ table }: TestTable): Promise<ManifestEntry[]> {
  const { data } = await liveFiles(table)
  return data.sort((a, b) => Number(a.sequenceNumber) - Number(b.sequenceNumber))
}

async function writeDeletes(
  target: TestTable,
  fields: readonly Field[],
  rows: readonly Row[],
  { partition, rowGroupRows = 1000 }: DeleteOptions,
): Promise<DataFile> {
  const { table } = target
  const location = `${table.metadata.location}/data/${randomUUID()}-deletes.parquet`
  const writer = await createDataFile(table.io, table.path(location), { type: 'struct', 'schema-id': 0, fields })
  for (let start = 0; start < rows.length; start += rowGroupRows)
    await writer.writeRowGroup(rows.slice(start, start + rowGroupRows))
  const [first] = await dataFilesOf(target)
  return {
    ...(await writer.finish()),
    content: fileContent.positionDeletes,
    location,
    format: 'PARQUET',
    partition: partition ?? first?.file.partition ?? new Map(),
    equalityIds: undefined,
    sortOrderId: undefined,
  }
}

/** Commits delete files as they are described. */
export async function commitDeletes(
  { catalog, table, directory }: TestTable,
  described: readonly DataFile[],
  { specId, change = file => file }: DeleteOptions = {},
): Promise<TestTable> {
  const { metadata } = table
  const files = described.map(change)
  const spec = specById(metadata, specId ?? metadata['default-spec-id'])
  const schema = currentSchema(metadata)
  const parent = currentSnapshot(metadata)
  const sequenceNumber = Number(metadata['last-sequence-number']) + 1
  const snapshotId = newSnapshotId(metadata, Math.random)
  const sync = new Uint8Array(16)
  const bytes = encodeManifest(
    files.map(file => ({ status: entryStatus.added, file })),
    spec,
    schema,
    sync,
  )
  const location = `${metadata.location}/metadata/${randomUUID()}-m0.avro`
  await writeFile(table.io, table.path(location), bytes)
  const rows = files.reduce((sum, file) => sum + file.recordCount, 0)
  const list = encodeManifestList(
    [
      {
        location,
        length: bytes.byteLength,
        specId: spec['spec-id'],
        content: 1,
        sequenceNumber,
        minSequenceNumber: sequenceNumber,
        addedSnapshotId: snapshotId,
        addedFiles: files.length,
        existingFiles: 0,
        deletedFiles: 0,
        addedRows: rows,
        existingRows: 0,
        deletedRows: 0,
        partitions: summarizePartitions(files, spec, schema),
        keyMetadata: undefined,
      },
      ...(await readManifestList(table)),
    ],
    { snapshotId, parentSnapshotId: parent?.['snapshot-id'], sequenceNumber },
    sync,
  )
  const listLocation = `${metadata.location}/metadata/snap-${snapshotId}-1-${randomUUID()}.avro`
  await writeFile(table.io, table.path(listLocation), list)
  const snapshot: Snapshot = {
    'sequence-number': sequenceNumber,
    'snapshot-id': snapshotId,
    ...(parent === undefined ? {} : { 'parent-snapshot-id': parent['snapshot-id'] }),
    'timestamp-ms': Math.max(Date.now(), metadata['last-updated-ms']),
    // Totals count what data files hold.
    summary: { ...parent?.summary, operation: 'delete' },
    'manifest-list': listLocation,
    'schema-id': metadata['current-schema-id'],
  }
  const committed = await catalog.commit(table, {
    requirements: [{ type: 'assert-table-uuid', uuid: metadata['table-uuid'] }],
    updates: [
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshotId },
    ],
  })
  return { directory, catalog, table: committed }
}
