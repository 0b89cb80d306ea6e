import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readFileWhole, user as said, transcript, tree } from './claude/transcript.ts'
import { codexHome, meta, placeOf, text, threadA, user } from './codex/rollouts.ts'

const maxLineBytes = 10_000
const beginnings = [
  '{"type":"user","text":"',
  '{"timestamp":"2026-03-01T10:00:00Z","type":"compacted","payload":{"message":"',
]

test.each(beginnings)('a last line that is too long and grows is read on from where it ended: %s', async beginning => {
  const path = join(await tree({ 'a.jsonl': `${transcript(said('one'))}${beginning}` }), 'a.jsonl')
  let from = (await readFileWhole(path, { maxLineBytes })).end
  for (const [grown, isTooLong] of [
    [9000, false],
    [9000, true],
    [1, true],
    [0, true],
    [9000, true],
  ] as const) {
    await appendFile(path, 'x'.repeat(grown))
    const read = await readFileWhole(path, { maxLineBytes, from })
    expect(read.skipped).toEqual(isTooLong ? { 'line-too-long': 1 } : { 'torn-tail': 1 })
    // What was shorter than the limit may yet be a line to be read.
    expect(read.counts.bytes).toBeLessThanOrEqual(isTooLong ? 18_000 + beginning.length : grown + beginning.length)
    if (from?.begun !== undefined) expect(read.counts.bytes).toBe(grown)
    from = read.end
  }
  await appendFile(path, `"}\n${transcript(said('two'))}{\n`)
  const last = await readFileWhole(path, { maxLineBytes, from })
  expect(last.rows.map(row => row['content_text'])).toEqual(['two'])
  expect(last.skipped).toEqual({ 'line-too-long': 1, 'invalid-json': 1 })
  expect(last.malformed.map(({ line }) => line)).toEqual([2, 4])
})

test.each([
  [
    'an event of another kind',
    '{"timestamp":"2026-03-01T10:00:00Z","type":"response_item","payload":{"a":"',
    'line-too-long',
  ],
  ['a compacted history', '{"timestamp":"2026-03-01T10:00:00Z","type":"compacted","payload":{"message":"', 'compacted'],
])(
  'so is that of a rollout, and what it is, is told by its beginning once it ends: %s',
  async (_what, beginning, reason) => {
    const home = await codexHome({
      [placeOf(threadA)]: `${text(meta(threadA), user('one'))}${beginning}${'x'.repeat(11_000)}`,
    })
    const path = home.path(placeOf(threadA))
    const first = await home.read(placeOf(threadA), { maxLineBytes })
    let from = first.end
    expect(first.skipped).toEqual({ 'thread-context': 1, 'torn-tail': 1 })
    for (let turn = 0; turn < 3; turn++) {
      await appendFile(path, 'x'.repeat(100))
      const read = await home.read(placeOf(threadA), { maxLineBytes, from })
      expect(read.counts.bytes).toBe(100)
      expect(read.skipped).toEqual({ 'torn-tail': 1 })
      from = read.end
    }
    await appendFile(path, `"}}\n${text(user('two'))}`)
    const last = await home.read(placeOf(threadA), { maxLineBytes, from })
    expect(last.skipped).toEqual({ [reason]: 1 })
    expect(last.rows.map(row => row['content_text'])).toEqual(['two'])
  },
)
