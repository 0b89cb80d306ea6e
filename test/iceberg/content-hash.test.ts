import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parquetMetadata } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { expect, test } from 'vitest'
import { isSealed } from '../../src/iceberg/avro/content-hash.ts'
import { encodeAvro } from '../../src/iceberg/avro/encode.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { assignFreshIds } from '../../src/iceberg/ids.ts'
import { isAsWritten } from '../../src/iceberg/parquet/content-hash.ts'
import { createDataFile } from '../../src/iceberg/parquet/write.ts'
import type { Schema } from '../../src/iceberg/types.ts'
import { optional, temporaryFolder } from '../support/table.ts'

const { fields } = assignFreshIds([optional('name', 'string'), optional('count', 'long')])
const schema: Schema = { type: 'struct', 'schema-id': 0, fields }

async function written(groups: number, text = 'x'): Promise<string> {
  const path = join(await temporaryFolder(), 'file.parquet')
  const writer = await createDataFile(localFileIO, path, schema)
  for (let group = 0; group < groups; group++)
    await writer.writeRowGroup([0, 1, 2].map(row => ({ name: `${text} ${group}.${row}`, count: BigInt(row) })))
  const { fileSize } = await writer.finish()
  expect((await readFile(path)).byteLength).toBe(fileSize)
  return path
}

async function check(path: string): Promise<boolean | undefined> {
  const file = await localFileIO.open(path)
  try {
    return await isAsWritten(file)
  } finally {
    await file.close()
  }
}

test.each([0, 1, 5])('a file of %d row groups is as it was written', async groups => {
  const path = await written(groups)
  expect(await check(path)).toBe(true)
  const bytes = await readFile(path)
  const footer = parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  expect(footer.key_value_metadata?.at(-1)).toEqual({
    key: 'hyp.sha256',
    value: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  })
})

test('one flipped bit is noticed wherever it is', async () => {
  const path = await written(2)
  const bytes = await readFile(path)
  const hashAt = bytes.lastIndexOf('hyp.sha256')
  for (let at = 0; at < bytes.byteLength; at++) {
    const damaged = Buffer.from(bytes)
    damaged.writeUInt8(damaged.readUInt8(at) ^ 4, at)
    await writeFile(path, damaged)
    // A bit of the key, of the length of the footer or of the name of its writer makes it the file of somebody else.
    const answer = await check(path).catch(() => undefined)
    const framing = (at >= hashAt && at < hashAt + 12) || at >= hashAt + 76
    if (framing) expect(answer).not.toBe(true)
    else expect(answer, `byte ${at} of ${bytes.byteLength}`).toBe(false)
  }
})

test('a text of the user that looks like the hash does not take its place', async () => {
  const path = await written(1, `hyp.sha256\u0018\u0040${'0'.repeat(64)}`)
  expect(await check(path)).toBe(true)
})

test('a file that carries no hash, or the hash of another, is not judged', async () => {
  const path = await written(1)
  const bytes = new ByteWriter()
  const parquet = new ParquetWriter({
    writer: bytes,
    schema: [
      { name: 'schema', num_children: 1 },
      { name: 'a', type: 'INT32', repetition_type: 'OPTIONAL' },
    ],
    kvMetadata: [{ key: 'hyp.sha256', value: 'f'.repeat(64) }],
    createdBy: 'another version 1.0.0',
  })
  void parquet.write({ columnData: [{ name: 'a', data: [1] }] })
  void parquet.finish()
  await writeFile(path, bytes.getBytes())
  expect(await check(path)).toBe(undefined)
  await writeFile(path, 'short')
  expect(await check(path)).toBe(undefined)
})

test('one flipped bit of a manifest is noticed wherever it is', () => {
  const records = [{ name: 'x', count: 7n }]
  const type = { type: 'record', name: 'r', fields: [{ name: 'name', type: 'string', 'field-id': 1 }] } as const
  const bytes = encodeAvro(type, records, { schema: '{"doc": "What it is."}' }, new Uint8Array(16).fill(9))
  expect(isSealed(bytes)).toBe(true)
  const hashAt = Buffer.from(bytes).indexOf('hyp.sha256')
  for (let at = 0; at < bytes.byteLength; at++) {
    const damaged = Uint8Array.from(bytes)
    damaged[at] = (damaged[at] as number) ^ 4
    // A bit of the key makes it the file of somebody else.
    const framing = at >= hashAt - 1 && at < hashAt + 12
    expect(isSealed(damaged), `byte ${at} of ${bytes.byteLength}`).toBe(framing ? undefined : false)
  }
})

test('a manifest of another writer carries no hash', () => {
  expect(isSealed(Buffer.from('Obj\u0001 and what follows'))).toBeUndefined()
})
