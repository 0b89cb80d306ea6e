import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import type { ReadPoint } from '../../../src/sources/source.ts'
import { readFileWhole, session, textIn, transcript, tree, user, without } from './transcript.ts'

const text = fc.constantFrom('hello', 'größer', '日本語', '😀 \u2028 half \ud83d', 'two\nlines', 'x'.repeat(300))
const sometimes = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined })

/** Members of a line in any combination: sessions, agents and ids that recur, times that are missing or go back. */
const envelope = fc.record({
  sessionId: fc.constantFrom(session, 'other', undefined),
  uuid: sometimes(fc.constantFrom('u1', 'u2', 'u3', 'u4', 'u5')),
  agentId: sometimes(fc.constantFrom('a1', 'acompact-1', 'aprompt_suggestion-1')),
  isSidechain: sometimes(fc.boolean()),
  timestamp: sometimes(fc.constantFrom('2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z', 'soon')),
})
const usage = fc.record({ input_tokens: fc.nat(9), output_tokens: fc.nat(999) })
const record = fc
  .tuple(
    envelope,
    fc.oneof(
      fc.record({ type: fc.constant('user'), message: fc.record({ content: fc.oneof(text, fc.constant(null)) }) }),
      fc.record({
        type: fc.constant('assistant'),
        message: fc.record({
          id: fc.constantFrom('msg_1', 'msg_2'),
          usage,
          content: fc.array(fc.record({ type: fc.constantFrom('text', 'thinking'), text }), { maxLength: 3 }),
        }),
      }),
      fc.record({ type: fc.constant('ai-title'), aiTitle: fc.constantFrom('A', 'B') }),
      fc.record({ type: fc.constantFrom('progress', 'summary', 'last-prompt', 'file-history-snapshot'), data: text }),
      fc.record({ type: fc.constant('system'), subtype: fc.constant('compact_boundary'), content: text }),
      fc.record({ type: fc.constant('new'), note: text }),
    ),
  )
  .map(([shared, own]) => JSON.stringify({ ...shared, ...own }))
const line = fc.oneof(
  { arbitrary: record, weight: 12 },
  { arbitrary: fc.constantFrom('{"broken', '', '\ufeff{}', '[]', '7', '\0\0', '{"x":"'.padEnd(3000, 'y')), weight: 2 },
)
const history = fc
  .array(fc.tuple(line, fc.constantFrom('\n', '\n', '\r\n')), { maxLength: 14 })
  .map(lines => Buffer.from(lines.map(([content, end]) => content + end).join('')))

interface Pieces {
  readonly rows: readonly Row[]
  /** Where lines are damaged. */
  readonly damaged: ReadonlySet<string>
}

/** Reads a file each time that it has grown to one of these shares of its size. */
async function readInPieces(name: string, content: Buffer, shares: readonly number[]): Promise<Pieces> {
  const path = join(await tree({ [name]: '' }), name)
  const rows: Row[] = []
  const damaged = new Set<string>()
  let end: ReadPoint | undefined
  let written = 0
  for (const share of [...shares, 1].sort((a, b) => a - b)) {
    const size = Math.floor(share * content.length)
    await appendFile(path, content.subarray(written, size))
    written = size
    const read = await readFileWhole(path, { from: end, maxLineBytes: 2000 })
    rows.push(...read.rows)
    for (const { line: number, reason } of read.malformed) damaged.add(`${number} ${reason}`)
    end = read.end
  }
  return { rows, damaged }
}

/** A line without a time, before any that has one, takes the time of its file; that is no matter of its lines. */
const withoutFileTime = (rows: readonly Row[]): readonly Row[] =>
  rows.map(row => {
    if (!textIn(row, 'attributes').includes('"created_at_from":"file"')) return row
    return without(row, 'message_created_at', 'conversation_started_at', 'date') as Row
  })

test('a history read while it grows, wherever its end was each time, gives the rows of the finished one', async () => {
  await fc.assert(
    fc.asyncProperty(
      history,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
      fc.constantFrom(`${session}.jsonl`, 'agent-0a1b2c3d.jsonl'),
      async (content, shares, name) => {
        const grown = await readInPieces(name, content, shares)
        const whole = await readInPieces(name, content, [])
        expect(withoutFileTime(grown.rows)).toEqual(withoutFileTime(whole.rows))
        expect(grown.damaged).toEqual(whole.damaged)
      },
    ),
    { numRuns: 150 },
  )
})

test('a history cut after every single byte of it gives the same rows', async () => {
  const content = Buffer.from(
    transcript(
      { type: 'progress', data: { text: 'größer' } },
      user('日本 😀', { uuid: undefined }),
      user('日本 😀', { uuid: undefined }),
    ).replaceAll('\n', '\r\n'),
  )
  const whole = await readInPieces('a.jsonl', content, [])
  expect(whole.rows).toHaveLength(2)
  for (let cut = 1; cut < content.length; cut++) {
    const grown = await readInPieces('a.jsonl', content, [cut / content.length])
    expect({ cut, rows: grown.rows }).toEqual({ cut, rows: whole.rows })
  }
})

test('the time of the file, which a line without any takes, does not change when the file grows', async () => {
  const title = transcript({ type: 'ai-title', aiTitle: 'A', sessionId: session })
  const path = join(await tree({ 'a.jsonl': title }), 'a.jsonl')
  const before = await readFileWhole(path)
  await new Promise(resolve => setTimeout(resolve, 20))
  await appendFile(path, transcript(user('later')))
  expect((await readFileWhole(path)).rows[0]).toEqual(before.rows[0])
})

test('a progress line that is not finished yet is not half taken for one', async () => {
  const progress = JSON.stringify({ type: 'progress', data: { text: 'x'.repeat(500) } })
  const path = join(await tree({ 'a.jsonl': progress.slice(0, 200) }), 'a.jsonl')
  const first = await readFileWhole(path)
  expect(first.skipped).toEqual({ 'torn-tail': 1 })
  await writeFile(path, `${progress}\n${transcript(user('next'))}`)
  const second = await readFileWhole(path, { from: first.end })
  expect(second.skipped).toEqual({ progress: 1 })
  expect(second.rows).toHaveLength(1)
})

test('a line that is too long already and grows on is one line', async () => {
  const path = join(await tree({ 'a.jsonl': 'x'.repeat(3000) }), 'a.jsonl')
  const first = await readFileWhole(path, { maxLineBytes: 1000 })
  expect(first.skipped).toEqual({ 'line-too-long': 1 })
  await appendFile(path, `xxx\n${transcript(user('next'))}{\n`)
  const second = await readFileWhole(path, { from: first.end, maxLineBytes: 1000 })
  expect(second.skipped).toEqual({ 'line-too-long': 1, 'invalid-json': 1 })
  expect(second.malformed.map(({ line: number }) => number)).toEqual([1, 3])
  expect(second.rows).toHaveLength(1)
})

test('a note about a subagent that comes after its first lines goes to those that follow', async () => {
  const name = 'subagents/agent-a1.jsonl'
  const directory = await tree({ [name]: transcript(user('task')) })
  const path = join(directory, name)
  const first = await readFileWhole(path)
  await writeFile(join(directory, 'subagents/agent-a1.meta.json'), '{"agentType":"Plan","toolUseId":"toolu_1"}')
  await appendFile(path, transcript(user('more'), user('and more')))
  const second = await readFileWhole(path, { from: first.end })
  const told = [...first.rows, ...second.rows].map(row => {
    const { claude } = JSON.parse(row['attributes'] as string) as { readonly claude?: Record<string, unknown> }
    return [claude?.['spawned_by_tool_use_id'], claude?.['agent_meta'] !== undefined]
  })
  expect(told).toEqual([
    [undefined, false],
    ['toolu_1', true],
    ['toolu_1', true],
  ])
})
