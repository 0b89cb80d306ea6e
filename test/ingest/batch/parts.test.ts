import { expect, test } from 'vitest'
import { type BodyPart, bodyParts, largestBody } from '../../../src/ingest/batch/parts.ts'

async function* inChunks(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += length) yield bytes.subarray(at, at + length)
}

async function partsOf(bytes: Uint8Array, length = 1 << 20): Promise<BodyPart[]> {
  const parts: BodyPart[] = []
  for await (const part of bodyParts(inChunks(bytes, length))) parts.push(part)
  return parts
}

function linesIn({ body }: BodyPart): number {
  return body.reduce((lines, byte) => lines + (byte === 0x0a ? 1 : 0), 0)
}

test('a short stream is one body of the format that its first bytes tell, and an empty one is none', async () => {
  const array = Buffer.from(' [{"a": 1}]')
  expect(await partsOf(array, 3)).toEqual([{ body: array, format: 'json' }])
  expect(await partsOf(Buffer.from('{"a":1}'))).toMatchObject([{ format: 'ndjson' }])
  expect(await partsOf(Buffer.alloc(0))).toEqual([])
})

test('a long one is cut behind lines, into bodies that are taken at once, and none of it is lost', async () => {
  const line = `${JSON.stringify({ text: 'x'.repeat(1_000_000) })}\n`
  const long = Buffer.from(line.repeat(70))
  const parts = await partsOf(long)
  expect(parts.map(linesIn)).toEqual([33, 33, 4])
  for (const { body } of parts) expect(body.byteLength).toBeLessThanOrEqual(largestBody)
  expect(Buffer.concat(parts.map(({ body }) => body)).equals(long)).toBe(true)
})

test('short lines are cut by their number', async () => {
  const many = Buffer.from(`${'{"a":1}\n'.repeat(2_000_001)}{"a":2}`)
  const parts = await partsOf(many)
  expect(parts.map(linesIn)).toEqual([1_000_000, 1_000_000, 1])
  expect(Buffer.concat(parts.map(({ body }) => body)).equals(many)).toBe(true)
})

test('what is too long and has no lines to cut behind is refused', async () => {
  await expect(partsOf(Buffer.alloc(largestBody + 1, '['))).rejects.toMatchObject({ code: 'TOO_LARGE' })
  await expect(partsOf(Buffer.from(`{"a":"${'x'.repeat(largestBody)}"}\n`))).rejects.toMatchObject({
    code: 'TOO_LARGE',
  })
})
