import { expect, test } from 'vitest'
import { codexOf, item, output, readLinesOf } from './rollouts.ts'

/** Some columns of each row. */
async function columns(names: readonly string[], ...lines: readonly Record<string, unknown>[]): Promise<unknown[]> {
  const { rows } = await readLinesOf(...lines)
  return rows.map(row => Object.fromEntries(names.map(name => [name, row[name]])))
}

test('a call tells its tool and its arguments as JSON, also where they are none', async () => {
  expect(
    await columns(
      ['part_type', 'tool_name', 'tool_call_id', 'tool_args', 'raw_frame'],
      item('function_call', { name: 'exec_command', call_id: '1', arguments: '{"n": 12345678901234567890}' }),
      item('function_call', { name: 'exec_command', call_id: '2', arguments: '{"cmd": "unfinished' }),
      item('function_call', { name: 'exec_command', call_id: '3', arguments: '' }),
      item('function_call', { name: 'exec_command', call_id: '4', arguments: { cmd: 'ls' } }),
      item('function_call', { name: 'exec_command', call_id: '5', arguments: '{"cmd":"\\ud83d"}' }),
      item('custom_tool_call', { name: 'apply_patch', call_id: '6', input: '*** Begin Patch' }),
      item('local_shell_call', { call_id: '7', action: { type: 'exec', command: ['ls'] } }),
      item('web_search_call', { id: 'ws_1', action: { type: 'search', query: 'q' } }),
      item('tool_search_call', { call_id: '9', arguments: { query: 'q' } }),
      item('teleport_call', { call_id: '10' }),
    ),
  ).toEqual(
    [
      ['exec_command', '1', '{"n": 12345678901234567890}'],
      ['exec_command', '2', '"{\\"cmd\\": \\"unfinished"'],
      ['exec_command', '3', '""'],
      ['exec_command', '4', '{"cmd":"ls"}'],
      ['exec_command', '5', '{"cmd":"\ufffd"}'],
      ['apply_patch', '6', '"*** Begin Patch"'],
      ['local_shell', '7', '{"type":"exec","command":["ls"]}'],
      ['web_search', 'ws_1', '{"type":"search","query":"q"}'],
      ['tool_search', '9', '{"query":"q"}'],
      ['teleport', '10', null],
    ].map(([tool_name, tool_call_id, tool_args]) => ({
      part_type: 'tool_call',
      tool_name,
      tool_call_id,
      tool_args,
      raw_frame: null,
    })),
  )
})

test('an answer is its text, however the client wrapped it, and tells a failure that it names', async () => {
  const image = [
    { type: 'input_text', text: 'shot' },
    { type: 'input_image', image_url: 'https://example.com/a.png' },
  ]
  expect(
    await columns(
      ['content_text', 'is_error', 'tool_result_for', 'raw_frame'],
      output('1', 'plain'),
      output('2', '{"output":"legacy\\n","metadata":{"exit_code":2,"duration_seconds":0.1}}'),
      output('3', { output: 'object', metadata: { exit_code: 0 } }),
      output('4', { content: 'refused', success: false }),
      output('5', [
        { type: 'input_text', text: 'a' },
        { type: 'input_text', text: 'b' },
      ]),
      output('6', image),
      output('7', '{"ok":true}'),
      output('8', '{"output":"not the wrapping"}'),
      output('9', ''),
      output('10', { shape: 'new' }),
    ),
  ).toEqual(
    [
      ['plain', null, null],
      ['legacy\n', true, null],
      ['object', false, null],
      ['refused', true, null],
      ['a\nb', null, null],
      ['shot', null, JSON.stringify(image)],
      ['{"ok":true}', null, null],
      ['{"output":"not the wrapping"}', null, null],
      ['', null, null],
      [null, null, '{"shape":"new"}'],
    ].map(([content_text, is_error, raw_frame], index) => ({
      content_text,
      is_error,
      tool_result_for: String(index + 1),
      raw_frame,
    })),
  )
})

test('what an answer tells beside its text is kept', async () => {
  const { rows } = await readLinesOf(output('1', { output: 'x', metadata: { exit_code: 0, duration_seconds: 2 } }))
  expect(codexOf(rows[0])['item']).toEqual({ output_metadata: { exit_code: 0, duration_seconds: 2 } })
})
