import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import { deleteFromTable } from '../../../src/ingest/deletion/table-deletion.ts'
import { appendOnce } from '../../../src/ingest/keys/append-once.ts'
import { rowKey } from '../../../src/ingest/keys/row-key.ts'
import { rowShaper } from '../../../src/ingest/rows.ts'
import { tombstoneReader } from '../../../src/ingest/tombstones/tombstones.ts'
import { rowsWhere } from '../../../src/query/rows-where.ts'
import { builtinDeclaration, builtinTable } from '../../../src/schema/builtin.ts'
import { readClaudeFile } from '../../../src/sources/claude/read.ts'
import { systemContext } from '../../../src/stores/table/catalog.ts'
import { assistant, transcript, tree, user } from '../../sources/claude/transcript.ts'
import { readRows } from '../../support/table.ts'
import { type Loading, newLoading } from '../backfill/loading.ts'

/*
 * A message of which a condition chose some parts, and a later line with its id that has more of them, or the same in
 * other places: of a client that rewrites its transcripts, or of a copy that somebody resumed.
 */

const a = 'projects/p/a.jsonl'
const b = 'projects/p/b.jsonl'
const said = (...all: readonly string[]): Record<string, unknown> =>
  assistant(
    all.map(text => ({ type: 'text', text })),
    { uuid: 'u1', timestamp: '2026-06-13T19:37:00.000Z' },
  )

interface Here extends Loading {
  readonly claude: string
  readonly import: () => Promise<number>
  /** As rows come that a watching daemon has read: by way of the spool. */
  readonly capture: (lines: readonly object[], atMost?: number) => Promise<number>
  readonly remove: (where: string) => Promise<number>
  readonly stored: () => Promise<string[]>
}

async function newHere(...lines: readonly object[]): Promise<Here> {
  const loading = await newLoading()
  const { catalog, records } = loading
  const claude = await tree({ [a]: transcript(...lines) })
  const tombstones = tombstoneReader({ place: records, table: builtinTable })
  const declaration = builtinDeclaration(9)
  const here: Here = {
    ...loading,
    claude,
    import: async () => (await loading.backfill(claude, { rereads: true, tombstones })).rows,
    capture: async (more, atMost) => {
      const path = join(await tree({ 'a.jsonl': transcript(...more) }), 'a.jsonl')
      const shaper = rowShaper(declaration, 'g')
      const rows: Row[] = []
      for await (const captured of readClaudeFile({ path, size: 0, mtimeMs: 0 }).captured)
        rows.push(...captured.map(each => shaper.shape(each)))
      const key = rowKey(declaration.identifier)
      return (
        await appendOnce(catalog, await catalog.load(), rows.slice(0, atMost), key, systemContext, { tombstones })
      ).rows
    },
    remove: async where => {
      const { rows } = await deleteFromTable({
        catalog,
        name: builtinTable,
        request: { unwanted: { kind: 'where', where }, dryRun: false },
        place: { ...records, now: Date.now, randomBytes: length => crypto.getRandomValues(new Uint8Array(length)) },
        context: systemContext,
        rowsWhere: (table, condition) => rowsWhere(table, { name: builtinTable, where: condition }),
      })
      return rows
    },
    stored: async () => (await readRows(await catalog.load())).map(row => row['content_text'] as string).sort(),
  }
  await here.import()
  return here
}

const secret = "content_text LIKE '%secret%'"

test.each([
  ['beside others', said('one', 'a secret'), ['one']],
  ['alone', said('a secret'), []],
])('a part that was chosen %s does not come back in another place of a longer line', async (_how, first, left) => {
  const { claude, remove, stored, capture, ...here } = await newHere(first)
  expect(await remove(secret)).toBe(1)
  const longer = said('one', 'two', 'a secret', 'a secret again')
  expect(await capture([longer])).toBe(0)
  await writeFile(join(claude, b), transcript(longer))
  expect(await here.import()).toBe(0)
  await appendFile(join(claude, a), transcript(longer, user('a secret that was said later')))
  expect(await here.import()).toBe(1)
  expect(await stored()).toEqual(['a secret that was said later', ...left])
})

test('also where a longer line had been stored beside the first, and the table was searched for both', async () => {
  const { remove, stored, capture } = await newHere(said('one', 'a secret'))
  expect(await capture([said('one', 'two', 'a secret')])).toBe(1)
  expect(await remove(secret)).toBe(2)
  expect(await capture([said('nought', 'one', 'two', 'a secret')])).toBe(0)
  expect(await stored()).toEqual(['one'])
})

test('a part that was not chosen is stored, though two deletions chose parts of two lines of its message', async () => {
  const { remove, stored, capture } = await newHere(user('before'))
  const line = said('a secret', 'one', 'two')
  expect(await capture([line], 1)).toBe(1)
  expect(await capture([said('nought', 'another secret')])).toBe(1)
  expect(await remove("content_text = 'a secret'")).toBe(1)
  expect(await remove("content_text = 'another secret'")).toBe(1)
  expect(await capture([line])).toBe(1)
  expect(await stored()).toEqual(['before', 'two'])
})

test('a part of the same line that comes later, and was not chosen, is stored', async () => {
  const { remove, stored, capture } = await newHere(user('before'))
  const line = said('one', 'a secret', 'two')
  expect(await capture([line], 2)).toBe(2)
  expect(await remove(secret)).toBe(1)
  expect(await capture([line])).toBe(1)
  expect(await stored()).toEqual(['before', 'one', 'two'])
})

test('rows that other programs send of such a message are told by their row key alone', async () => {
  const { catalog, records, remove } = await newHere(said('one', 'a secret'))
  await remove(secret)
  const [row] = await readRows(await catalog.load())
  const sent = { ...row, part_id: 'u1#7', part_index: 7, attributes: null }
  const tombstones = tombstoneReader({ place: records, table: builtinTable })
  const key = rowKey(builtinDeclaration(9).identifier)
  const appended = await appendOnce(catalog, await catalog.load(), [sent], key, systemContext, { tombstones })
  expect(appended).toMatchObject({ rows: 1, deleted: 0 })
})
