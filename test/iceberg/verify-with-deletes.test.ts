import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { verifyTable } from '../../src/stores/table/verify.ts'
import { dataFilesOf, deleteEqual, deletePositions } from '../support/deletes.ts'
import { addFile } from '../support/parquet-file.ts'
import { append, createTable, optional, required, type TestTable } from '../support/table.ts'

/** A table with six rows, of which one was deleted by position and one by its values; a key was written again. */
async function withDeletes(): Promise<TestTable> {
  const columns = [required('id', 'int'), optional('text', 'string')]
  let target = await append(
    await createTable({ columns }),
    Array.from({ length: 5 }, (_, id) => ({ id, text: id === 0 ? null : `t${id}` })),
  )
  const [file] = await dataFilesOf(target)
  target = await deletePositions(target, [{ file: file?.file.location ?? '', pos: 0 }])
  target = await deleteEqual(target, [1], [{ id: 4 }])
  return append(target, [{ id: 4, text: 'again' }])
}

test('a table whose rows were deleted is whole, and has the rows that are left', async () => {
  const { table } = await withDeletes()
  // The snapshot counts 6 rows, and the files' counts and bounds are of all of them.
  expect(table.metadata.snapshots.at(-1)?.summary?.['total-records']).toBe('6')
  const metadata = {
    ...table.metadata,
    schemas: table.metadata.schemas.map(schema => ({ ...schema, 'identifier-field-ids': [1] })),
  }
  expect(await verifyTable({ ...table, metadata })).toMatchObject({ files: 2, rows: 4, damage: [], icebird: null })
})

test('counts and bounds that are wrong are found although rows were deleted', async () => {
  const elements = [{ name: 'id', type: 'INT32', repetition_type: 'REQUIRED', field_id: 1 }] as const
  const columns = [required('id', 'int'), optional('text', 'string')]
  let target = await addFile(
    await createTable({ columns }),
    { elements, columns: { id: [1, 2] } },
    new Map(),
    file => ({
      ...file,
      nullValueCounts: new Map([[1, 1]]),
      upperBounds: new Map([[1, Uint8Array.of(1, 0, 0, 0)]]),
    }),
  )
  target = await deleteEqual(target, [1], [{ id: 2 }])
  const { damage } = await verifyTable(target.table)
  expect(damage.map(({ message }) => message)).toEqual([
    'column id has 0 nulls, the manifest says 1',
    'column id has 1 values outside the bounds of the manifest',
  ])
})

test('damage is found beside deletes, and in delete files', async () => {
  const { table } = await withDeletes()
  const names = (await table.io.list(table.path(`${table.metadata.location}/data`))).filter(name =>
    name.endsWith('-deletes.parquet'),
  )
  const path = table.path(`${table.metadata.location}/data/${names[0]}`)
  await writeFile(path, (await readFile(path)).subarray(0, -5))
  const { damage } = await verifyTable(table)
  expect(damage.map(({ file }) => file)).toContain(path)
  expect(damage.some(({ message }) => /bytes, the manifest says/.test(message))).toBe(true)
})
