import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { TimeLimit } from '../../src/iceberg/time-limit.ts'
import { DamagedZst, type ZstOptions, zstChunks } from '../../src/sources/zst.ts'
import { endlessZstd, zstdCompressed } from '../support/zstd.ts'
import { tree } from './claude/transcript.ts'

/** What comes out of a file, as far as it does. */
async function unpacked(
  content: Uint8Array,
  options: ZstOptions = {},
): Promise<{ readonly bytes: Buffer; readonly error: unknown }> {
  const path = join(await tree({}), 'file')
  await writeFile(path, content)
  const file = await open(path)
  onTestFinished(() => file.close())
  const pieces: Buffer[] = []
  try {
    for await (const piece of zstChunks(file, content.length, options)) pieces.push(piece)
    return { bytes: Buffer.concat(pieces), error: undefined }
  } catch (error) {
    return { bytes: Buffer.concat(pieces), error }
  }
}

const varied = Buffer.from(
  Array.from({ length: 200_000 }, (_, i) => `line ${i * 7919} ${'ab'.repeat(i % 13)}\n`).join(''),
)

test('what was compressed comes out as it was, small or large, in several frames or none', async () => {
  for (const content of [Buffer.from('one line\n'), varied, Buffer.alloc(5_000_000, 'x')]) {
    const { bytes, error } = await unpacked(await zstdCompressed(content))
    expect(error).toBeUndefined()
    expect(bytes.equals(content)).toBe(true)
  }
  const frames = Buffer.concat([await zstdCompressed('first\n'), await zstdCompressed('second\n')])
  expect((await unpacked(frames)).bytes.toString()).toBe('first\nsecond\n')
  expect(await unpacked(Buffer.alloc(0))).toEqual({ bytes: Buffer.alloc(0), error: undefined })
})

test('of a file that ends too early, the beginning comes out before the damage is told', async () => {
  const whole = await zstdCompressed(varied)
  const { bytes, error } = await unpacked(whole.subarray(0, whole.length - 1000))
  expect(error).toBeInstanceOf(DamagedZst)
  expect(bytes.length).toBeGreaterThan(100_000)
  expect(varied.subarray(0, bytes.length).equals(bytes)).toBe(true)
})

test('bytes that are no zstd are told as such', async () => {
  expect((await unpacked(Buffer.from('{"type":"session_meta"} and more of it'))).error).toBeInstanceOf(DamagedZst)
  expect((await unpacked(Buffer.from('{}'))).error).toBeInstanceOf(DamagedZst)
})

test('damaged data on which the decompressor never ends is given up', async () => {
  const { error } = await unpacked(endlessZstd, { maxStepMs: 200 })
  expect(error).toBeInstanceOf(DamagedZst)
  expect(error).toMatchObject({ isSure: true, cause: expect.any(TimeLimit) as unknown })
})

test('a frame that asks for gigabytes of memory is told as damaged before they are taken', async () => {
  const small = await zstdCompressed(varied)
  // Its window has a byte of its own, whose upper bits are the exponent.
  const window = Buffer.from(small)
  window.writeUInt8(20 << 3, 5)
  const segment = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0]), Buffer.alloc(7, 0xff), Buffer.alloc(20)])
  for (const content of [window, segment]) {
    expect((await unpacked(content)).error).toEqual(
      new DamagedZst('its zstd data asks for more memory than a transcript needs'),
    )
  }
})

test('reading is given up when it is aborted', async () => {
  const path = join(await tree({}), 'file')
  const content = await zstdCompressed(varied)
  await writeFile(path, content)
  const file = await open(path)
  onTestFinished(() => file.close())
  await expect(
    zstChunks(file, content.length, { signal: AbortSignal.abort(new Error('enough')) }).next(),
  ).rejects.toThrow('enough')
})
