import { type Line, linked, node, row, skipped } from '../chain.ts'
import { answer, exchange, prompt } from './lines.ts'
import type { Trap } from './trap.ts'

/** What lines may hold that not every reader expects. */
export const contentTraps: Readonly<Record<string, Trap>> = {
  'queued-command': ({ session, begin }) => {
    const chain = begin(session())
    exchange(chain)
    const attachment = { type: 'queued_command', prompt: 'Written while it was busy.', commandMode: 'prompt' }
    chain.out.write(linked(chain, 'attachment', { attachment }), row(chain, true))
    chain.out.close(chain.ms)
  },
  'not-prompts': ({ session, begin }) => {
    const chain = begin(session())
    const lines: readonly (readonly [content: string, more: Line])[] = [
      ['<command-name>/clear</command-name>', {}],
      ['<local-command-stdout>done</local-command-stdout>', {}],
      ['<bash-input>ls</bash-input>', {}],
      ['[Request interrupted by user]', {}],
      ['The text of a skill.', { isMeta: true, sourceToolUseID: 'toolu_skill' }],
      ['What was said so far.', { isCompactSummary: true, isVisibleInTranscriptOnly: true }],
      ['<ide_opened_file>The user opened a.ts.</ide_opened_file>', {}],
    ]
    for (const [content, more] of lines)
      chain.out.write(
        linked(chain, 'user', { message: { role: 'user', content }, ...more }),
        node(chain, 'user', ['text']),
      )
    prompt(chain, 'The only prompt.')
    chain.out.close(chain.ms)
  },
  'no-content': ({ session, begin }) => {
    const chain = begin(session())
    for (const content of [{ content: null }, { content: [] }, { content: '' }, {}])
      chain.out.write(
        linked(chain, 'user', { message: { role: 'user', ...content } }),
        node(chain, 'user', [], { rows: 1 }),
      )
    chain.out.close(chain.ms)
  },
  blocks: ({ session, begin }) => {
    const chain = begin(session())
    prompt(chain, 'One of each.')
    const blocks: readonly Line[] = [
      { type: 'thinking', thinking: '', signature: 'c2lnbmF0dXJl' },
      { type: 'redacted_thinking', data: 'c2VjcmV0' },
      { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'rain' } },
      {
        type: 'web_search_tool_result',
        tool_use_id: 'srvtoolu_1',
        content: [{ type: 'web_search_result', title: 'Rain' }],
      },
      { type: 'tool_use', id: 'toolu_1', name: 'Read', input: { file_path: '/a' }, caller: { type: 'direct' } },
      { type: 'fallback', from: { model: 'claude-example-2' }, to: { model: 'claude-example-1' } },
      { type: 'block_of_tomorrow', shape: 'unknown' },
    ]
    for (const block of blocks) answer(chain, { id: 'msg_blocks', request: 'req_blocks', output: 44, block })
    const content = [
      {
        type: 'tool_result',
        tool_use_id: 'toolu_1',
        is_error: true,
        content: [
          { type: 'text', text: 'No.' },
          { type: 'image', source: {} },
        ],
      },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' } },
      'a bare text',
    ]
    const line = linked(chain, 'user', { message: { role: 'user', content } })
    chain.out.write(line, node(chain, 'user', ['tool_result', 'document', 'text']))
    chain.out.close(chain.ms)
  },
  'synthetic-error': ({ session, begin }) => {
    const chain = begin(session())
    prompt(chain, 'Go on.')
    const content = [{ type: 'text', text: 'The limit is reached.' }]
    const message = { id: chain.random.uuid(), model: '<synthetic>', role: 'assistant', type: 'message', content }
    const failed = {
      message,
      requestId: 'req_failed',
      error: 'rate_limit',
      isApiErrorMessage: true,
      apiErrorStatus: 429,
    }
    chain.out.write(linked(chain, 'assistant', failed), node(chain, 'assistant', ['text']))
    chain.out.close(chain.ms)
  },
  compaction: ({ session, begin }) => {
    const chain = begin(session())
    exchange(chain)
    const boundary = linked(chain, 'system', {
      parentUuid: null,
      logicalParentUuid: chain.parent,
      subtype: 'compact_boundary',
      content: 'Conversation compacted',
      compactMetadata: { trigger: 'manual', preTokens: 155_025 },
    })
    chain.out.write(boundary, row(chain))
    const message = { role: 'user', content: 'What was said so far.' }
    chain.out.write(linked(chain, 'user', { message, isCompactSummary: true }), node(chain, 'user', ['text']))
    exchange(chain)
    chain.out.close(chain.ms)
  },
  titles: ({ session, begin }) => {
    const chain = begin(session())
    exchange(chain)
    const sessionId = chain.session.id
    chain.out.write({ type: 'ai-title', aiTitle: 'Doors', sessionId }, row(chain))
    chain.out.write({ sessionId, aiTitle: 'Doors', type: 'ai-title' }, skipped('repeated-title'))
    chain.out.write({ type: 'custom-title', customTitle: 'My doors', sessionId }, row(chain))
    chain.out.write({ type: 'ai-title', aiTitle: '', sessionId }, skipped('no-content'))
    chain.out.close(chain.ms)
  },
  'session-state': ({ session, begin }) => {
    const chain = begin(session())
    exchange(chain)
    const sessionId = chain.session.id
    for (const type of [
      'last-prompt',
      'agent-name',
      'agent-setting',
      'permission-mode',
      'mode',
      'pr-link',
      'worktree-state',
      'bridge-session',
      'frame-link',
      'relocated',
      'atis-latch',
    ])
      chain.out.write({ type, sessionId }, skipped('session-state'))
    for (const operation of ['enqueue', 'dequeue', 'remove', 'popAll'])
      chain.out.write({ type: 'queue-operation', operation, sessionId }, skipped('queue-operation'))
    for (const type of ['file-history-snapshot', 'file-history-delta'])
      chain.out.write({ type, messageId: chain.parent }, skipped('file-history'))
    chain.out.close(chain.ms)
  },
  system: ({ session, begin }) => {
    const chain = begin(session())
    for (const subtype of [
      'api_error',
      'stop_hook_summary',
      'turn_duration',
      'local_command',
      'away_summary',
      'api_refusal',
      'model_refusal_fallback',
      'error',
      'session_start',
      'of_tomorrow',
      undefined,
    ])
      chain.out.write(linked(chain, 'system', { subtype, content: 'What happened.' }), row(chain))
    chain.out.close(chain.ms)
  },
  // Every few weeks there is a type nobody has heard of.
  'types-of-tomorrow': ({ session, begin }) => {
    const chain = begin(session('2.9.0'))
    exchange(chain)
    chain.out.write(linked(chain, 'thought-bubble', { bubble: { size: 3 } }), row(chain))
    chain.out.write({ silly: 'this', sessionId: chain.session.id }, row(chain))
    chain.out.write({ silly: 'this' }, skipped('no-session-id'))
    chain.out.close(chain.ms)
  },
  // Quoted in a prompt, what looks like the type of a line is none.
  'quoted-types': ({ session, begin }) => {
    const chain = begin(session())
    prompt(chain, 'Why is there {"type":"progress"} and "type":"summary" in my file?')
    const content = [{ type: 'text', text: '"type":"progress",' }]
    const message = { content, role: 'user' }
    const line = { message, type: 'user', uuid: chain.random.uuid(), sessionId: chain.session.id }
    chain.out.write(line, node(chain, 'user', ['text'], { prompt: true }))
    chain.out.close(chain.ms)
  },
  'other-times': ({ session, begin }) => {
    const chain = begin(session())
    for (const timestamp of ['2026-06-13T12:37:02Z', '2026-06-13T23:59:59.999-11:00', 'not-a-time', undefined])
      prompt(chain, `At ${timestamp}.`, timestamp === undefined ? {} : { timestamp })
    chain.out.close(chain.ms)
  },
}
