import { writeFile } from 'node:fs/promises'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect, test } from 'vitest'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { openParquet } from '../../src/iceberg/parquet/read.ts'
import type { Field } from '../../src/iceberg/types.ts'
import { failure, temporaryFolder } from '../support/table.ts'
import { endlessZstd, zstdCompressed } from '../support/zstd.ts'

const field: Field = { id: 1, name: 'a', required: true, type: 'string' }
const mapping = [{ 'field-id': 1, names: ['a'] }]
const texts = Array.from({ length: 500 }, (_, n) => `text ${n}`)

/** The texts of a file whose pages are compressed with zstd by this. */
async function read(compress: (page: Uint8Array) => Uint8Array): Promise<{ path: string; found: Promise<unknown[]> }> {
  const path = `${await temporaryFolder()}/f.parquet`
  const columnData = [{ name: 'a', data: texts, type: 'STRING' as const, nullable: false }]
  const bytes = parquetWriteBuffer({ columnData, codec: 'ZSTD', compressors: { ZSTD: compress } })
  await writeFile(path, Buffer.from(bytes))
  const found = async (): Promise<unknown[]> => {
    const input = await localFileIO.open(path)
    try {
      const cells: unknown[] = []
      const file = await openParquet(input, path, () => mapping)
      for await (const { columns } of file.readColumns([field])) cells.push(...(columns.get(1) ?? []))
      return cells
    } finally {
      await input.close()
    }
  }
  return { path, found: found() }
}

test('pages under zstd are read', async () => {
  const pages: Uint8Array[] = []
  await read(page => {
    pages.push(Uint8Array.from(page))
    return page
  }).then(({ found }) => found.catch(() => undefined))
  const compressed = await Promise.all(pages.map(page => zstdCompressed(page)))
  const { found } = await read(() => compressed.shift() as Uint8Array)
  expect(await found).toEqual(texts)
})

test('a damaged page under zstd, on which the decompressor never ends, is an error that names the file', async () => {
  const { path, found } = await read(() => endlessZstd)
  await expect(found).rejects.toEqual(
    failure('DATA_INVALID', `data file ${path} cannot be read: its zstd data does not come to an end`),
  )
})

test('a page under zstd that is torn is an error that names the file', async () => {
  const torn = (await zstdCompressed(texts.join('\n'))).subarray(0, 200)
  const { path, found } = await read(() => torn)
  await expect(found).rejects.toMatchObject({ code: 'DATA_INVALID', details: { file: path } })
})
