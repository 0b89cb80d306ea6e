import { expect, test } from 'vitest'
import { conversationDocument } from '../../src/cli/conversation-document.ts'
import { conversationText } from '../../src/cli/render/conversation.ts'
import { oneLine, wrappedText } from '../../src/cli/render/wrapped.ts'
import type { Chain } from '../../src/query/conversation/chains.ts'
import type { SessionHead } from '../../src/query/conversation/conversation.ts'
import type { Entry } from '../../src/query/conversation/entries.ts'
import { displayWidth } from '../../src/query/format/display-width.ts'

const head: SessionHead = {
  id: 's1',
  thread: null,
  client: 'claude',
  clientVersion: '2.1.0',
  title: 'A title',
  startedAt: '2026-05-28T20:26:40.000000Z',
  endedAt: '2026-05-28T20:30:00.000000Z',
  cwd: '/code',
  gitBranch: 'main',
  models: 'example-1, example-2',
  prompts: 1,
  messages: 2,
  toolCalls: 3,
  totalTokens: 12_345,
  cost: 1.5,
  unpricedMessages: 2,
  forkedFrom: null,
  shared: [],
  lastShared: null,
}

function chain(values: Partial<Chain> = {}): Chain {
  return {
    thread: null,
    agent: null,
    type: null,
    description: null,
    spawnedBy: null,
    startedAt: head.startedAt,
    messages: 1,
    sideCall: false,
    depth: 0,
    prefix: [0],
    ...values,
  }
}

function entry(values: Partial<Entry>): Entry {
  const text = values.text ?? null
  return {
    chain: 0,
    inline: false,
    message: 'm',
    index: 0,
    part: 0,
    at: '2026-05-28T20:26:40.000000Z',
    role: 'user',
    kind: 'prompt',
    type: 'text',
    native: 'text',
    model: null,
    text,
    length: (text ?? '').length,
    lines: (text ?? '').split('\n').length,
    tool: null,
    call: null,
    args: null,
    argument: null,
    resultFor: null,
    isError: null,
    compaction: null,
    answered: false,
    resultError: null,
    resultLines: null,
    resultText: null,
    ...values,
  }
}

interface Shown {
  readonly chains?: readonly Chain[]
  readonly head?: Partial<SessionHead>
  readonly full?: boolean
  readonly width?: number
  readonly dims?: boolean
}

/** The lines without the day, which is the first. */
function shown(
  entries: readonly Partial<Entry>[],
  { chains = [chain()], full = false, width = 60, dims = false, ...more }: Shown = {},
): string[] {
  const text = conversationText({ ...head, ...more.head }, chains, { width, full, dims })
  const lines = [...entries.flatMap(one => text.entry(entry(one))), ...text.end()]
  expect(lines[0]).toContain('2026-05-28')
  return lines.slice(1)
}

const call = { role: 'assistant', kind: 'tool_call', type: 'tool_call', tool: 'Bash', argument: 'npm test' } as const

test('the head says which session it is, what it came to and where it comes from', () => {
  const forked = { forkedFrom: 's0', shared: [{ session: 's0', messages: 1 }] }
  const chains = [chain(), chain({ agent: 'a1', depth: 1 }), chain({ agent: 'acompact-1', depth: 1, sideCall: true })]
  expect(conversationText({ ...head, ...forked }, chains, { width: 80, full: false, dims: false }).head()).toEqual([
    'session   s1',
    'title     A title',
    'client    claude 2.1.0, example-1, example-2',
    'where     /code (main)',
    'when      2026-05-28 20:26:40 to 2026-05-28 20:30:00 UTC',
    'what      1 prompt, 2 messages, 3 tool calls, 1 subagent, 12 345 tokens, $1.50 and 2 answers of unknown cost',
    'forked    from s0',
    'shares    1 message with s0',
    '',
  ])
})

test('subagents whose session is not there are counted and indented all the same, each below who began it', () => {
  const chains = [
    chain({ agent: 'a1' }),
    chain({ agent: 'a2', depth: 1 }),
    chain({ agent: 'acompact-1', sideCall: true }),
  ]
  const text = conversationText(head, chains, { width: 80, full: false, dims: false })
  expect(text.head().find(line => line.startsWith('what'))).toContain('3 tool calls, 2 subagents')
  const entries = [
    { kind: 'subagent_prompt', text: 'Look.' },
    { kind: 'subagent_prompt', text: 'Look closer.', chain: 1 },
  ] as const
  expect(shown(entries, { chains })).toEqual([
    '20:26:40  [subagent a1]',
    '20:26:40    » Look.',
    '20:26:40    [subagent a2]',
    '20:26:40      » Look closer.',
  ])
})

test.each([
  [0, '$0.00'],
  [0.0001, 'less than $0.01'],
  [0.0099, 'less than $0.01'],
  [0.01, '$0.01'],
])('a cost of %f is said as %s', (cost, said) => {
  const priced = { ...head, cost, unpricedMessages: 0 }
  const text = conversationText(priced, [], { width: 80, full: false, dims: false }).head()
  expect(text.find(found => found.startsWith('what'))?.endsWith(` tokens, ${said}`)).toBe(true)
})

test('a cost that is not known is said to be unknown', () => {
  const [what] = conversationText({ ...head, cost: null }, [], { width: 80, full: false, dims: false })
    .head()
    .filter(line => line.startsWith('what'))
  expect(what).toMatch(/tokens, cost unknown$/)
})

test('prompts, answers and reasoning are told apart, and reasoning is one line', () => {
  expect(
    shown([
      { text: 'Fix it.\nPlease.' },
      { kind: 'reasoning', type: 'reasoning', text: 'First.\nThen.' },
      { kind: 'reasoning', type: 'reasoning', text: '' },
      { kind: 'answer', role: 'assistant', text: 'Done.' },
    ]),
  ).toEqual(['20:26:40  > Fix it.', '            Please.', '20:26:40  ~ First. Then. (2 lines)', '20:26:40  Done.'])
})

test('a call is one line with what says most, and what it came to', () => {
  expect(
    shown([
      { ...call, answered: true, resultLines: 42 },
      { ...call, answered: true, resultLines: 0, resultText: '' },
      { ...call, answered: true, resultLines: 0 },
      { ...call, answered: true, resultError: true, resultText: 'Exit 1\nmore' },
      { ...call, argument: '["bash","-lc","ls -l"]' },
      { kind: 'tool_result', type: 'tool_result', answered: true, text: 'x' },
      { kind: 'tool_result', type: 'tool_result', text: 'x\ny' },
    ]),
  ).toEqual([
    '20:26:40  · Bash  npm test  → 42 lines',
    '20:26:40  · Bash  npm test  → empty',
    '20:26:40  · Bash  npm test  → no text',
    '20:26:40  · Bash  npm test  → error: Exit 1 more',
    '20:26:40  · Bash  ls -l  → no result',
    '20:26:40  → result without its call, 2 lines',
  ])
})

test('a block without a name of ours is told also where it is not the first of its message', () => {
  expect(
    shown([
      { kind: 'answer', role: 'assistant', text: 'Done.' },
      { kind: 'other', role: 'assistant', type: 'other', native: 'fallback', part: 1 },
      { kind: 'other', role: 'assistant', type: 'other', native: 'fallback', part: 2 },
    ]),
  ).toEqual(['20:26:40  Done.', '20:26:40  - client: fallback'])
})

test('what the client put in is one line however much it is, and so is what it did for itself', () => {
  const chains = [chain(), chain({ agent: 'acompact-1', sideCall: true, depth: 1 })]
  expect(
    shown(
      [
        { kind: 'attachment', native: 'hook_success', message: 'a' },
        { kind: 'attachment', native: 'hook_success', message: 'b' },
        { kind: 'harness', text: '<system-reminder>', message: 'c' },
        { kind: 'side_call', native: 'ai-title', text: 'T', message: 'd' },
        { kind: 'side_call', chain: 1, message: 'e' },
        { kind: 'side_call', chain: 1, message: 'f' },
        { text: 'Go on.' },
      ],
      { chains },
    ),
  ).toEqual([
    '20:26:40  - client: hook_success ×2, harness',
    '20:26:40  - side call: title "T"',
    '20:26:40    - side call: compaction ×2',
    '20:26:40  > Go on.',
  ])
})

test('a subagent is named and indented, also where an old client wrote it into the main chain', () => {
  const chains = [chain(), chain({ agent: 'a1', type: 'Explore', description: 'Find it', depth: 1 })]
  expect(
    shown(
      [
        { ...call, tool: 'Task', argument: 'Find it', answered: true, resultLines: 1 },
        { kind: 'subagent_prompt', chain: 1, text: 'Look there.' },
        { kind: 'answer', chain: 0, inline: true, text: 'Inline.' },
      ],
      { chains },
    ),
  ).toEqual([
    '20:26:40  · Task  Find it  → 1 line',
    '20:26:40  [subagent Explore a1: Find it]',
    '20:26:40    » Look there.',
    '20:26:40    Inline.',
  ])
})

test('compactions and the end of what a fork shares are marked', () => {
  expect(
    shown(
      [
        { text: 'Shared.', message: 'a' },
        {
          kind: 'compact_boundary',
          text: 'Conversation compacted',
          compaction: '{"trigger":"auto","preTokens":155025}',
          message: 'b',
        },
        { kind: 'compact_summary', text: 'So\nfar.', message: 'c' },
      ],
      { head: { lastShared: 'a' } },
    ),
  ).toEqual([
    '20:26:40  > Shared.',
    '── from here on only in this session ──',
    '20:26:40  ── compacted (auto, 155 025 tokens before) ──',
    '20:26:40  - summary of what came before, 2 lines',
  ])
})

test('a long text is cut with the number of its lines, and with --full nothing is', () => {
  const text = Array.from({ length: 100 }, (_, n) => `line ${n}`).join('\n')
  const cut = shown([{ text: text.slice(0, 400), length: text.length, lines: 100 }])
  expect(cut).toHaveLength(41)
  expect(cut.at(-1)).toBe('          … 60 more lines, --full shows all')
  expect(shown([{ text }], { full: true })).toHaveLength(100)
})

test('a command is told as it was typed, and with --full as the client wrote it', () => {
  const wrapped = '<command-name>/model</command-name>\n<command-message>model</command-message>'
  const entries = [
    { kind: 'command', text: `${wrapped}\n<command-args>opus</command-args>` },
    { kind: 'command', text: `${wrapped}\n<command-args></command-args>` },
    { kind: 'command', text: '<bash-input>git status</bash-input>' },
    { kind: 'command', text: `${wrapped}\n<command-args>cut` },
    { kind: 'command', text: '<command-unknown>x' },
  ] as const
  expect(shown(entries)).toEqual([
    '20:26:40  > /model opus',
    '20:26:40  > /model',
    '20:26:40  > ! git status',
    '20:26:40  > /model cut',
    '20:26:40  > <command-unknown>x',
  ])
  expect(shown(entries.slice(2, 3), { full: true })).toEqual(['20:26:40  > <bash-input>git status</bash-input>'])
})

test('what has no text is named as the client names it, also with --full', () => {
  const entries = [
    { kind: 'other', type: 'other', native: 'brand_new' },
    { kind: 'attachment', type: 'other', native: 'skill_listing' },
    { type: 'image', native: 'image' },
  ] as const
  expect(shown(entries)).toEqual(['20:26:40  - client: brand_new, skill_listing', '20:26:40  > [image]'])
  expect(shown(entries, { full: true })).toEqual([
    '20:26:40  other: [brand_new]',
    '20:26:40  attachment: [skill_listing]',
    '20:26:40  > [image]',
  ])
})

test('with --full there are arguments, results, reasoning and what the client put in', () => {
  expect(
    shown(
      [
        { ...call, args: '{"command":"a\\nb"}' },
        { kind: 'tool_result', type: 'tool_result', resultFor: 't', text: 'one\ntwo', answered: true, isError: true },
        { kind: 'harness', text: '<x>' },
        { kind: 'reasoning', type: 'reasoning', text: 'First.\nThen.' },
      ],
      { full: true },
    ),
  ).toEqual([
    '20:26:40  · Bash',
    '            {',
    '              "command": "a\\nb"',
    '            }',
    '20:26:40  → result of t, an error',
    '            one',
    '            two',
    '20:26:40  harness: <x>',
    '20:26:40  ~ First.',
    '            Then.',
  ])
})

const nasty = 'a\u001b]0;title\u0007\u001b[31mred\u001b[0m\u202etxt\r\nb\u009bc\tend'

test.each([false, true])('nothing of a conversation is an order to the terminal (full: %s)', full => {
  const chains = [chain(), chain({ agent: nasty, type: nasty, description: nasty, depth: 1 })]
  const everywhere = {
    text: nasty,
    tool: nasty,
    argument: nasty,
    args: nasty,
    resultText: nasty,
    resultFor: nasty,
    native: nasty,
  }
  const kinds = [
    'prompt',
    'answer',
    'tool_call',
    'tool_result',
    'reasoning',
    'attachment',
    'side_call',
    'error',
    'compact_boundary',
  ] as const
  const told = conversationText({ ...head, title: nasty, cwd: nasty }, chains, { width: 60, full, dims: false })
  const lines = [
    ...told.head(),
    ...kinds.flatMap(kind =>
      [0, 1].flatMap(of =>
        told.entry(
          entry({
            ...everywhere,
            kind,
            chain: of,
            answered: true,
            resultError: true,
            type: kind.startsWith('tool') ? kind : 'text',
          }),
        ),
      ),
    ),
    ...told.end(),
  ]
  expect(lines.filter(line => /[\p{Cc}\u202a-\u202e]/u.test(line))).toEqual([])
  expect(lines.length).toBeGreaterThan(10)
})

test('no line is wider than the terminal, with wide characters and long words too', () => {
  const text = `${'word '.repeat(30)}\n    ${'漢字'.repeat(40)}\n${'x'.repeat(200)}\n🎉 party`
  const lines = shown([{ text }, { ...call, argument: '漢字'.repeat(50), answered: true, resultLines: 3 }], {
    width: 50,
  })
  expect(lines.filter(line => displayWidth(line) > 50)).toEqual([])
  expect(lines.join('').replaceAll(/[^漢x]/g, '')).toContain('x'.repeat(200))
})

test('on a terminal what matters less is fainter, and an order ends in its own line', () => {
  const lines = shown([{ ...call }, { kind: 'attachment', native: 'file' }], { dims: true, width: 60 }).filter(
    line => line !== '',
  )
  for (const line of lines) expect(line.split('\u001b[2m').length).toBe(line.split('\u001b[22m').length)
})

test('lines keep what they are indented by, and one line is made of many', () => {
  expect(wrappedText('a\n    indented and long', 12)).toEqual(['a', '    indented', '    and long'])
  expect(oneLine('a\n  b\tc', 20)).toBe('a b c')
  expect(oneLine('abcdefghijkl', 9)).toBe('abcdefgh…')
})

test('the document has a message with all its parts, and is JSON without any', async () => {
  const collect = async (entries: readonly Partial<Entry>[]): Promise<unknown> => {
    const stream = (async function* () {
      for (const one of entries) yield entry(one)
    })()
    let text = ''
    for await (const piece of conversationDocument(head, [chain()], stream)) text += piece
    return JSON.parse(text)
  }
  expect(await collect([])).toMatchObject({
    formatVersion: 1,
    session: { id: 's1', models: ['example-1', 'example-2'] },
    messages: [],
  })
  const document = await collect([
    { message: 'a', text: 'one' },
    { message: 'a', part: 1, text: 'two' },
    { message: 'b', text: 'three' },
  ])
  expect(document).toMatchObject({
    chains: [{ agent: null, depth: 0 }],
    messages: [
      {
        id: 'a',
        chain: 0,
        parts: [
          { index: 0, text: 'one' },
          { index: 1, text: 'two' },
        ],
      },
      { id: 'b', parts: [{ index: 0, text: 'three' }] },
    ],
  })
})
