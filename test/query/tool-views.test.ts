import { expect, test } from 'vitest'
import type { Row } from '../../src/iceberg/types.ts'
import { rowsOf } from './asking.ts'
import { columnsOf, item, part, start } from './message-rows.ts'
import { realTable, session } from './real-table.ts'

async function ask(rows: readonly Row[], sql: string): Promise<unknown[]> {
  const table = await realTable(columnsOf(9))
  await table.append(rows)
  return rowsOf(await session({ tables: { ai_gateway_messages: table.table() } }), sql)
}

const call = (id: string, values: Row = {}): Row =>
  part({ role: 'assistant', part_type: 'tool_call', tool_name: 'Bash', tool_call_id: id, ...values })
const result = (id: string, values: Row = {}): Row => part({ part_type: 'tool_result', tool_result_for: id, ...values })

const at = (seconds: number): { readonly message_created_at: bigint } => ({
  message_created_at: start + BigInt(seconds) * 1_000_000n,
})

test('calls that were made at once each have their own result, and one without a result has none', async () => {
  const rows = [
    call('a', at(1)),
    call('b', at(2)),
    call('c', at(3)),
    result('b', { ...at(4), content_text: 'B', is_error: true }),
    result('a', { ...at(6), content_text: 'A' }),
  ]
  const columns = 'tool_call_id, duration_ms, is_error, result_text'
  expect(await ask(rows, `SELECT ${columns} FROM tool_calls ORDER BY tool_call_id`)).toEqual([
    { tool_call_id: 'a', duration_ms: 5000, is_error: false, result_text: 'A' },
    { tool_call_id: 'b', duration_ms: 2000, is_error: true, result_text: 'B' },
    { tool_call_id: 'c', duration_ms: null, is_error: null, result_text: null },
  ])
})

test('a call has no result of another session, agent or thread', async () => {
  const rows = [
    call('a', { agent_id: 'one' }),
    result('a', { agent_id: 'two', content_text: 'another agent' }),
    result('a', { content_text: 'the main loop' }),
    call('b', { session_id: 's2' }),
    result('b', { content_text: 'another session' }),
    item({ role: 'assistant', part_type: 'tool_call', tool_call_id: 'c', tool_name: 'shell' }),
    item({ role: 'tool', part_type: 'tool_result', tool_result_for: 'c', conversation_id: 't2', content_text: 'no' }),
  ]
  expect(await ask(rows, 'SELECT result_text FROM tool_calls')).toEqual([1, 2, 3].map(() => ({ result_text: null })))
})

test('of several results for one call the first counts, and the call is one row', async () => {
  const rows = [
    call('a', at(1)),
    result('a', { ...at(3), content_text: 'late' }),
    result('a', { ...at(2), content_text: 'early' }),
  ]
  expect(await ask(rows, 'SELECT result_text FROM tool_calls')).toEqual([{ result_text: 'early' }])
})

test('calls of one agent that share an id have each its own result, also after one without and one with two', async () => {
  const rows = [
    call('0', { ...at(1), tool_args: '1' }),
    call('0', { ...at(2), tool_args: '2' }),
    result('0', { ...at(3), content_text: 'of 2', is_error: true }),
    result('0', { ...at(4), content_text: 'of 2 again' }),
    call('0', { ...at(5), tool_args: '3' }),
    result('0', { ...at(7), content_text: 'of 3' }),
    call('0', { ...at(8), tool_args: '4' }),
  ]
  const sql = 'SELECT tool_args, result_text, is_error, duration_ms FROM tool_calls ORDER BY tool_args'
  expect(await ask(rows, sql)).toEqual([
    { tool_args: '1', result_text: null, is_error: null, duration_ms: null },
    { tool_args: '2', result_text: 'of 2', is_error: true, duration_ms: 1000 },
    { tool_args: '3', result_text: 'of 3', is_error: false, duration_ms: 2000 },
    { tool_args: '4', result_text: null, is_error: null, duration_ms: null },
  ])
})

test('a long result is cut, and the message that has all of it is named', async () => {
  const rows = [call('a', at(1)), result('a', { ...at(2), message_id: 'long', content_text: 'x'.repeat(5000) })]
  const sql = `SELECT length(result_text) AS cut, length(text) AS whole FROM tool_calls AS c
    JOIN messages AS m ON m.session_id = c.session_id AND m.message_id = c.result_message_id`
  expect(await ask(rows, sql)).toEqual([{ cut: 1000, whole: 5000 }])
})

const touched = 'SELECT operation, path FROM files_touched ORDER BY called_at, path'

test('files are those that tools of Claude are told, below the working directory where they are relative', async () => {
  const uses = (name: string, args: object): Row => call(name, { tool_name: name, tool_args: JSON.stringify(args) })
  const rows = [
    uses('Read', { file_path: '/a/read.ts' }),
    uses('Write', { file_path: '/a/new "x".ts', content: '*** Begin Patch apply_patch\n*** Delete File: no' }),
    uses('Edit', { file_path: 'b/edit.ts' }),
    uses('MultiEdit', { file_path: '/a/multi.ts', edits: [] }),
    uses('NotebookEdit', { notebook_path: '/a/n.ipynb' }),
    uses('Bash', { command: 'cat /etc/passwd' }),
    uses('Glob', { pattern: '**/*.ts', path: '/a' }),
    uses('Read', {}),
  ]
  expect(await ask(rows, touched)).toEqual([
    { operation: 'read', path: '/a/read.ts' },
    { operation: 'write', path: '/a/new "x".ts' },
    { operation: 'edit', path: '/code/b/edit.ts' },
    { operation: 'edit', path: '/a/multi.ts' },
    { operation: 'edit', path: '/a/n.ipynb' },
  ])
})

const patch = `*** Begin Patch
*** Add File: src/new ü.ts
+*** Delete File: not/this.ts
*** Update File: src/old.ts
*** Move to: src/moved.ts
@@
-a
*** Delete File: src/gone.ts
*** End Patch`

const patched = [
  { operation: 'delete', path: '/code/src/gone.ts' },
  { operation: 'write', path: '/code/src/moved.ts' },
  { operation: 'write', path: '/code/src/new ü.ts' },
  { operation: 'edit', path: '/code/src/old.ts' },
]

test.each<[string, string, unknown]>([
  ['as a tool of its own', 'apply_patch', patch],
  ['as a function', 'apply_patch', { input: patch }],
  ['through a shell', 'shell', { command: ['bash', '-lc', `cd /x && apply_patch <<'EOF'\n${patch}\nEOF`] }],
  ['as a command', 'shell', { command: ['apply_patch', patch] }],
  ['as one text', 'exec_command', { cmd: `apply_patch <<'EOF'\n${patch}\nEOF\n` }],
])('files are those that a patch of Codex names, given %s', async (_, tool, args) => {
  const values = { role: 'assistant', part_type: 'tool_call', tool_name: tool, tool_call_id: 'a' }
  expect(await ask([item({ ...values, tool_args: JSON.stringify(args) })], touched)).toEqual(patched)
})

test.each([
  ['of its own', { workdir: '/other' }, '/other'],
  ['below that of the turn', { workdir: 'sub' }, '/code/sub'],
  ['of a local shell', { working_directory: '/other' }, '/other'],
  ['that is empty', { workdir: '' }, '/code'],
])('a patch names files as seen from the directory of its call, %s', async (_, where, directory) => {
  const values = { role: 'assistant', part_type: 'tool_call', tool_name: 'shell', tool_call_id: 'a' }
  const tool_args = JSON.stringify({ command: ['apply_patch', patch], ...where })
  expect(await ask([item({ ...values, tool_args })], touched)).toEqual(
    patched.map(({ operation, path }) => ({ operation, path: path.replace('/code', directory) })),
  )
})

test('a command that only speaks of a patch touches nothing', async () => {
  const command = ['bash', '-lc', `grep -r "*** Update File: x" . # apply_patch`]
  const row = item({ role: 'assistant', part_type: 'tool_call', tool_name: 'shell', tool_call_id: 'a' })
  expect(await ask([{ ...row, tool_args: JSON.stringify({ command }) }], touched)).toEqual([])
})

test('arguments that are no JSON do no harm', async () => {
  expect(await ask([call('a', { tool_name: 'Read', tool_args: '{"file_path":' })], touched)).toEqual([])
})

test('whether an edit failed stands beside the file', async () => {
  const edit = (id: string): Row => call(id, { tool_name: 'Edit', tool_args: `{"file_path":"/${id}"}` })
  const rows = [edit('a'), edit('b'), edit('c'), result('a', { is_error: true }), result('b')]
  expect(await ask(rows, 'SELECT path, is_error FROM files_touched ORDER BY path')).toEqual([
    { path: '/a', is_error: true },
    { path: '/b', is_error: false },
    { path: '/c', is_error: null },
  ])
})
