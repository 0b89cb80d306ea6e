import { appendFile, open, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Line, type LineOptions, readLines } from '../../src/sources/lines.ts'
import { tree } from './claude/transcript.ts'

async function opened(
  content: string | Uint8Array,
): Promise<{ path: string; read: (options?: LineOptions) => AsyncGenerator<Line> }> {
  const path = join(await tree({ file: content }), 'file')
  const file = await open(path)
  onTestFinished(() => file.close())
  const { size } = await file.stat()
  return { path, read: options => each(readLines(file, size, options)) }
}

async function* each(batches: AsyncIterable<readonly Line[]>): AsyncGenerator<Line> {
  for await (const batch of batches) yield* batch
}

async function linesOf(content: string | Uint8Array, options: LineOptions = {}): Promise<string[]> {
  const lines: string[] = []
  for await (const line of (await opened(content)).read(options))
    lines.push(`${line.end} ${line.end === 'cut' ? '' : line.bytes.toString()}`)
  return lines
}

test('only a newline ends a line: U+2028 and U+2029 are characters like others', async () => {
  expect(await linesOf('a\u2028b\nc\u2029d\n')).toEqual(['newline a\u2028b', 'newline c\u2029d'])
})

test('a carriage return before the newline is no part of the line', async () => {
  expect(await linesOf('a\r\nb\r\nc\r')).toEqual(['newline a', 'newline b', 'file c'])
})

test('a byte order mark is cut off the beginning of the file, and only there', async () => {
  expect(await linesOf('\ufeffa\n\ufeffb\n')).toEqual(['newline a', 'newline \ufeffb'])
  expect(await linesOf('\ufeff')).toEqual([])
})

test('blank lines are left out', async () => {
  expect(await linesOf('\n\r\n  \t\na\n\n')).toEqual(['newline a'])
  expect(await linesOf('')).toEqual([])
})

test('a run of NULs before a line is cut off, and a line of nothing else stays one', async () => {
  expect(await linesOf('\0\0\0a\n\0\0\n')).toEqual(['newline a', 'newline \0\0'])
})

test('a last line without a newline says so', async () => {
  expect(await linesOf('a\nb')).toEqual(['newline a', 'file b'])
})

test('lines that go over one or many chunks come whole, and end where the next begins', async () => {
  const long = 'x'.repeat(3_500_000)
  const content = `${'y'.repeat(1_048_570)}\n${long}\nz\n${'v'.repeat(1_048_576)}\n`
  const lines: [number, number][] = []
  for await (const line of (await opened(content)).read()) lines.push([line.bytes.length, line.endOffset])
  expect(lines).toEqual([
    [1_048_570, 1_048_571],
    [3_500_000, 4_548_572],
    [1, 4_548_574],
    [1_048_576, 5_597_151],
  ])
})

test('a line above the limit is passed over, and the next one is whole', async () => {
  const lines = await linesOf(`a\n${'x'.repeat(2_500_000)}\nb\n12345\n123456\n`, { maxLineBytes: 5 })
  expect(lines).toEqual(['newline a', 'cut ', 'newline b', 'newline 12345', 'cut '])
  expect(await linesOf('x'.repeat(2_500_000), { maxLineBytes: 5 })).toEqual(['cut '])
})

test('of a line above the limit the first 4 KiB are told, and whether it has ended', async () => {
  const lines: Line[] = []
  for await (const line of (await opened(`begin${'x'.repeat(9000)}\n${'y'.repeat(9000)}`)).read({ maxLineBytes: 5 }))
    lines.push(line)
  expect(lines.map(({ bytes, end, isWhole, number }) => [bytes.length, end, isWhole, number])).toEqual([
    [4096, 'cut', true, 1],
    [4096, 'cut', false, 2],
  ])
  expect(lines[0]?.bytes.toString('latin1', 0, 6)).toBe('beginx')
})

test('a run of NULs behind a line is cut off, unless the file ends in it', async () => {
  expect(await linesOf('a\0\0\nb\0\0')).toEqual(['newline a', 'file b\0\0'])
})

test('reading goes on where a line begins, and counts on', async () => {
  const lines: [string, number, number][] = []
  const from = { offset: 4, line: 2 }
  for await (const line of (await opened('a\n\n\nb\nc')).read({ from }))
    lines.push([line.bytes.toString(), line.number, line.endOffset])
  expect(lines).toEqual([
    ['b', 3, 6],
    ['c', 4, 7],
  ])
})

test('of a line above the limit the beginning is kept, by which its kind can be told', async () => {
  const long = `{"type":"compacted",${'x'.repeat(5_000_000)}`
  for (const content of [`${long}\n`, long, `a\n${long}\n`]) {
    const { read } = await opened(content)
    const lines: Line[] = []
    for await (const line of read({ maxLineBytes: 10_000 })) lines.push(line)
    const cut = lines.find(line => line.end === 'cut')
    expect(cut?.bytes.toString()).toBe(long.slice(0, 4096))
    expect(cut?.isWhole).toBe(content.endsWith('\n'))
  }
})

test('lines that are kept do not change when later chunks are read', async () => {
  const kept: Buffer[] = []
  const content = Array.from({ length: 400_000 }, (_, i) => String(i)).join('\n')
  for await (const line of (await opened(content)).read()) kept.push(line.bytes)
  expect(kept.map(String).join('\n')).toBe(content)
})

test('what is appended while a file is read is left for the next run', async () => {
  const { path, read } = await opened('a\nb\n')
  const lines: string[] = []
  for await (const line of read()) {
    lines.push(line.bytes.toString())
    await appendFile(path, 'c\n')
  }
  expect(lines).toEqual(['a', 'b'])
})

test('a file that is shortened while it is read just ends', async () => {
  const { path, read } = await opened('x'.repeat(3_000_000))
  await truncate(path, 4)
  const lines: string[] = []
  for await (const line of read()) lines.push(line.bytes.toString())
  expect(lines).toEqual(['xxxx'])
})

test('reading stops with the signal’s reason', async () => {
  const controller = new AbortController()
  const { read } = await opened(`${'x'.repeat(99_999)}\n`.repeat(30))
  await expect(async () => {
    for await (const _ of read({ signal: controller.signal })) controller.abort(new Error('enough'))
  }).rejects.toThrow('enough')
})
