import { type Chain, type Line, linked, node } from './chain.ts'
import { progressOf } from './progress.ts'
import type { ClaudeUsage } from './truth.ts'

/** A tool call that waits for its result. */
export interface Call {
  readonly id: string
  readonly name: string
  readonly input: Line
  /** Id of the line it stands in. */
  readonly line: string
}

/** One answer of the model: a line for each block, with the output count growing from line to line. */
export function writeAnswer(chain: Chain, calls: readonly { readonly name: string; readonly input: Line }[]): Call[] {
  const { random, texts } = chain
  const blocks: Line[] = []
  if (random.chance(0.4)) blocks.push(thinking(chain))
  if (calls.length === 0 || random.chance(0.5))
    blocks.push({ type: 'text', text: texts.prose(random, random.size(560, 0.9)) })
  const started = calls.map(call => ({ ...call, id: `toolu_01${random.hex(22)}`, line: '' }))
  for (const { id, name, input } of started) blocks.push({ type: 'tool_use', id, name, input })
  const lines = writeBlocks(chain, blocks, calls.length > 0 ? 'tool_use' : 'end_turn')
  return started.map(call => ({ ...call, line: lines }))
}

function thinking({ random, texts, session }: Chain): Line {
  const told = session.version < 2_001_177 || random.chance(0.3)
  return {
    type: 'thinking',
    thinking: told ? texts.prose(random, random.size(500, 0.9)) : '',
    signature: texts.base64(random, random.size(700, 0.5)),
  }
}

/** Writes the blocks of one API message. @returns the id of its last line */
function writeBlocks(chain: Chain, blocks: readonly Line[], stop: string): string {
  const { random, session } = chain
  const id = `msg_01${random.hex(22)}`
  const requestId = `req_011C${random.hex(20)}`
  const output = random.size(260, 1)
  chain.context += output + random.between(0, 1500)
  const usage = {
    input_tokens: random.between(1, 12),
    cache_creation_input_tokens: random.size(1400, 0.8),
    cache_read_input_tokens: chain.context,
  }
  // Old clients wrote some answers as one line.
  const together = session.version < 2_000_000 && random.chance(0.05)
  const groups = together ? [blocks] : blocks.map(block => [block])
  for (const [index, content] of groups.entries()) {
    const last = index === groups.length - 1
    const snapshot: ClaudeUsage = { ...usage, output_tokens: last ? output : Math.min(output, 1 + index * 3) }
    const line = linked(chain, 'assistant', {
      message: {
        model: session.model,
        id,
        type: 'message',
        role: 'assistant',
        content,
        stop_reason: last ? stop : null,
        stop_sequence: null,
        usage: {
          ...snapshot,
          cache_creation: {
            ephemeral_5m_input_tokens: usage.cache_creation_input_tokens,
            ephemeral_1h_input_tokens: 0,
          },
          service_tier: 'standard',
        },
      },
      requestId,
    })
    const parts = content.map(block => String(block['type']))
    chain.out.write(line, node(chain, 'assistant', parts, { api: { message: `${id} ${requestId}`, usage: snapshot } }))
  }
  return chain.parent ?? ''
}

/** The results of tool calls, each as a line of its own, with what was shown while they ran. */
export function writeResults(chain: Chain, calls: readonly Call[], agent?: string): void {
  const { random, texts, session } = chain
  for (const call of calls) {
    progressOf(chain, call)
    const length = random.chance(0.03) ? random.size(36_000, 0.5) : random.size(1350, 1.3)
    const output = texts.output(random, Math.min(length, 200_000))
    const failed = random.chance(0.05)
    const content: unknown = random.chance(0.2) ? [{ type: 'text', text: output }] : output
    const line = linked(chain, 'user', {
      message: {
        role: 'user',
        content: [{ tool_use_id: call.id, type: 'tool_result', content, ...(failed ? { is_error: true } : {}) }],
      },
      toolUseResult: failed ? `Error: ${output.slice(0, 300)}` : structured(chain, call, output, agent),
      ...(session.version >= 2_001_011 ? { sourceToolAssistantUUID: call.line } : {}),
    })
    chain.out.write(line, node(chain, 'user', ['tool_result']))
  }
}

/** A result as the client has it for itself. */
function structured({ random, texts }: Chain, { name, input }: Call, output: string, agent?: string): unknown {
  switch (name) {
    case 'Task':
      return { status: 'completed', prompt: input['prompt'], agentId: agent, content: [{ type: 'text', text: output }] }
    case 'Read':
      return { type: 'text', file: { filePath: input['file_path'], content: output, numLines: 40, totalLines: 400 } }
    case 'Edit':
    case 'Write':
      return {
        filePath: input['file_path'],
        originalFile: texts.output(random, random.size(2200, 0.9)),
        structuredPatch: [{ oldStart: 1, oldLines: 3, newStart: 1, newLines: 4, lines: output.split('\n', 12) }],
        userModified: false,
      }
    case 'WebSearch':
      return {
        query: input['query'],
        results: [{ title: texts.title(random), url: 'https://example.org/' }],
        searchCount: 1,
      }
    default:
      return { stdout: output, stderr: '', interrupted: false, isImage: false }
  }
}

/** What a turn asks its tools for. */
export function inventCalls({ random, texts, session }: Chain): { readonly name: string; readonly input: Line }[] {
  const calls = random.chance(0.15) ? random.between(2, 5) : 1
  return Array.from({ length: calls }, () => {
    const path = `${session.cwd}/${texts.path(random)}`
    switch (random.between(0, 10)) {
      case 0:
      case 1:
      case 2:
        return {
          name: 'Bash',
          input: { command: texts.command(random, random.size(120, 0.9)), description: texts.title(random) },
        }
      case 3:
      case 4:
        return { name: 'Read', input: { file_path: path } }
      case 5:
      case 6: {
        const old_string = texts.output(random, random.size(400, 1))
        return {
          name: 'Edit',
          input: { file_path: path, old_string, new_string: texts.output(random, random.size(500, 1)) },
        }
      }
      case 7:
        return { name: 'Write', input: { file_path: path, content: texts.output(random, random.size(2000, 1)) } }
      case 8:
        return { name: 'Grep', input: { pattern: texts.title(random), path: session.cwd, output_mode: 'content' } }
      default:
        return random.chance(0.1)
          ? { name: 'WebSearch', input: { query: texts.title(random) } }
          : { name: 'mcp__tracker__list', input: { state: 'open', limit: 20, query: texts.title(random) } }
    }
  })
}
