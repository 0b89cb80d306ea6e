import { type AsyncBuffer, type ColumnChunk, parquetMetadata } from 'hyparquet'
import { expect, test } from 'vitest'
import type { FileIO, OutputFile } from '../../src/iceberg/file-io/file-io.ts'
import { readTexts } from '../../src/iceberg/parquet/texts.ts'
import { createDataFile } from '../../src/iceberg/parquet/write.ts'
import { append, createTable, readRows, required } from '../support/table.ts'

/** A file with one column of texts, and its one chunk. */
async function chunkOf(texts: readonly string[], needed = true): Promise<{ bytes: Uint8Array; chunk: ColumnChunk }> {
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
  const field = { id: 1, name: 'text', type: 'string', required: needed }
  const writer = await createDataFile(io, 'file', { type: 'struct', 'schema-id': 0, fields: [field] })
  await writer.writeRowGroup(texts.map(text => ({ text })))
  await writer.finish()
  return { bytes, chunk: parquetMetadata(bytes).row_groups[0]?.columns[0] as ColumnChunk }
}

function asyncBuffer(bytes: Uint8Array): AsyncBuffer {
  return {
    byteLength: bytes.byteLength,
    slice: (start, end = bytes.byteLength) => new Uint8Array(bytes.slice(start, end)).buffer,
  }
}

const all = (): boolean => true
const distinct = (count: number): string[] => Array.from({ length: count }, (_, n) => `${(n * 7919) % count} ü😀 ${n}`)

test('the texts of a range of rows are read, where they are in several pages too', async () => {
  const texts = [...distinct(20), '', ...Array.from({ length: 300 }, (_, n) => `${n} ${'long '.repeat(2000)}`)]
  const { bytes, chunk } = await chunkOf(texts)
  for (const [from, to] of [
    [0, texts.length],
    [0, 1],
    [3, 21],
    [150, 310],
    [320, 321],
  ] as const)
    expect(await readTexts(asyncBuffer(bytes), chunk, from, to, all)).toEqual(texts.slice(from, to))
})

test('texts that are not wanted come as null, and each is asked for where it lies', async () => {
  const texts = distinct(100)
  const { bytes, chunk } = await chunkOf(texts)
  const asked: string[] = []
  const found = await readTexts(asyncBuffer(bytes), chunk, 10, 20, (page, start, end) => {
    const text = Buffer.from(page.subarray(start, end)).toString()
    asked.push(text)
    return text.endsWith('5')
  })
  expect(asked).toEqual(texts.slice(10, 20))
  expect(found).toEqual(texts.slice(10, 20).map(text => (text.endsWith('5') ? text : null)))
})

test('a chunk in another layout is left to the general reader', async () => {
  const few = await chunkOf(Array.from({ length: 100 }, (_, n) => `one of few ${n % 3}`))
  expect(few.chunk.meta_data?.dictionary_page_offset).toBeDefined()
  expect(await readTexts(asyncBuffer(few.bytes), few.chunk, 0, 100, all)).toBeUndefined()
  const nullable = await chunkOf(distinct(100), false)
  expect(await readTexts(asyncBuffer(nullable.bytes), nullable.chunk, 0, 100, all)).toBeUndefined()
  const { bytes, chunk } = await chunkOf(distinct(100))
  const meta = chunk.meta_data as NonNullable<ColumnChunk['meta_data']>
  for (const other of [{ codec: 'GZIP' as const }, { type: 'INT32' as const }])
    expect(
      await readTexts(asyncBuffer(bytes), { ...chunk, meta_data: { ...meta, ...other } }, 0, 9, all),
    ).toBeUndefined()
})

test('damage is left to the general reader, which says what it is', async () => {
  const texts = distinct(40)
  const { bytes, chunk } = await chunkOf(texts)
  const meta = chunk.meta_data as NonNullable<ColumnChunk['meta_data']>
  const start = Number(meta.data_page_offset)
  let left = 0
  for (let at = start; at < start + Number(meta.total_compressed_size); at++) {
    for (const value of [0x00, 0xff]) {
      const damaged = Buffer.from(bytes)
      damaged[at] = value
      const found = await readTexts(asyncBuffer(damaged), chunk, 0, 40, all)
      if (found === undefined) left++
      else expect(found).toHaveLength(40)
    }
  }
  expect(left).toBeGreaterThan(100)
})

test('a scan for some texts finds the rows that have them, whatever else it leaves out', async () => {
  let target = await createTable({ columns: [required('session', 'string'), required('part', 'string')] })
  const rows = Array.from({ length: 5000 }, (_, n) => ({ session: `s${Math.floor(n / 500)}`, part: `${n * 31}#0` }))
  target = await append(target, rows, 700)
  const among = ['31#0', '93000#0', '93031#0', '31000000#0']
  const found = await readRows(target.table, {
    where: { column: 'session', values: new Set(['s0', 's6', 's9']) },
    texts: { column: 'part', among },
  })
  expect(found).toHaveLength(1500)
  expect(found.filter(({ part }) => part !== null && among.includes(part as string))).toEqual([
    { session: 's0', part: '31#0' },
    { session: 's6', part: '93000#0' },
    { session: 's6', part: '93031#0' },
  ])
  expect(found.filter(({ part }) => part === null).length).toBeGreaterThan(1000)
})
