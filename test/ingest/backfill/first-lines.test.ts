import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import { countingSink } from '../../../src/ingest/backfill/counting-sink.ts'
import { tableSink } from '../../../src/ingest/backfill/table-sink.ts'
import { rowShaper } from '../../../src/ingest/rows.ts'
import { builtinDeclaration } from '../../../src/schema/builtin.ts'
import { readClaudeFile } from '../../../src/sources/claude/read.ts'
import { assistant, transcript, tree, user } from '../../sources/claude/transcript.ts'
import { systemClock } from '../../support/crash-table.ts'
import { readRows } from '../../support/table.ts'
import { type Loading, newLoading } from './loading.ts'

const a = 'projects/p/a.jsonl'
const b = 'projects/p/b.jsonl'
const texts = (...said: readonly string[]): object[] => said.map(text => ({ type: 'text', text }))
/** Lines of one uuid, with so many texts. */
const said = (...all: readonly string[]): Record<string, unknown> =>
  assistant(texts(...all), { uuid: 'u1', timestamp: '2026-06-13T19:37:00.000Z' })

async function stored(loading: Loading): Promise<string[]> {
  const rows = await readRows(await loading.load())
  return rows.map(row => `${row['part_id'] as string} ${row['content_text'] as string}`).sort()
}

/** The rows that a transcript of these lines has in the table. */
async function rowsOf(...lines: readonly object[]): Promise<Row[]> {
  const path = join(await tree({ 'a.jsonl': transcript(...lines) }), 'a.jsonl')
  const shaper = rowShaper(builtinDeclaration(9), 'g')
  const rows: Row[] = []
  for await (const captured of readClaudeFile({ path, size: 0, mtimeMs: 0 }).captured)
    rows.push(...captured.map(each => shaper.shape(each)))
  return rows
}

describe('of two lines with one uuid, of which the second has more parts, only the first is stored', () => {
  const first = said('one')
  const second = said('one', 'two', 'three')

  test('in one file', async () => {
    const loading = await newLoading()
    const summary = await loading.backfill(await tree({ [a]: transcript(first, user('then'), second) }))
    expect(summary).toMatchObject({ linesWithRows: 3, captured: 3, rows: 2, duplicates: 1 })
    expect((await stored(loading)).filter(row => row.startsWith('u1'))).toEqual(['u1#0 one'])
  })

  test('in two files', async () => {
    const loading = await newLoading()
    const claude = await tree({ [a]: transcript(first), [b]: transcript(user('before'), second) })
    expect(await loading.backfill(claude)).toMatchObject({ captured: 5, rows: 2, duplicates: 3 })
    expect((await stored(loading)).filter(row => row.startsWith('u1'))).toEqual(['u1#0 one'])
  })

  test('in two files, the one right behind the other', async () => {
    const loading = await newLoading()
    await loading.backfill(await tree({ [a]: transcript(first), [b]: transcript(second) }))
    expect(await stored(loading)).toEqual(['u1#0 one'])
  })

  test('in two runs, however often the files are read', async () => {
    const loading = await newLoading()
    const claude = await tree({ [a]: transcript(first) })
    await loading.backfill(claude)
    await writeFile(join(claude, b), transcript(second))
    expect(await loading.backfill(claude)).toMatchObject({ captured: 3, rows: 0, duplicates: 3, commits: 0 })
    await loading.backfill(claude, { rereads: true })
    expect(await stored(loading)).toEqual(['u1#0 one'])
  })

  test('in a file that grew from run to run', async () => {
    const loading = await newLoading()
    const claude = await tree({ [a]: transcript(first) })
    await loading.backfill(claude)
    await appendFile(join(claude, a), transcript(second))
    await loading.backfill(claude)
    expect(await stored(loading)).toEqual(['u1#0 one'])
  })

  test('in two lanes, which store in turn, each knowing the table as of its last batch', async () => {
    const { catalog, load, ...loading } = await newLoading()
    const sink = async (): Promise<ReturnType<typeof tableSink>> =>
      tableSink({ catalog, begun: await load(), declaration: builtinDeclaration(9), context: systemClock })
    const lanes = [await sink(), await sink()] as const
    const files = [{ path: a, firstRow: 0 }]
    await lanes[1].take({ rows: await rowsOf(user('earlier')), files })
    expect(await lanes[0].take({ rows: await rowsOf(first), files })).toMatchObject({ rows: 1, duplicates: 0 })
    expect(await lanes[1].take({ rows: await rowsOf(second), files })).toMatchObject({ rows: 0, duplicates: 3 })
    expect((await stored({ catalog, load, ...loading })).filter(row => row.startsWith('u1'))).toEqual(['u1#0 one'])
  })
})

describe('what would be stored is counted like that', () => {
  const first = said('one')
  const second = said('one', 'two', 'three')
  const dryRun = { request: { dryRun: true } }

  test('of two files, and of one beside what is stored', async () => {
    const loading = await newLoading()
    const claude = await tree({ [a]: transcript(first), [b]: transcript(user('before'), second) })
    expect(await loading.backfill(claude, dryRun)).toMatchObject({ captured: 5, rows: 2, duplicates: 3 })
    await loading.backfill(await tree({ [a]: transcript(first) }))
    expect(await loading.backfill(claude, dryRun)).toMatchObject({ captured: 5, rows: 1, duplicates: 4 })
  })

  test('of two batches, and of a line that is whole in one of them', async () => {
    const sink = countingSink(builtinDeclaration(9), undefined)
    const files = [{ path: a, firstRow: 0 }]
    const other = { ...said('x', 'y'), uuid: 'u2' }
    expect(await sink.take({ rows: await rowsOf(first), files })).toMatchObject({ rows: 1, duplicates: 0 })
    expect(await sink.take({ rows: await rowsOf(second, other), files })).toMatchObject({ rows: 2, duplicates: 3 })
  })
})

test('the second line counts as little where the first has more parts', async () => {
  const loading = await newLoading()
  await loading.backfill(
    await tree({ [a]: transcript(said('one', 'two')), [b]: transcript(said('else'), said('x', 'y', 'z')) }),
  )
  expect(await stored(loading)).toEqual(['u1#0 one', 'u1#1 two'])
})

test('a fork keeps its own copy of a message, as it stands there', async () => {
  const loading = await newLoading()
  await loading.backfill(
    await tree({ [a]: transcript(said('one')), [b]: transcript({ ...said('one', 'two'), sessionId: 'fork' }) }),
  )
  expect(await stored(loading)).toEqual(['u1#0 one', 'u1#0 one', 'u1#1 two'])
})

test('a message of which a part is missing in the table is made whole', async () => {
  const loading = await newLoading()
  const { catalog } = loading
  const line = said('one', 'two', 'three')
  const sink = tableSink({
    catalog,
    begun: await loading.load(),
    declaration: builtinDeclaration(9),
    context: systemClock,
  })
  const [one, , three] = await rowsOf(line)
  await sink.take({ rows: [one as Row, three as Row], files: [{ path: a, firstRow: 0 }] })
  expect(await loading.backfill(await tree({ [a]: transcript(line) }))).toMatchObject({ rows: 1, duplicates: 2 })
  expect(await stored(loading)).toEqual(['u1#0 one', 'u1#1 two', 'u1#2 three'])
})
