import { type AsyncBuffer, type FileMetaData, parquetMetadata } from 'hyparquet'
import { expect, test } from 'vitest'
import type { FileIO, OutputFile } from '../../src/iceberg/file-io/file-io.ts'
import { footerBytes, readFooter } from '../../src/iceberg/parquet/footer.ts'
import { createDataFile } from '../../src/iceberg/parquet/write.ts'
import type { Field, Row } from '../../src/iceberg/types.ts'

/** What the writer makes of rows, in memory. */
async function fileOf(fields: readonly Field[], groups: readonly (readonly Row[])[]): Promise<Uint8Array> {
  let bytes = Buffer.alloc(0)
  const output: OutputFile = {
    write: async part => {
      bytes = Buffer.concat([bytes, ...[part].flat()])
    },
    sync: async () => undefined,
    finish: async () => undefined,
    abandon: async () => undefined,
  }
  const io: Pick<FileIO, 'create' | 'remove'> = { create: async () => output, remove: async () => undefined }
  const writer = await createDataFile(io, 'file', { type: 'struct', 'schema-id': 0, fields })
  for (const rows of groups) await writer.writeRowGroup(rows)
  await writer.finish()
  return bytes
}

function asyncBuffer(bytes: Uint8Array): AsyncBuffer {
  return {
    byteLength: bytes.byteLength,
    slice: (start, end = bytes.byteLength) => new Uint8Array(bytes.slice(start, end)).buffer,
  }
}

const optional = (id: number, name: string, type: Field['type']): Field => ({ id, name, type, required: false })

const nested: Field[] = [
  optional(1, 'a', 'string'),
  optional(2, 's', { type: 'struct', fields: [optional(3, 'x', 'int'), optional(4, 'y', 'string')] }),
  optional(5, 'l', { type: 'list', 'element-id': 6, 'element-required': false, element: 'long' }),
  optional(7, 'm', {
    type: 'map',
    'key-id': 8,
    key: 'string',
    'value-id': 9,
    'value-required': false,
    value: 'double',
  }),
  optional(10, 'b', 'boolean'),
]
const rows: Row[] = [
  { a: 'ü'.repeat(300), s: { x: 1, y: 'two' }, l: [1n, null], m: [['k', 0.5]], b: true },
  { a: null, s: null, l: [], m: null, b: false },
]

/** A footer as it would be if the file had only some columns. */
function reduced(full: FileMetaData, names: readonly string[]): FileMetaData {
  const [root, ...elements] = full.schema
  let column: string | undefined
  let left = 0
  const schema = elements.filter(element => {
    if (left === 0) column = element.name
    else left--
    left += element.num_children ?? 0
    return names.includes(column ?? '')
  })
  return {
    ...full,
    schema: [{ ...(root as FileMetaData['schema'][number]), num_children: names.length }, ...schema],
    row_groups: full.row_groups.map(group => ({
      ...group,
      columns: group.columns.filter(({ meta_data }) => names.includes(meta_data?.path_in_schema[0] ?? '')),
    })),
    key_value_metadata: [],
    metadata_length: expect.any(Number) as number,
  }
}

test.each([[['a']], [['s', 'b']], [['l']], [['m', 'a']], [[]], [['a', 's', 'l', 'm', 'b']]])(
  'of a file tells of the columns %j as if there were no others',
  async names => {
    const bytes = await fileOf(nested, [rows, rows, rows.slice(0, 1)])
    const footer = await readFooter(asyncBuffer(bytes), ({ name }) => names.includes(name))
    expect(footer).toEqual(reduced(parquetMetadata(bytes), names))
  },
)

test('is read of files with more columns and row groups than one byte counts', async () => {
  const fields = Array.from({ length: 40 }, (_, index) => optional(index + 1, `c${index}`, 'int'))
  const row: Row = Object.fromEntries(fields.map(({ name, id }) => [name, id]))
  const bytes = await fileOf(
    fields,
    Array.from({ length: 20 }, () => [row]),
  )
  for (const names of [fields.map(({ name }) => name), fields.slice(3, 30).map(({ name }) => name), ['c39']])
    expect(await readFooter(asyncBuffer(bytes), ({ name }) => names.includes(name))).toEqual(
      reduced(parquetMetadata(bytes), names),
    )
})

test('is read where it is longer than what is read at first', async () => {
  const fields = Array.from({ length: 40 }, (_, index) => optional(index + 1, `c${index}`, 'int'))
  const bytes = await fileOf(
    fields,
    Array.from({ length: 40 }, () => [{}]),
  )
  const full = parquetMetadata(bytes)
  expect(full.metadata_length).toBeGreaterThan(footerBytes)
  expect(await readFooter(asyncBuffer(bytes), ({ name }) => name === 'c7')).toEqual(reduced(full, ['c7']))
})

test('is not read of what is no Parquet file, and none of its damage does more harm than that', async () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('PAR1'), Buffer.from('no such thing'), Buffer.alloc(100)])
    expect(await readFooter(asyncBuffer(bytes), () => true)).toBeUndefined()
  const bytes = Buffer.from(await fileOf(nested, [rows]))
  const start = bytes.length - 8 - parquetMetadata(bytes).metadata_length
  for (let at = start; at < bytes.length; at++) {
    for (const value of [0x00, 0xff, (bytes[at] as number) ^ 0x10]) {
      const damaged = Buffer.from(bytes)
      damaged[at] = value
      const footer = await readFooter(asyncBuffer(damaged), ({ name }) => name === 'a')
      // What another parser would take for columns of the file cannot be more than there are.
      expect(footer?.row_groups.flatMap(({ columns }) => columns).length ?? 0).toBeLessThanOrEqual(7)
    }
  }
})
