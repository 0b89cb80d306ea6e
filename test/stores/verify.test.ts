import { writeFile } from 'node:fs/promises'
import { expect, test, vi } from 'vitest'
import type { DataFile, FieldSummary, ManifestFile } from '../../src/iceberg/manifest/data-file.ts'
import { encodeManifestList } from '../../src/iceberg/manifest/manifest-list.ts'
import { readManifestList } from '../../src/iceberg/snapshot.ts'
import { verifyTable } from '../../src/stores/table/verify.ts'
import { addFile, type ParquetContent } from '../support/parquet-file.ts'
import { append, createTable, optional, required, type TestTable } from '../support/table.ts'

// Its thread is there only when the program is built; here nobody asks what it says.
vi.mock('../../src/stores/table/icebird.ts', () => ({ readByIcebird: () => ({ rows: 0, digest: '' }) }))

async function problems({ table }: TestTable): Promise<string[]> {
  return (await verifyTable(table)).damage.map(({ message }) => message)
}

const numbers: ParquetContent = {
  elements: [
    { name: 'id', type: 'INT32', repetition_type: 'REQUIRED', field_id: 1 },
    { name: 'd', type: 'DOUBLE', repetition_type: 'OPTIONAL', field_id: 2 },
  ],
  columns: { id: [1, 2, 3], d: [Number.NaN, 2.5, null] },
}

/** A file of another writer, of which its manifest says what is given. */
async function saying(change: Partial<DataFile>): Promise<TestTable> {
  const columns = [required('id', 'int'), optional('d', 'double')]
  return addFile(await createTable({ columns }), numbers, new Map(), file => ({ ...file, ...change }))
}

test('values that are no number lie in no bounds, and are no damage', async () => {
  const target = await createTable({
    columns: [required('id', 'int'), optional('d', 'double'), optional('f', 'float')],
  })
  const rows = [
    { id: 1, d: Number.NaN, f: 1 },
    { id: 2, d: 5, f: Number.NaN },
    { id: 3, d: -0, f: null },
  ]
  expect(await problems(await append(target, rows))).toEqual([])
})

test('how many values, nulls and numbers that are none a column has is held against its manifest', async () => {
  const right = {
    valueCounts: new Map([[2, 3]]),
    nullValueCounts: new Map([[2, 1]]),
    nanValueCounts: new Map([[2, 1]]),
  }
  expect(await problems(await saying(right))).toEqual([])
  const wrong = {
    valueCounts: new Map([[2, 1]]),
    nullValueCounts: new Map([[2, 2]]),
    nanValueCounts: new Map([[2, 0]]),
  }
  expect(await problems(await saying(wrong))).toEqual([
    'column d has 3 values, the manifest says 1',
    'column d has 1 nulls, the manifest says 2',
    'column d has 1 nans, the manifest says 0',
  ])
})

test('members of structs lie in their bounds too', async () => {
  const columns = [optional('s', { type: 'struct', fields: [optional('x', 'int'), optional('y', 'string')] })]
  const elements = [
    { name: 's', num_children: 2, repetition_type: 'OPTIONAL', field_id: 1 },
    { name: 'x', type: 'INT32', repetition_type: 'OPTIONAL', field_id: 2 },
    { name: 'y', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL', field_id: 3 },
  ] as const
  const content = { elements, columns: { s: [{ x: 1, y: 'a' }, null, { x: 7, y: null }] } }
  const upTo = async (x: number): Promise<TestTable> =>
    addFile(await createTable({ columns }), content, new Map(), file => ({
      ...file,
      upperBounds: new Map([[2, Uint8Array.of(x, 0, 0, 0)]]),
    }))
  expect(await problems(await upTo(7))).toEqual([])
  expect(await problems(await upTo(6))).toEqual(['column s.x has 1 values outside the bounds of the manifest'])
})

test.each([
  ['identity(id)', 2],
  ['bucket[4](id)', 3],
  ['truncate[2](id)', 4],
])(
  'rows of a partition other than the manifest says by %s are found: nobody looks for them there',
  async (by, value) => {
    const target = await createTable({ columns: [required('id', 'int')], partitionBy: [by] })
    expect(await problems(await append(target, [{ id: 1 }, { id: 2 }, { id: 5 }]))).toEqual([])
    const content = { elements: numbers.elements.slice(0, 1), columns: { id: [1] } }
    const [told] = await problems(await addFile(target, content, new Map([[1000, value]])))
    expect(told).toContain('1 rows are not of the partition')
  },
)

/** The table, after its newest list was written again, saying something else of its manifests. */
async function listing(
  target: TestTable,
  change: (manifest: ManifestFile) => Partial<ManifestFile>,
): Promise<TestTable> {
  const { table } = target
  const changed = (await readManifestList(table)).map(manifest => ({ ...manifest, ...change(manifest) }))
  const snapshot = { snapshotId: 1, parentSnapshotId: undefined, sequenceNumber: 1 }
  const list = table.metadata.snapshots.at(-1)?.['manifest-list'] as string
  await writeFile(table.path(list), encodeManifestList(changed, snapshot, new Uint8Array(16)))
  return target
}

test('what a list says of its manifests is held against them: by that they are passed over', async () => {
  const shape = { columns: [optional('id', 'int')], partitionBy: ['identity(id)'] }
  const filled = async (): Promise<TestTable> => append(await createTable(shape), [{ id: 1 }, { id: 5 }, { id: null }])
  expect(await problems(await filled())).toEqual([])
  const none = { addedFiles: 0, existingFiles: 0, addedRows: 4, existingRows: 1, deletedFiles: 2, deletedRows: 3 }
  expect(await problems(await listing(await filled(), () => none))).toEqual([
    'has 3 added files, its list says 0',
    'has 0 deleted files, its list says 2',
    'has 3 added rows, its list says 4',
    'has 0 existing rows, its list says 1',
    'has 0 deleted rows, its list says 3',
  ])
  const summary: FieldSummary = {
    containsNull: false,
    containsNan: undefined,
    lowerBound: Uint8Array.of(2, 0, 0, 0),
    upperBound: Uint8Array.of(5, 0, 0, 0),
  }
  expect(await problems(await listing(await filled(), () => ({ partitions: [summary] })))).toEqual([
    'has 2 files outside the bounds of id that its list says',
  ])
})

test('a row key that is stored twice is found in two partitions too, where the key does not say which', async () => {
  const shape = { columns: [required('id', 'int'), required('day', 'int')], partitionBy: ['identity(day)'] }
  const { table } = await append(await createTable(shape), [
    { id: 1, day: 1 },
    { id: 1, day: 2 },
  ])
  const keyed = (ids: readonly number[]): TestTable['table'] => ({
    ...table,
    metadata: {
      ...table.metadata,
      schemas: table.metadata.schemas.map(schema => ({ ...schema, 'identifier-field-ids': ids })),
    },
  })
  const messages = async (ids: readonly number[]): Promise<string[]> =>
    (await verifyTable(keyed(ids))).damage.map(({ message }) => message)
  expect(await messages([1])).toEqual(['holds a row key that is stored twice'])
})
