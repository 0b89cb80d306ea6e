import { readFileSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import type { Row } from '../../src/iceberg/types.ts'
import { viewNames, views } from '../../src/query/views/catalogue.ts'
import { builtinReleases } from '../../src/schema/builtin.ts'
import { filesBelow } from '../support/home.ts'
import { rowsOf } from './asking.ts'
import { asRelease, columnsOf, item, part, report } from './message-rows.ts'
import { column, realTable, session } from './real-table.ts'

/** A bit of everything that the views are about. */
function conversation(): Row[] {
  return [
    part({ message_id: 'p', content_text: 'Fix  it.\nPlease.' }),
    part({
      message_id: 'a',
      role: 'assistant',
      content_text: 'Yes.',
      model: 'example-1',
      provider_uuid: 'msg_1',
      request_id: 'r',
      input_tokens: 1_000_000n,
      output_tokens: 2n,
    }),
    part({
      message_id: 'c',
      role: 'assistant',
      part_type: 'tool_call',
      tool_name: 'Edit',
      tool_call_id: 'tool-1',
      tool_args: '{"file_path":"/code/a.ts"}',
    }),
    part({ message_id: 'r', part_type: 'tool_result', tool_result_for: 'tool-1', content_text: 'done' }),
    item({ message_id: 'q', content_text: 'And there?' }),
    report({ input_tokens: 10n, cache_read_input_tokens: 4n, output_tokens: 5n, model: 'gpt-example' }),
  ]
}

test.each(builtinReleases)('release %i has every view, with rows in it', async release => {
  const table = await realTable(columnsOf(release))
  await table.append(asRelease(release, conversation()))
  const query = await session({ tables: { ai_gateway_messages: table.table() } })
  const counts = await Promise.all(
    viewNames.map(async name => [name, (await rowsOf(query, `SELECT * FROM ${name}`)).length] as const),
  )
  expect(Object.fromEntries(counts)).toEqual({ sessions: 2, messages: 5, usage: 2, tool_calls: 1, files_touched: 1 })
})

test.each(viewNames)(
  'the columns of %s are those that it is said to have, of one type in every release',
  async name => {
    const described = async (release: number): Promise<unknown> => {
      const table = await realTable(columnsOf(release))
      await table.append(asRelease(release, conversation()))
      const query = await session({ tables: { ai_gateway_messages: table.table() } })
      return rowsOf(query, `SELECT column_name AS name, column_type AS type FROM (DESCRIBE ${name})`)
    }
    const newest = (await described(9)) as { readonly name: string }[]
    expect(newest.map(one => one.name).toSorted()).toEqual(
      Object.keys(views[name].columns)
        .flatMap(names => names.split(', '))
        .toSorted(),
    )
    for (const release of builtinReleases) expect(await described(release)).toEqual(newest)
  },
)

test('a table that somebody named like a view is that table, and does not get into the other views', async () => {
  const table = await realTable(columnsOf(9))
  await table.append(conversation())
  const own = await realTable([column('watts', 'int')])
  await own.append([{ watts: 40 }])
  const query = await session({
    tables: { ai_gateway_messages: table.table(), messages: own.table(), Tool_Calls: own.table() },
  })
  expect(await rowsOf(query, 'FROM messages')).toEqual([{ watts: 40 }])
  expect(await rowsOf(query, 'FROM tool_calls')).toEqual([{ watts: 40 }])
  expect(await rowsOf(query, `SELECT prompts FROM sessions WHERE session_id = 's1'`)).toEqual([{ prompts: 1 }])
  expect(await rowsOf(query, 'SELECT path FROM files_touched')).toEqual([{ path: '/code/a.ts' }])
})

test('the views of the page run in DuckDB over the files of the table, and say what those of hyp say', async () => {
  const table = await realTable(columnsOf(9))
  await table.append(conversation())
  const prices = [{ model: 'example-*', input: 3, output: 15, cacheWrite: 3.75, cacheRead: 0.3 }]
  const query = await session({ tables: { ai_gateway_messages: table.table() }, prices })
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
  const files = filesBelow(table.directory).filter(path => path.endsWith('.parquet'))
  await connection.run(
    `CREATE VIEW ai_gateway_messages AS SELECT * FROM read_parquet([${files.map(path => `'${path}'`).join(', ')}])`,
  )
  const page = readFileSync('docs/querying.md', 'utf8')
  const statements = Array.from(page.matchAll(/```sql\n(CREATE VIEW (\w+) AS\n[^`]*)```/g))
  const ours = statements.filter(([, , name]) => name !== 'ai_gateway_messages')
  expect(ours.map(([, , name]) => name as string).toSorted()).toEqual([...viewNames].toSorted())
  for (const [, sql] of ours) await connection.run(sql as string)
  for (const name of viewNames) {
    const hash = `SELECT count(*) AS rows, CAST(bit_xor(hash(v)) AS VARCHAR) AS hash FROM ${name} AS v`
    const [theirs] = (await connection.runAndReadAll(hash)).getRowObjectsJson()
    const [own] = await rowsOf(query, hash)
    expect({ name, ...own, rows: String(Number(own?.['rows'])) }).toEqual({ name, ...theirs })
    expect(own?.['rows']).toBeGreaterThan(0)
  }
  connection.closeSync()
  instance.closeSync()
})
