import { expect, test } from 'vitest'
import { deleteFromTable } from '../../../src/ingest/deletion/table-deletion.ts'
import { tombstoneReader } from '../../../src/ingest/tombstones/tombstones.ts'
import { rowsWhere } from '../../../src/query/rows-where.ts'
import { builtinDeclaration, builtinTable } from '../../../src/schema/builtin.ts'
import { systemContext } from '../../../src/stores/table/catalog.ts'
import { transcript, tree, user } from '../../sources/claude/transcript.ts'
import { readRows } from '../../support/table.ts'
import { newLoading } from '../backfill/loading.ts'

test('rows that a condition chose under release 5 stay away from a table that is made anew of a later one', async () => {
  const claude = await tree({ 'projects/p/a.jsonl': transcript(user('one'), user('a secret'), user('two')) })
  const before = await newLoading(builtinDeclaration(5))
  const { catalog, records } = before
  await before.backfill(claude)
  const { rows } = await deleteFromTable({
    catalog,
    name: builtinTable,
    request: { unwanted: { kind: 'where', where: "content_text LIKE '%secret%'" }, dryRun: false },
    place: { ...records, now: Date.now, randomBytes: length => crypto.getRandomValues(new Uint8Array(length)) },
    context: systemContext,
    rowsWhere: (table, where) => rowsWhere(table, { name: builtinTable, where }),
  })
  expect(rows).toBe(1)
  const anew = await newLoading(builtinDeclaration(9))
  const tombstones = tombstoneReader({ place: records, table: builtinTable })
  expect(await anew.backfill(claude, { tombstones })).toMatchObject({ rows: 2, deleted: 1 })
  expect((await readRows(await anew.load())).map(row => row['content_text'] as string).sort()).toEqual(['one', 'two'])
})
