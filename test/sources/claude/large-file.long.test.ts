import { open, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readClaudeFile } from '../../../src/sources/claude/read.ts'
import { json, readFileWhole, textIn, transcript, tree, user, without } from './transcript.ts'

const gibibyte = 2 ** 30
const mebibyte = 2 ** 20

/** The most memory that the process held while a test ran, in bytes above what it held before. */
function memory(): () => number {
  const before = process.memoryUsage.rss()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 5)
  onTestFinished(() => clearInterval(timer))
  return () => Math.max(most, process.memoryUsage.rss()) - before
}

test('a file of 3 GiB with lines of a GiB each is read in bounded memory, and what is left out is told', async () => {
  const path = join(await tree({ 'a.jsonl': transcript(user('one')) }), 'a.jsonl')
  const file = await open(path, 'a')
  for (const text of ['two', 'three', 'four']) {
    // A hole costs no disk: a run of NULs without an end, as a crash leaves it.
    await truncate(path, (await file.stat()).size + gibibyte)
    await file.appendFile(`\n${transcript(user(text))}`)
  }
  await file.close()
  const grown = memory()
  const read = await readFileWhole(path)
  expect(read.rows.map(row => row['content_text'])).toEqual(['one', 'two', 'three', 'four'])
  expect(read.malformed.map(({ line, reason }) => [line, reason])).toEqual([
    [2, 'line-too-long'],
    [4, 'line-too-long'],
    [6, 'line-too-long'],
  ])
  expect(read.counts).toMatchObject({ lines: 7, rows: 4 })
  expect(read.counts.bytes).toBeGreaterThan(3 * gibibyte)
  expect(grown()).toBeLessThan(300 * mebibyte)
})

test('a line of nearly 64 MiB is read whole, with the picture in it or the text', async () => {
  const data = 'A'.repeat(60 * mebibyte)
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data } }
  const path = join(await tree({ 'a.jsonl': transcript(user([image]), user(data)) }), 'a.jsonl')
  const { rows, skipped } = await readFileWhole(path)
  expect(skipped).toEqual({})
  expect(json(rows[0]?.['raw_frame'])).toMatchObject({ source: { data: { omitted_bytes: 45 * mebibyte } } })
  expect(textIn(rows[1], 'content_text')).toHaveLength(60 * mebibyte)
})

test('half a million lines without ids leave behind little', async () => {
  const bare = without(user('again'), 'uuid', 'parentUuid', 'cwd', 'gitBranch', 'userType')
  const path = join(await tree({ 'a.jsonl': '' }), 'a.jsonl')
  const file = await open(path, 'a')
  for (let part = 0; part < 100; part++) {
    const lines = Array.from({ length: 5000 }, (_, i) => ({ ...bare, promptId: `p${part * 5000 + i}` }))
    await file.appendFile(transcript(...lines))
  }
  const { size, mtimeMs } = await file.stat()
  await file.close()
  const grown = memory()
  const read = readClaudeFile({ path, size, mtimeMs })
  let last: unknown
  for await (const captured of read.captured) last = captured[0]?.row['message_index']
  expect(last).toBe(499_999)
  expect(grown()).toBeLessThan(300 * mebibyte)
}, 300_000)
