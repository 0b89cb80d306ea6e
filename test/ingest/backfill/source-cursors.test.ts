import { appendFile, cp, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { localFileIO } from '../../../src/iceberg/file-io/local.ts'
import { openSourceCursors } from '../../../src/ingest/backfill/source-cursors.ts'
import type { AcceptRows } from '../../../src/ingest/backfill/spool-sink.ts'
import { type FileIdentity, identify } from '../../../src/ingest/file-identity.ts'
import { builtinDeclaration } from '../../../src/schema/builtin.ts'
import type { Declaration } from '../../../src/schema/declaration.ts'
import { findClaudeHistories } from '../../../src/sources/claude/find.ts'
import type { RawRecord } from '../../../src/stores/records/kind.ts'
import { cursorId, cursorKind } from '../../../src/stores/records/kinds/source-cursor.ts'
import { openRecords } from '../../../src/stores/records/store.ts'
import { transcript, tree, user } from '../../sources/claude/transcript.ts'
import { apply, openTable, systemClock } from '../../support/crash-table.ts'
import { readRows } from '../../support/table.ts'
import { type Loading, newLoading } from './loading.ts'

/** A session of so many prompts, one row each. */
function session(name: string, prompts: number): string {
  return transcript(...Array.from({ length: prompts }, (_, index) => user(`question ${index}`, { sessionId: name })))
}

const a = 'projects/p/a.jsonl'
const b = 'projects/p/b.jsonl'

async function twoFiles(): Promise<string> {
  return tree({ [a]: session('a', 2), [b]: session('b', 3) })
}

function cursorPath({ records }: Loading, claude: string): string {
  return `${records.directory}/source_cursor/${cursorId('claude', join(claude, 'projects'))}.json`
}

async function cursor(loading: Loading, claude: string): Promise<RawRecord & { files: Record<string, RawRecord> }> {
  return JSON.parse(await readFile(cursorPath(loading, claude), 'utf8')) as never
}

test('what was read is noted: the table, the declaration, and of each file what it was and what it gave', async () => {
  const claude = await twoFiles()
  const loading = await newLoading()
  await loading.backfill(claude)
  const { metadata } = await loading.load()
  const { mtimeMs, ...identity } = identify(join(claude, a)) as FileIdentity
  expect(identity.size).toBe((await stat(join(claude, a))).size)
  expect(await cursor(loading, claude)).toMatchObject({
    schema_version: cursorKind.version,
    source: 'claude',
    root: join(claude, 'projects'),
    table_uuid: metadata['table-uuid'],
    snapshot_id: String(metadata['current-snapshot-id']),
    files: {
      [join(claude, a)]: {
        size: identity.size,
        mtime_ms: mtimeMs,
        dev: identity.dev,
        ino: identity.ino,
        prefix_hash: identity.prefixHash,
        lines: 2,
        rows: 2,
      },
      [join(claude, b)]: { lines: 3, rows: 3 },
    },
  })
  expect(Object.keys((await cursor(loading, claude)).files)).toHaveLength(2)
})

describe('the next run reads again', () => {
  const unchanged = { files: 2, unchanged: 2, bytes: 0, lines: 0, captured: 0, rows: 0, commits: 0 }

  test('nothing, and writes nothing, when nothing has changed', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    await loading.backfill(claude)
    const before = await stat(cursorPath(loading, claude), { bigint: true })
    expect(await loading.backfill(claude)).toMatchObject(unchanged)
    expect((await stat(cursorPath(loading, claude), { bigint: true })).ino).toBe(before.ino)
  })

  test('the file that has grown, and that alone', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    await loading.backfill(claude)
    await appendFile(join(claude, a), session('c', 1))
    expect(await loading.backfill(claude)).toMatchObject({
      files: 2,
      unchanged: 1,
      captured: 3,
      rows: 1,
      duplicates: 2,
    })
    expect(await loading.backfill(claude)).toMatchObject(unchanged)
  })

  test('a file of another time, of the same size', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    await loading.backfill(claude)
    await utimes(join(claude, a), 1, 1)
    expect(await loading.backfill(claude)).toMatchObject({ unchanged: 1, rows: 0, duplicates: 2 })
  })

  test('a file in the place of another one, of the same size and time', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    await loading.backfill(claude)
    const path = join(claude, a)
    const { atime, mtime } = await stat(path)
    await writeFile(`${path}.new`, session('x', 2))
    await utimes(`${path}.new`, atime, mtime)
    await rename(`${path}.new`, path)
    await utimes(path, atime, mtime)
    expect(await loading.backfill(claude)).toMatchObject({ unchanged: 1, rows: 2 })
  })

  test('a file that was written over in its place, of the same size and time', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    // A whole number of seconds, which can be set again.
    await utimes(join(claude, a), 1_700_000_000, 1_700_000_000)
    await loading.backfill(claude)
    await writeFile(join(claude, a), session('x', 2))
    await utimes(join(claude, a), 1_700_000_000, 1_700_000_000)
    expect(await loading.backfill(claude)).toMatchObject({ unchanged: 1, rows: 2 })
  })

  test('a file whose last line was unfinished, once it has grown', async () => {
    const claude = await tree({ [a]: `${session('a', 2)}{"type":`, [b]: session('b', 3) })
    const loading = await newLoading()
    expect(await loading.backfill(claude)).toMatchObject({ rows: 5, skipped: { 'torn-tail': 1 } })
    expect(await loading.backfill(claude)).toMatchObject(unchanged)
    await appendFile(join(claude, a), '"custom-title","customTitle":"Done","sessionId":"a"}\n')
    expect(await loading.backfill(claude)).toMatchObject({ unchanged: 1, lines: 3, rows: 1, duplicates: 2 })
  })

  test('a file that something beside it kept from being read whole', async () => {
    const agent = 'projects/p/agent-1.jsonl'
    const claude = await tree({ [agent]: session('a', 1), 'projects/p/agent-1.meta.json': 'torn' })
    const loading = await newLoading()
    expect(await loading.backfill(claude)).toMatchObject({ rows: 1, unreadable: [{}] })
    expect(await loading.backfill(claude)).toMatchObject({ unchanged: 0, rows: 0, duplicates: 1 })
    await rm(join(claude, 'projects/p/agent-1.meta.json'))
    await loading.backfill(claude)
    expect(await loading.backfill(claude)).toMatchObject({ unchanged: 1 })
  })

  test('a file that grew after it was read', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    const through: typeof loading.catalog = {
      ...loading.catalog,
      commit: async (base, commit) => {
        await appendFile(join(claude, a), session('late', 1))
        return loading.catalog.commit(base, commit)
      },
    }
    await loading.backfill(claude, { through })
    expect(await loading.backfill(claude)).toMatchObject({ unchanged: 1, rows: 1, duplicates: 2 })
  })

  test('everything under another declaration', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    await loading.backfill(claude)
    const declaration = builtinDeclaration(9)
    const columns = declaration.columns.map(column => (column.name === 'role' ? { ...column, from: '/mine' } : column))
    expect(await loading.backfill(claude, { declaration: { ...declaration, columns } })).toMatchObject({ unchanged: 0 })
    expect(await loading.backfill(claude, { declaration: { ...declaration, columns } })).toMatchObject({ unchanged: 2 })
    expect(await loading.backfill(claude)).toMatchObject({ unchanged: 0, rows: 0, duplicates: 5 })
  })

  test('nothing, when the table lies elsewhere by now', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    await loading.backfill(claude)
    const declaration = { ...builtinDeclaration(9), location: '/another/place' }
    expect(await loading.backfill(claude, { declaration })).toMatchObject(unchanged)
  })

  test('everything into a table that was made anew', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    await loading.backfill(claude)
    await rm(loading.directory, { recursive: true })
    const catalog = openTable(localFileIO, loading.directory, systemClock)
    await apply(catalog, loading.directory, builtinDeclaration(9), systemClock)
    expect(await loading.backfill(claude, { through: catalog })).toMatchObject({ unchanged: 0, rows: 5 })
  })

  test('everything into a table that an older copy was put in the place of', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    await loading.backfill(await tree({ 'projects/p/first.jsonl': session('first', 1) }))
    const copy = `${loading.directory} copy`
    await cp(loading.directory, copy, { recursive: true })
    await loading.backfill(claude)
    await rm(loading.directory, { recursive: true })
    await rename(copy, loading.directory)
    const catalog = openTable(localFileIO, loading.directory, systemClock)
    expect(await loading.backfill(claude, { through: catalog })).toMatchObject({ unchanged: 0, rows: 5 })
    expect(await readRows(await catalog.load())).toHaveLength(6)
  })

  test('nothing, when others have committed since', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    await loading.backfill(claude)
    await loading.backfill(await tree({ 'projects/p/other.jsonl': session('other', 1) }))
    expect(await loading.backfill(claude)).toMatchObject(unchanged)
  })

  test('everything that another version of hyp read', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    await loading.backfill(claude)
    await writeFile(
      cursorPath(loading, claude),
      JSON.stringify({ ...(await cursor(loading, claude)), hyp_version: '0.0.0' }),
    )
    expect(await loading.backfill(claude)).toMatchObject({ unchanged: 0, duplicates: 5 })
  })

  test('everything that a cursor of the first version notes', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    await loading.backfill(claude)
    const { source, root, files } = await cursor(loading, claude)
    const first = Object.entries(files).map(([path, { size, mtime_ms }]) => [path, { size, mtime_ms }])
    const text = JSON.stringify({ source, root, files: Object.fromEntries(first) })
    await writeFile(cursorPath(loading, claude), text)
    expect(await loading.backfill(claude)).toMatchObject({ unchanged: 0, duplicates: 5 })
    expect(await readFile(`${cursorPath(loading, claude)}.v1.bak`, 'utf8')).toBe(text)
    expect(await loading.backfill(claude)).toMatchObject(unchanged)
  })
})

test('what was noted holds for the file as it was, and for its root', async () => {
  const claude = await twoFiles()
  const loading = await newLoading()
  const histories = await findClaudeHistories({ home: '/nowhere', env: { CLAUDE_CONFIG_DIR: claude } })
  const table = await loading.load()
  const options = { place: loading.records, source: 'claude', histories, table, declaration: builtinDeclaration(9) }
  const cursors = await openSourceCursors(options)
  const root = join(claude, 'projects')
  const counts = { lines: 2, rows: 2 }
  const first = join(claude, a)
  const before = identify(first) as FileIdentity
  expect(cursors.isChanged()).toBe(false)
  cursors.wasRead(root, first, before, counts)
  expect(cursors.known(root, first)).toMatchObject(counts)
  expect(cursors.known('/another/root', first)).toBeUndefined()
  expect(cursors.isChanged()).toBe(true)
  await cursors.store(table)
  expect(cursors.isChanged()).toBe(false)
  await appendFile(first, session('late', 1))
  expect(cursors.known(root, first)).toBeUndefined()
  expect((await openSourceCursors(options)).known(root, first)).toBeUndefined()
})

describe('while the table refuses rows', () => {
  const held = { unchanged: 2, bytes: 0, spooled: 0 }
  const other: Declaration = { ...builtinDeclaration(9), sortBy: [] }

  /** Takes everything, and keeps the texts. */
  function newSpool(): { readonly bodies: string[]; readonly accept: AcceptRows } {
    const bodies: string[] = []
    return {
      bodies,
      accept: async body => {
        const text = Buffer.from(body).toString()
        bodies.push(text)
        const rows = text.trimEnd().split('\n').length
        const discarded = { rows: 0, values: 0 }
        return { formatVersion: 1, table: 't', rows, held: true, discarded, refused: 0, errors: [] }
      },
    }
  }

  test('what is in the table, under whatever declaration, and what went to the spool is not read again', async () => {
    const claude = await tree({ [a]: session('a', 2) })
    const loading = await newLoading()
    await loading.backfill(claude)
    await writeFile(join(claude, b), session('b', 3))
    const { accept, bodies } = newSpool()
    expect(await loading.backfill(claude, { declaration: other, spool: accept })).toMatchObject({
      unchanged: 1,
      rows: 0,
      spooled: 3,
      commits: 0,
    })
    expect(bodies.join('').trimEnd().split('\n')).toHaveLength(3)
    expect(await loading.backfill(claude, { declaration: other, spool: accept })).toMatchObject(held)
  })

  test('what went to the spool is read once more when the table takes rows again, and nothing else', async () => {
    const claude = await tree({ [a]: session('a', 2) })
    const loading = await newLoading()
    await loading.backfill(claude)
    await writeFile(join(claude, b), session('b', 3))
    await loading.backfill(claude, { declaration: other, spool: newSpool().accept })
    expect(await loading.backfill(claude)).toMatchObject({ unchanged: 1, captured: 3, rows: 3 })
    expect(await loading.backfill(claude)).toMatchObject({ unchanged: 2, captured: 0 })
  })

  test('a fork without its parent goes to the spool once, and is looked at again when the table takes rows', async () => {
    const fork = [
      { type: 'session_meta', payload: { id: 'fork', forked_from_id: 'gone' } },
      { type: 'response_item', payload: { type: 'message', role: 'user', content: 'Go on.' } },
    ]
    const codex = await tree({ 'sessions/rollout-2026-01-01T00-00-00-fork.jsonl': transcript(...fork) })
    const loading = await newLoading()
    const history = { request: { source: 'codex' as const }, env: { CODEX_HOME: codex } }
    const refusing = { ...history, spool: newSpool().accept }
    expect(await loading.backfill('/nowhere', refusing)).toMatchObject({ unchanged: 0, spooled: 1 })
    expect(await loading.backfill('/nowhere', refusing)).toMatchObject({ unchanged: 1, spooled: 0 })
    expect(await loading.backfill('/nowhere', history)).toMatchObject({ unchanged: 0, rows: 1 })
    expect(await loading.backfill('/nowhere', history)).toMatchObject({ unchanged: 1, captured: 0 })
  })

  test('nothing is noted of rows that were not taken', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    const full = Object.assign(new Error('full'), { code: 'SPOOL_FULL' })
    await expect(loading.backfill(claude, { spool: () => Promise.reject(full) })).rejects.toBe(full)
    expect(await loading.backfill(claude, { spool: newSpool().accept })).toMatchObject({ unchanged: 0, spooled: 5 })
  })
})

test('a file that is gone is forgotten', async () => {
  const claude = await twoFiles()
  const loading = await newLoading()
  await loading.backfill(claude)
  await rm(join(claude, b))
  expect(await loading.backfill(claude)).toMatchObject({ files: 1, unchanged: 1 })
  expect(Object.keys((await cursor(loading, claude)).files)).toEqual([join(claude, a)])
})

describe('a cursor that cannot be used', () => {
  test.each([
    ['is torn', () => '{"schema_version": 2', 'cannot be read'],
    ['is newer', (text: string) => text.replace('"schema_version":2', '"schema_version":3'), 'newer than supported'],
  ])('because it %s stays as it is, is told of, and everything is read', async (_what, change, reason) => {
    const claude = await twoFiles()
    const loading = await newLoading()
    await loading.backfill(claude)
    const path = cursorPath(loading, claude)
    const text = change(await readFile(path, 'utf8'))
    await writeFile(path, text)
    const summary = await loading.backfill(claude)
    expect(summary).toMatchObject({ unchanged: 0, duplicates: 5, unreadable: [{ path }] })
    expect(summary.unreadable[0]?.reason).toContain(reason)
    expect(await readFile(path, 'utf8')).toBe(text)
  })
})

describe('nothing is noted', () => {
  async function noted(loading: Loading): Promise<number> {
    return (await openRecords(cursorKind, loading.records).list()).items.length
  }

  test('of rows whose commit failed', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    const through: typeof loading.catalog = {
      ...loading.catalog,
      commit: () => Promise.reject(Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC' })),
    }
    await expect(loading.backfill(claude, { through })).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(await noted(loading)).toBe(0)
    expect(await loading.backfill(claude)).toMatchObject({ unchanged: 0, rows: 5 })
  })

  test('before the commit', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    const seen: number[] = []
    const through: typeof loading.catalog = {
      ...loading.catalog,
      commit: async (base, commit) => {
        seen.push(await noted(loading))
        return loading.catalog.commit(base, commit)
      },
    }
    await loading.backfill(claude, { through })
    expect(seen).toEqual([0])
    expect(await noted(loading)).toBe(1)
  })

  test('where it cannot be kept, and the rows are in the table all the same', async () => {
    const claude = await twoFiles()
    const loading = await newLoading()
    const refused = Object.assign(new Error('EACCES'), { code: 'EACCES' })
    const records = { ...loading.records, io: { ...localFileIO, rename: () => Promise.reject(refused) } }
    await expect(loading.backfill(claude, { records })).rejects.toMatchObject({ code: 'EACCES' })
    expect(await readRows(await loading.load())).toHaveLength(5)
  })
})
