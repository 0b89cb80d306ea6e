import { message, writeCompacted, writeGhost, writePrompt, writeSaid } from '../items.ts'
import { closeRollout, type Payload, skipped, write, writeEvent, writeItem } from '../rollout.ts'
import { writeMeta, writeTurnStart } from '../turn.ts'
import { conversation, harness, turn } from './lines.ts'
import type { Trap } from './trap.ts'

/** What rollouts may hold that not every reader expects. */
export const itemTraps: Readonly<Record<string, Trap>> = {
  kinds: ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'One of each.')
    const output = [{ type: 'input_text', text: 'Read.' }]
    const items: readonly Payload[] = [
      {
        type: 'local_shell_call',
        call_id: 'call_shell',
        status: 'completed',
        action: { type: 'exec', command: ['ls'] },
      },
      { type: 'function_call_output', call_id: 'call_shell', output: '{"output":"a.ts","metadata":{"exit_code":0}}' },
      { type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'rain' } },
      { type: 'tool_search_call', call_id: 'call_search', status: 'completed', arguments: { query: 'rain' } },
      { type: 'tool_search_output', call_id: 'call_search', status: 'completed', tools: [] },
      { type: 'image_generation_call', id: 'ig_1', status: 'completed', revised_prompt: 'Rain', result: 'aGVsbG8=' },
      { type: 'custom_tool_call', call_id: 'call_patch', name: 'apply_patch', input: '*** Begin Patch' },
      { type: 'custom_tool_call_output', call_id: 'call_patch', output: 'Done.' },
      { type: 'function_call', call_id: 'call_list', name: 'read', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_list', output },
      { type: 'compaction', encrypted_content: 'gAAAA' },
      { type: 'context_compacted' },
      { type: 'reasoning', summary: [], content: null, encrypted_content: null },
    ]
    for (const item of items) writeItem(rollout, item)
    closeRollout(rollout)
  },
  // Every few weeks there is a kind nobody has heard of.
  'kinds-of-tomorrow': ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'What comes next?')
    writeItem(rollout, { type: 'mystery_item', shape: 'unknown' })
    writeEvent(rollout, { type: 'event_of_tomorrow' })
    write(rollout, 'world_state', { full: true, state: {} }, skipped('thread-context'))
    for (const type of ['inter_agent_communication', 'inter_agent_communication_metadata'])
      write(rollout, type, { trigger_turn: false }, skipped('client-event'))
    write(rollout, 'line_of_tomorrow', { x: 1 }, skipped('unknown-line'))
    closeRollout(rollout)
  },
  'arguments-that-are-no-json': ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'Call it.')
    for (const [n, text] of ['not json', '', '{"open":', '"a text"'].entries())
      writeItem(rollout, { type: 'function_call', name: 'shell', arguments: text, call_id: `call_args_${n}` })
    closeRollout(rollout)
  },
  harness: ({ thread, begin }) => {
    const rollout = begin(thread())
    writeMeta(rollout)
    writeTurnStart(rollout)
    writeItem(rollout, message('developer', '<permissions instructions>Ask first.</permissions instructions>'))
    for (const text of [
      '<environment_context>\n<cwd>/trap</cwd>\n</environment_context>',
      '# AGENTS.md instructions for /trap\n\n<INSTRUCTIONS>Be brief.</INSTRUCTIONS>',
      '<user_instructions>Be brief.</user_instructions>',
      '<turn_aborted>The user stopped it.</turn_aborted>',
      '<subagent_notification>It is done.</subagent_notification>',
      '<skill><name>rain</name></skill>',
      '<user_shell_command><command>ls</command></user_shell_command>',
      '<recommended_plugins>None.</recommended_plugins>',
      '<model_switch>Another model.</model_switch>',
    ])
      harness(rollout, text)
    writePrompt(rollout, '# Context from my IDE setup:\n\n## My request for Codex:\nThe only prompt.')
    closeRollout(rollout)
  },
  // The same words are two prompts.
  'equal-items': ({ thread, begin }) => {
    const rollout = begin(thread())
    writeMeta(rollout)
    writeTurnStart(rollout)
    for (let n = 0; n < 3; n++) {
      writePrompt(rollout, 'Are we there yet?')
      writeSaid(rollout, 'No.', 'final_answer')
      writeItem(rollout, { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }] })
    }
    closeRollout(rollout)
  },
  'many-elements': ({ thread, begin }) => {
    const rollout = begin(thread())
    writeMeta(rollout)
    writeTurnStart(rollout)
    writePrompt(rollout, 'What is on these?', 3)
    writeItem(rollout, message('assistant', 'First.', 'Second.'), { rows: 2 })
    closeRollout(rollout)
  },
  // A history told once more is none of the conversation, however long it is.
  compacted: ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'Tell me everything.')
    writeCompacted(rollout, 3_000_000)
    turn(rollout, 'And on?')
    closeRollout(rollout)
  },
  'ghost-snapshot': ({ thread, begin }) => {
    const rollout = begin(thread('0.58.0'))
    conversation(rollout, 'Take a picture.')
    for (let n = 0; n < 3; n++) writeGhost(rollout)
    closeRollout(rollout)
  },
  // No events mirror what was said, and lines are numbered.
  paginated: ({ thread, begin }) => {
    const rollout = begin(thread('0.149.0'))
    conversation(rollout, 'Where are my prompts?', 'Here?')
    closeRollout(rollout)
  },
}
