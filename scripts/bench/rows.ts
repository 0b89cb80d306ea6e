import type { Row } from '../../src/iceberg/types.ts'

/*
 * Made-up rows of release 9 with a value in every column. The text is words
 * drawn by a fixed generator, so that it compresses as prose does and every
 * run has the same rows.
 */

const words = (
  'the a of to and in is that for it on with as was be by this at from or an are not have which you can file test ' +
  'function return value error module import table schema column commit snapshot manifest partition session message ' +
  'string number array object promise await async const export interface readonly undefined reading writing metadata ' +
  'directory process worker thread memory buffer stream request response server client daemon history transcript plan'
).split(' ')

const models = ['claude-opus-4', 'claude-sonnet-4', 'claude-haiku-4']
const tools = ['Bash', 'Read', 'Edit', 'Grep', 'Write']
const day = 86_400_000_000n
const epoch = 1_750_000_000_000_000n

/** A generator of numbers in [0, 1) that always begins the same (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Text of about so many characters. */
export function prose(length: number, random: () => number): string {
  let text = ''
  while (text.length < length) {
    text += words[Math.floor(random() * words.length)] as string
    text += random() < 0.08 ? `${Math.floor(random() * 1e6)}\n` : ' '
  }
  return text.slice(0, length)
}

export interface RowShape {
  /** Characters of text in a row, in `content_text`, `tool_args`, `attributes` and `raw_frame` together. */
  readonly text: number
  /** Rows of one session. */
  readonly perSession: number
}

/** Rows `first` to `first + length`. */
export function rowsFrom(first: number, length: number, { text, perSession }: RowShape): Row[] {
  const random = seeded(first + 1)
  return Array.from({ length }, (_, offset) => flat(rowAt(first + offset, text, perSession, random)))
}

/** A string put together from pieces is a tree until somebody reads it; a parser would have made it in one piece. */
function flat(row: Row): Row {
  const copies = Object.entries(row).map(([name, cell]) => [
    name,
    typeof cell === 'string' ? Buffer.from(cell).toString() : cell,
  ])
  return Object.fromEntries(copies) as Row
}

function rowAt(n: number, text: number, perSession: number, random: () => number): Row {
  const session = Math.floor(n / perSession)
  const position = n % perSession
  const id = `${hex(n, 8)}-7a11-4c0d-8e57-${hex(session, 12)}`
  const sessionId = `${hex(session * 2_654_435_761, 8)}-0000-4000-8000-${hex(session, 12)}`
  const at = epoch + BigInt(session) * 3_600_000_000n + BigInt(position) * 1_500_000n
  const share = (part: number): string => prose(Math.max(4, Math.round(text * part)), random)
  const model = models[session % models.length] as string
  return {
    gateway_id: '0190b5a2-0000-7000-8000-000000000001',
    schema_version: 9,
    session_id: sessionId,
    conversation_id: sessionId,
    user_id: 'somebody@example.org',
    provider: 'anthropic',
    model,
    system_text: null,
    tools: null,
    conversation_started_at: epoch + BigInt(session) * 3_600_000_000n,
    conversation_source: 'cli',
    client_name: 'claude',
    cwd: `/home/somebody/project-${session % 7}`,
    git_branch: 'main',
    git_remote: 'https://example.org/project.git',
    head_sha: hex(session, 40),
    repo_root: `/home/somebody/project-${session % 7}`,
    client_version: '2.1.0',
    entrypoint: 'cli',
    user_type: 'external',
    permission_mode: 'default',
    is_sidechain: position % 11 === 0,
    agent_id: position % 11 === 0 ? `agent-${session % 5}` : null,
    parent_thread_id: null,
    message_id: id,
    previous_message_id: position === 0 ? null : `["${hex(n - 1, 8)}-7a11-4c0d-8e57-${hex(session, 12)}"]`,
    provider_uuid: `msg_${hex(n, 24)}`,
    parent_uuid: position === 0 ? null : `${hex(n - 1, 8)}-7a11-4c0d-8e57-${hex(session, 12)}`,
    logical_parent_uuid: null,
    source_tool_assistant_uuid: null,
    request_id: `req_${hex(n >> 1, 24)}`,
    prompt_id: hex(n >> 3, 16),
    message_index: position,
    message_created_at: at,
    role: position % 2 === 0 ? 'user' : 'assistant',
    part_id: `${id}#0`,
    part_index: 0,
    part_type: position % 3 === 0 ? 'tool_call' : 'text',
    provider_type: position % 3 === 0 ? 'tool_use' : 'text',
    provider_subtype: null,
    content_text: share(0.5),
    tool_name: position % 3 === 0 ? tools[n % tools.length] : null,
    tool_call_id: position % 3 === 0 ? `toolu_${hex(n, 24)}` : null,
    tool_args: share(0.1),
    caller_type: 'direct',
    tool_result_for: null,
    thinking_signature: null,
    attachment_type: null,
    hook_event: null,
    is_error: false,
    is_compact_summary: false,
    compact_metadata: null,
    status: '{"stop_reason":"end_turn"}',
    attributes: share(0.1),
    raw_frame: share(0.3),
    date: new Date(Number((at / day) * day) / 1000).toISOString().slice(0, 10),
    runtime_key: 'default',
    inference_id: `inf_${hex(n, 16)}`,
    input_tokens: 1200 + (n % 997),
    output_tokens: 90 + (n % 431),
    cache_creation_input_tokens: n % 3000,
    cache_read_input_tokens: 40_000 + (n % 9973),
  }
}

function hex(n: number, length: number): string {
  return Math.abs(n).toString(16).padStart(length, '0').slice(-length)
}
