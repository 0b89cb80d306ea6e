import { appendFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { AcceptRows } from '../../../src/ingest/backfill/spool-sink.ts'
import { claudeOf, transcript, tree, user } from '../../sources/claude/transcript.ts'
import {
  assistant,
  meta,
  placeOf,
  user as prompt,
  text,
  threadA,
  threadB,
  threadC,
} from '../../sources/codex/rollouts.ts'
import { readRows } from '../../support/table.ts'
import { zstdCompressed } from '../../support/zstd.ts'
import { type Loading, newLoading } from './loading.ts'

/** Takes everything but texts of this kind, and keeps the ids of the rows. */
function newSpool(refused?: string): { readonly taken: string[]; readonly accept: AcceptRows } {
  const taken: string[] = []
  const accept: AcceptRows = async body => {
    const rows = Buffer.from(body).toString().trimEnd().split('\n')
    const errors = rows.flatMap((row, index) =>
      refused !== undefined && row.includes(refused) ? [{ index, column: 'content_text', reason: 'it is bad' }] : [],
    )
    const bad = new Set(errors.map(({ index }) => index))
    for (const [index, row] of rows.entries())
      if (!bad.has(index)) taken.push((JSON.parse(row) as { part_id: string }).part_id)
    const kept = rows.length - errors.length
    const discarded = { rows: 0, values: 0 }
    return { formatVersion: 1, table: 't', rows: kept, held: true, discarded, refused: errors.length, errors }
  }
  return { taken, accept }
}

const codexOf = (
  home: string,
): { readonly request: { readonly source: 'codex' }; readonly env: Record<string, string> } => ({
  request: { source: 'codex' },
  env: { CODEX_HOME: home },
})

const many = text(
  meta(threadA),
  ...Array.from({ length: 9000 }, (_, n) => prompt(`prompt ${n} ${'ab '.repeat(n % 7)}`)),
)

async function damaged(): Promise<Buffer> {
  const whole = await zstdCompressed(many)
  return whole.subarray(0, whole.length - 1000)
}

describe('a compressed rollout that is damaged', () => {
  const place = placeOf(threadA, 'jsonl.zst')

  test('is read once, and told of in every run with what came of it', async () => {
    const home = await tree({ [place]: await damaged() })
    const loading = await newLoading()
    const first = await loading.backfill('/nowhere', codexOf(home))
    expect(first.rows).toBeGreaterThan(1000)
    expect(first.unreadable).toEqual([
      { path: join(home, place), reason: 'its zstd data is damaged or ends too early' },
    ])
    for (let again = 0; again < 2; again++)
      expect(await loading.backfill('/nowhere', codexOf(home))).toMatchObject({
        unchanged: 1,
        bytes: 0,
        lines: 0,
        unreadable: [
          {
            path: join(home, place),
            reason: `its zstd data is damaged or ends too early; it has not changed since ${first.rows} rows came of ${first.lines} lines of it`,
          },
        ],
      })
  })

  test('is read anew when it has changed', async () => {
    const home = await tree({ [place]: await damaged() })
    const loading = await newLoading()
    const { rows } = await loading.backfill('/nowhere', codexOf(home))
    await writeFile(join(home, place), await zstdCompressed(many))
    expect(await loading.backfill('/nowhere', codexOf(home))).toMatchObject({ rows: 9000 - rows, unreadable: [] })
    expect(await loading.backfill('/nowhere', codexOf(home))).toMatchObject({ unchanged: 1, unreadable: [] })
  })

  test('goes to the spool once while the table refuses rows, and is read when it takes them', async () => {
    const home = await tree({ [place]: await damaged() })
    const loading = await newLoading()
    const { accept, taken } = newSpool()
    const refusing = { ...codexOf(home), spool: accept }
    const { spooled } = await loading.backfill('/nowhere', refusing)
    expect(taken).toHaveLength(spooled)
    expect(await loading.backfill('/nowhere', refusing)).toMatchObject({ unchanged: 1, spooled: 0, unreadable: [{}] })
    expect(taken).toHaveLength(spooled)
    expect(await loading.backfill('/nowhere', codexOf(home))).toMatchObject({ unchanged: 0, rows: spooled })
  })
})

describe('while the table refuses rows, nothing goes to the spool twice', () => {
  const a = 'projects/p/a.jsonl'
  const agent = 'projects/p/agent-0a1b2c3d.jsonl'
  const days = transcript(
    ...['01', '02', '03', '04'].map(day => user(day, { uuid: `u${day}`, timestamp: `2026-01-${day}T12:00:00.000Z` })),
  )
  const since = (day: string, until?: string): object => ({
    request: { since: `2026-01-${day}`, ...(until === undefined ? {} : { until: `2026-01-${until}` }) },
  })

  test('not by asking for the same time again, or for less', async () => {
    const claude = await tree({ [a]: days })
    const loading = await newLoading()
    const { accept: spool, taken } = newSpool()
    expect(await loading.backfill(claude, { ...since('03'), spool })).toMatchObject({ spooled: 2 })
    expect(await loading.backfill(claude, { ...since('03'), spool })).toMatchObject({ unchanged: 1, spooled: 0 })
    expect(await loading.backfill(claude, { ...since('04'), spool })).toMatchObject({ unchanged: 1, spooled: 0 })
    expect(await loading.backfill(claude, { ...since('03', '04'), spool })).toMatchObject({ unchanged: 1, spooled: 0 })
    expect(taken).toEqual(['u03#0', 'u04#0'])
    // What was not asked for then is not there yet.
    expect(await loading.backfill(claude, { ...since('01', '01'), spool })).toMatchObject({ spooled: 1 })
    expect(await loading.backfill(claude, { ...since('01', '01'), spool })).toMatchObject({ unchanged: 1, spooled: 0 })
    expect(await loading.backfill(claude, { ...since('03'), spool })).toMatchObject({ unchanged: 1, spooled: 0 })
    expect(await loading.backfill(claude, { spool })).toMatchObject({ spooled: 4 })
    expect(await loading.backfill(claude, { ...since('01'), spool })).toMatchObject({ unchanged: 1, spooled: 0 })
    expect(await loading.backfill(claude, { spool })).toMatchObject({ unchanged: 1, spooled: 0 })
  })

  test('but a time of a file that has changed does, and a time says nothing of a table that takes rows', async () => {
    const claude = await tree({ [a]: days })
    const loading = await newLoading()
    const { accept: spool } = newSpool()
    await loading.backfill(claude, { ...since('03'), spool })
    await appendFile(join(claude, a), transcript(user('late', { timestamp: '2026-01-05T12:00:00.000Z' })))
    expect(await loading.backfill(claude, { ...since('03'), spool })).toMatchObject({ spooled: 3 })
    expect(await loading.backfill(claude, since('03'))).toMatchObject({ rows: 3 })
    expect(await loading.backfill(claude, since('03'))).toMatchObject({ unchanged: 0, duplicates: 3 })
    expect(await loading.backfill(claude)).toMatchObject({ rows: 2, duplicates: 3 })
  })

  test('not by a dry run, which notes nothing', async () => {
    const claude = await tree({ [a]: days })
    const loading = await newLoading()
    const { accept: spool } = newSpool()
    expect(await loading.backfill(claude, { request: { dryRun: true, since: '2026-01-03' }, spool })).toMatchObject({
      spooled: 2,
    })
    expect(await loading.backfill(claude, { ...since('03'), spool })).toMatchObject({ spooled: 2 })
  })

  test('not by a note beside a transcript that cannot be read, nor by a row that does not fit', async () => {
    const claude = await tree({ [a]: days, [agent]: days, [agent.replace('.jsonl', '.meta.json')]: 'torn' })
    const loading = await newLoading()
    const { accept: spool, taken } = newSpool('"content_text":"02"')
    const first = await loading.backfill(claude, { spool })
    expect(first).toMatchObject({ spooled: 6, refused: 2, unreadable: [{}, {}, {}] })
    const second = await loading.backfill(claude, { spool })
    expect(second).toMatchObject({ unchanged: 2, spooled: 0 })
    expect(second.unreadable.map(({ path }) => path).sort()).toEqual(first.unreadable.map(({ path }) => path).sort())
    expect(taken).toHaveLength(6)
    expect(await loading.backfill(claude)).toMatchObject({ unchanged: 0, rows: 4, duplicates: 4 })
  })
})

describe('a fork whose parent is gone', () => {
  const fork = text(meta(threadB, { forked_from_id: threadA }), prompt('go on'), assistant('I do'))
  const parent = text(meta(threadA), prompt('begin'))
  const unchanged = { unchanged: 1, bytes: 0, captured: 0 }

  async function loaded(
    files: Readonly<Record<string, string>>,
  ): Promise<{ home: string; run: () => ReturnType<Loading['backfill']>; loading: Loading }> {
    const home = await tree(files)
    const loading = await newLoading()
    return { home, loading, run: () => loading.backfill('/nowhere', codexOf(home)) }
  }

  async function write(home: string, place: string, content: string): Promise<void> {
    await mkdir(dirname(join(home, place)), { recursive: true })
    await writeFile(join(home, place), content)
  }

  test('is not read again while nothing has changed', async () => {
    const { run } = await loaded({ [placeOf(threadB)]: fork })
    expect(await run()).toMatchObject({ rows: 2 })
    expect(await run()).toMatchObject(unchanged)
    expect(await run()).toMatchObject(unchanged)
  })

  test('nor when others come, but when its parent does, and then no more', async () => {
    const { home, run } = await loaded({ [placeOf(threadB)]: fork })
    await run()
    await write(home, placeOf(threadC), text(meta(threadC), prompt('something else')))
    expect(await run()).toMatchObject({ unchanged: 1, captured: 1 })
    await write(home, `archived_sessions/rollout-2026-03-01T11-00-00-${threadA}.jsonl`, parent)
    expect(await run()).toMatchObject({ unchanged: 1, captured: 3, rows: 1, duplicates: 2 })
    expect(await run()).toMatchObject({ unchanged: 3 })
  })

  test('is read again when a file comes that is its parent by what it says alone', async () => {
    const { home, run } = await loaded({ [placeOf(threadB)]: fork })
    await run()
    await write(home, 'sessions/by-another-name.jsonl', parent)
    expect(await run()).toMatchObject({ unchanged: 0, captured: 3, rows: 1 })
    expect(await run()).toMatchObject({ unchanged: 2 })
  })

  test('is not read again for a file that is named after its parent and is of another thread', async () => {
    const { home, run } = await loaded({ [placeOf(threadB)]: fork })
    await run()
    await write(home, placeOf(threadA), text(meta(threadC), prompt('something else')))
    expect(await run()).toMatchObject({ unchanged: 1, captured: 1 })
    expect(await run()).toMatchObject({ unchanged: 2 })
  })

  test('is read again when it has changed', async () => {
    const { home, run } = await loaded({ [placeOf(threadB)]: fork })
    await run()
    await appendFile(join(home, placeOf(threadB)), text(prompt('more')))
    expect(await run()).toMatchObject({ unchanged: 0, rows: 1, duplicates: 2 })
    expect(await run()).toMatchObject(unchanged)
  })

  test('so is a thread that goes on from one that is gone, or that another one in between goes on from', async () => {
    const goesOn = (from: string): object => ({ history_base: { thread_id: from, end_ordinal_exclusive: 2 } })
    const { home, run } = await loaded({
      [placeOf(threadB)]: text(meta(threadB, goesOn(threadA)), prompt('one')),
      [placeOf(threadC)]: text(meta(threadC, goesOn(threadB)), prompt('two')),
    })
    expect(await run()).toMatchObject({ rows: 2 })
    expect(await run()).toMatchObject({ unchanged: 2 })
    await write(home, placeOf(threadA), parent)
    expect(await run()).toMatchObject({ unchanged: 0, captured: 3, rows: 1 })
    expect(await run()).toMatchObject({ unchanged: 3 })
  })
})

test('files in a directory that cannot be read for once are known when it can be again', async () => {
  const claude = await tree({
    'projects/p/a.jsonl': transcript(user('one')),
    'projects/q/b.jsonl': transcript(user('two')),
    'projects/q/deep/c.jsonl': transcript(user('three')),
  })
  const loading = await newLoading()
  await loading.backfill(claude)
  const place = join(claude, 'projects/q')
  await rename(place, join(claude, 'elsewhere'))
  // A link to itself cannot be read, whoever tries.
  await symlink(place, place)
  // The other file changes, so that the cursor is stored.
  await appendFile(join(claude, 'projects/p/a.jsonl'), transcript(user('more')))
  expect(await loading.backfill(claude)).toMatchObject({ files: 1, rows: 1, unreadable: [{ path: place }] })
  await rm(place)
  await rename(join(claude, 'elsewhere'), place)
  expect(await loading.backfill(claude)).toMatchObject({ files: 3, unchanged: 3, bytes: 0, unreadable: [] })
})

test('a note about a subagent that comes after its transcript was read changes no row, and goes to the lines that follow', async () => {
  const place = 'projects/p/s1/subagents/agent-a1b2c3d.jsonl'
  const claude = await tree({ [place]: transcript(user('task', { uuid: 'u1' })) })
  const loading = await newLoading()
  const kinds = async (): Promise<string[]> =>
    (await readRows(await loading.load())).map(
      ({ part_id: id, attributes }) =>
        `${id as string} ${claudeOf({ attributes: attributes as string })['agent_type'] as string}`,
    )
  await loading.backfill(claude)
  await writeFile(join(claude, place.replace('.jsonl', '.meta.json')), '{"agentType":"Plan"}')
  expect(await loading.backfill(claude)).toMatchObject({ unchanged: 1 })
  expect(await kinds()).toEqual(['u1#0 undefined'])
  await appendFile(join(claude, place), transcript(user('more', { uuid: 'u2' })))
  expect(await loading.backfill(claude)).toMatchObject({ rows: 1, duplicates: 1 })
  expect((await kinds()).sort()).toEqual(['u1#0 undefined', 'u2#0 Plan'])
})
