import { appendFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import type { BackfillEvent, BackfillSummary } from '../../../src/ingest/backfill/backfill-summary.ts'
import { builtinDeclaration } from '../../../src/schema/builtin.ts'
import { assistant, line, transcript, tree, user } from '../../sources/claude/transcript.ts'
import { apply, systemClock } from '../../support/crash-table.ts'
import { readRows } from '../../support/table.ts'
import { type Loading, newLoading } from './loading.ts'

/** A session of so many prompts and answers, with a line that gives no row. */
function session(name: string, prompts: number): string {
  const own = { sessionId: name }
  return transcript(
    ...Array.from({ length: prompts }, (_, index) => [
      user(`question ${index}`, own),
      assistant(
        [
          { type: 'text', text: 'answer' },
          { type: 'tool_use', id: 't', name: 'Bash', input: {} },
        ],
        own,
      ),
    ]).flat(),
    line('progress', own),
    'this is no JSON',
  )
}

function rowsOf(prompts: number): number {
  return prompts * 3
}

function skippedIn(summary: BackfillSummary): Record<string, number> {
  return Object.fromEntries(Object.entries(summary.skipped).filter(([, count]) => count > 0))
}

function expectToAddUp(summary: BackfillSummary): void {
  const skipped = Object.values(summary.skipped).reduce((sum, count) => sum + count, 0)
  expect(summary.linesWithRows + skipped).toBe(summary.lines)
  expect(summary.rows + summary.duplicates).toBe(summary.captured)
}

async function stored(loading: Loading): Promise<Row[]> {
  return readRows(await loading.load())
}

test('every line is a row or counted, and every row is in the table', async () => {
  const claude = await tree({ 'projects/p/a.jsonl': session('a', 4), 'projects/p/deep/b.jsonl': session('b', 2) })
  const loading = await newLoading()
  const summary = await loading.backfill(claude)
  expectToAddUp(summary)
  expect(summary).toMatchObject({
    source: 'claude',
    files: 2,
    lines: 16,
    linesWithRows: 12,
    captured: rowsOf(6),
    rows: rowsOf(6),
    duplicates: 0,
    commits: 1,
    unreadable: [],
    illTyped: {},
  })
  expect(skippedIn(summary)).toEqual({ progress: 2, 'invalid-json': 2 })
  const rows = await stored(loading)
  expect(rows).toHaveLength(rowsOf(6))
  const gateway = (await loading.load()).metadata.properties['hyp.gateway-id']
  expect(new Set(rows.map(row => row['gateway_id']))).toEqual(new Set([gateway]))
  expect(new Set(rows.map(row => row['session_id']))).toEqual(new Set(['a', 'b']))
})

test.each([
  ['reads no file again', false, { files: 1, unchanged: 1, bytes: 0, lines: 0, captured: 0, rows: 0, duplicates: 0 }],
  ['that reads all', true, { files: 1, unchanged: 0, captured: rowsOf(4), rows: 0, duplicates: rowsOf(4) }],
])('a second run %s, adds no row and makes no commit', async (_what, rereads, sums) => {
  const claude = await tree({ 'projects/p/a.jsonl': session('a', 4) })
  const loading = await newLoading()
  await loading.backfill(claude)
  const before = await loading.load()
  const again = await loading.backfill(claude, { rereads })
  expectToAddUp(again)
  expect(again).toMatchObject({ ...sums, commits: 0 })
  const after = await loading.load()
  expect(after.version).toBe(before.version)
  expect(after.metadata.snapshots).toHaveLength(1)
})

test('what was noted late about a subagent reaches the rows of the lines that follow, wholly', async () => {
  const name = 'projects/p/s/subagents/agent-a1'
  const claude = await tree({ [`${name}.jsonl`]: transcript(user('task')) })
  const loading = await newLoading()
  await loading.backfill(claude)
  const note = { agentType: 'Plan', description: 'Look around' }
  await writeFile(join(claude, `${name}.meta.json`), JSON.stringify(note))
  await appendFile(join(claude, `${name}.jsonl`), transcript(assistant('done')))
  await loading.backfill(claude)
  const told = (await stored(loading)).map(row => {
    const { claude: of } = JSON.parse(row['attributes'] as string) as { readonly claude?: Record<string, unknown> }
    return [row['content_text'], of?.['agent_meta']]
  })
  expect(Object.fromEntries(told)).toEqual({ task: undefined, done: note })
})

test('a file that grew gives what it grew by', async () => {
  const claude = await tree({ 'projects/p/a.jsonl': session('a', 2) })
  const loading = await newLoading()
  await loading.backfill(claude)
  await writeFile(join(claude, 'projects/p/a.jsonl'), session('a', 3), { flag: 'a' })
  expect(await loading.backfill(claude)).toMatchObject({ rows: rowsOf(3), duplicates: rowsOf(2), commits: 1 })
  expect(await stored(loading)).toHaveLength(rowsOf(5))
})

test('a history that is copied to a second place is stored once', async () => {
  const text = session('a', 3)
  const claude = await tree({ 'projects/p/a.jsonl': text, 'projects/q/a.jsonl': text })
  const loading = await newLoading()
  const summary = await loading.backfill(claude)
  expectToAddUp(summary)
  expect(summary).toMatchObject({ captured: rowsOf(6), rows: rowsOf(3), duplicates: rowsOf(3) })
})

test('no history at all is no commit', async () => {
  const loading = await newLoading()
  const summary = await loading.backfill(join(await tree({}), 'nothing'))
  expect(summary).toMatchObject({ files: 0, lines: 0, rows: 0, commits: 0 })
  expect((await loading.load()).version).toBe(1)
})

test('files of garbage, torn or empty ones, and links that lead nowhere cost no other file', async () => {
  const claude = await tree({
    'projects/p/a.jsonl': Buffer.from([0, 255, 254, 10, 123, 10, 0xc3, 0x28]),
    'projects/p/b.jsonl': '{"type":"user"',
    'projects/p/c.jsonl': '',
    'projects/p/d.jsonl': session('d', 2),
  })
  // A link that leads nowhere, a directory named like a transcript, and a link to itself.
  await mkdir(join(claude, 'projects/p/e.jsonl'))
  await symlink(join(claude, 'gone'), join(claude, 'projects/p/f.jsonl'))
  await symlink(join(claude, 'projects/p/g.jsonl'), join(claude, 'projects/p/g.jsonl'))
  const loading = await newLoading()
  const summary = await loading.backfill(claude)
  expectToAddUp(summary)
  expect(summary).toMatchObject({ files: 4, rows: rowsOf(2) })
  expect(skippedIn(summary)).toEqual({ 'invalid-json': 3, 'torn-tail': 2, progress: 1 })
  expect(await stored(loading)).toHaveLength(rowsOf(2))
})

describe('a backfill that is interrupted', () => {
  const sessions = 20
  const perSession = 1200

  /** Enough rows for a commit before the last file is read. */
  async function largeHistory(): Promise<string> {
    const claude = await tree({})
    for (let index = 0; index < sessions; index++) {
      const path = join(claude, `projects/p/s${String(index).padStart(2, '0')}.jsonl`)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, session(`s${index}`, perSession))
    }
    return claude
  }

  test('after a commit keeps what is committed, and the next run adds exactly the rest', async () => {
    const claude = await largeHistory()
    const loading = await newLoading()
    const abort = new AbortController()
    const through: typeof loading.catalog = {
      ...loading.catalog,
      commit: async (base, commit) => {
        const table = await loading.catalog.commit(base, commit)
        abort.abort()
        return table
      },
    }
    await expect(loading.backfill(claude, { signal: abort.signal, through })).rejects.toMatchObject({
      name: 'AbortError',
    })
    const kept = (await stored(loading)).length
    expect(kept).toBeGreaterThanOrEqual(50_000)
    const total = rowsOf(sessions * perSession)
    expect(kept).toBeLessThan(total)
    const rest = await loading.backfill(claude)
    expectToAddUp(rest)
    // The files that were committed whole are not read again.
    expect(rest.unchanged).toBeGreaterThan(0)
    const captured = total - rest.unchanged * rowsOf(perSession)
    expect(rest).toMatchObject({ captured, rows: total - kept, duplicates: captured - (total - kept) })
    const keys = (await stored(loading)).map(row => `${row['session_id'] as string} ${row['part_id'] as string}`)
    expect(keys).toHaveLength(total)
    expect(new Set(keys).size).toBe(total)
  })

  test('before the first commit leaves the table as it was', async () => {
    const claude = await tree({ 'projects/p/a.jsonl': session('a', 3) })
    const loading = await newLoading()
    const abort = new AbortController()
    const onEvent = (event: BackfillEvent): void => {
      if (event.type === 'found') abort.abort()
    }
    await expect(loading.backfill(claude, { signal: abort.signal, onEvent })).rejects.toMatchObject({
      name: 'AbortError',
    })
    expect((await loading.load()).version).toBe(1)
    expect((await loading.backfill(claude)).rows).toBe(rowsOf(3))
  })

  test('by a full disk says so, and can be run again', async () => {
    const claude = await tree({ 'projects/p/a.jsonl': session('a', 3) })
    const loading = await newLoading()
    const through: typeof loading.catalog = {
      ...loading.catalog,
      commit: () => Promise.reject(Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC' })),
    }
    await expect(loading.backfill(claude, { through })).rejects.toMatchObject({ code: 'ENOSPC' })
    expect((await loading.backfill(claude)).rows).toBe(rowsOf(3))
  })
})

test('what it tells on the way only grows, and ends with the summary', async () => {
  const claude = await tree({ 'projects/p/a.jsonl': session('a', 50), 'projects/p/b.jsonl': session('b', 50) })
  const loading = await newLoading()
  const events: BackfillEvent[] = []
  const summary = await loading.backfill(claude, { onEvent: event => events.push(event) })
  expect(events[0]).toMatchObject({ type: 'found', roots: [{ files: 2, bytes: summary.bytes }] })
  expect(events.at(-1)).toEqual({ type: 'done', summary })
  const progress = events.filter(event => event.type === 'progress')
  expect(progress.length).toBeGreaterThan(0)
  expect(progress.map(event => event.lines)).toEqual(progress.map(event => event.lines).sort((a, b) => a - b))
  expect(progress.at(-1)).toMatchObject({
    files: { done: 2, total: 2 },
    bytes: { done: summary.bytes, total: summary.bytes },
    lines: summary.lines,
    rows: summary.rows,
  })
})

test('a column of the user is filled from the line, and what does not fit is counted', async () => {
  const declaration = builtinDeclaration(9)
  const loading = await newLoading({
    ...declaration,
    columns: [
      ...declaration.columns,
      { name: 'user_type_mine', type: 'string', from: '/userType' },
      { name: 'version_number', type: 'long', from: '/version' },
    ],
  })
  const claude = await tree({ 'projects/p/a.jsonl': session('a', 2) })
  const summary = await loading.backfill(claude)
  expect(summary.illTyped).toEqual({ version_number: rowsOf(2) })
  const rows = await stored(loading)
  expect(rows.map(row => row['user_type_mine'])).toEqual(rows.map(() => 'external'))
  expect(rows.map(row => row['version_number'])).toEqual(rows.map(() => null))
})

test('a table that is evolved meanwhile takes no rows that were made for it as it was', async () => {
  const { columns, ...declaration } = builtinDeclaration(9)
  const mine = { name: 'mine', type: 'string', from: '/userType' }
  const before = { ...declaration, columns: [...columns, mine] }
  const after = { ...declaration, columns: [...columns, { ...mine, name: 'ours', renamedFrom: 'mine' }] }
  const loading = await newLoading(before)
  const claude = await tree({ 'projects/p/a.jsonl': session('a', 2) })
  let loads = 0
  const through: typeof loading.catalog = {
    ...loading.catalog,
    load: async () => {
      if (loads++ === 1) await apply(loading.catalog, loading.directory, after, systemClock)
      return loading.load()
    },
  }
  await expect(loading.backfill(claude, { through })).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' })
  expect(await loading.backfill(claude, { declaration: after })).toMatchObject({ rows: rowsOf(2) })
  expect(new Set((await stored(loading)).map(row => row['ours']))).toEqual(new Set(['external']))
})

test('a table that is evolved before takes no rows that are made under what was applied to it then', async () => {
  const loading = await newLoading()
  const builtin = builtinDeclaration(9)
  const appliedSchemaId = (await loading.load()).metadata['current-schema-id']
  const column = { name: 'stop_reason', type: 'string', from: '/message/stop_reason' } as const
  const declaration = { ...builtin, columns: [...builtin.columns, column] }
  await apply(loading.catalog, loading.directory, declaration, systemClock)
  const folder = await tree({ 'projects/p/one.jsonl': transcript(user('hi')) })
  await expect(loading.backfill(folder, { appliedSchemaId })).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' })
  const now = (await loading.load()).metadata['current-schema-id']
  expect(await loading.backfill(folder, { declaration, appliedSchemaId: now })).toMatchObject({ rows: 1 })
})

test.each([4, 5, 6, 7, 8])('a table of release %i takes the same history', async release => {
  const claude = await tree({ 'projects/p/a.jsonl': session('a', 3) })
  const loading = await newLoading(builtinDeclaration(release))
  expect(await loading.backfill(claude)).toMatchObject({ rows: rowsOf(3), duplicates: 0 })
  expect(await loading.backfill(claude, { rereads: true })).toMatchObject({ rows: 0, duplicates: rowsOf(3) })
  const rows = await stored(loading)
  const session5 = release < 6 ? 'conversation_id' : 'session_id'
  expect(new Set(rows.map(row => row[session5]))).toEqual(new Set(['a']))
  expect(new Set(rows.map(row => row['schema_version']))).toEqual(new Set([release]))
})
