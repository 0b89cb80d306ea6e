import { type Chain, type Line, linked, node } from '../chain.ts'
import type { ClaudeUsage } from '../truth.ts'

/** A prompt of a person. */
export function prompt(chain: Chain, content: string, more: Line = {}): Line {
  const line = linked(chain, 'user', { message: { role: 'user', content }, ...more })
  chain.out.write(line, node(chain, 'user', ['text'], { prompt: !chain.sidechain }))
  return line
}

export interface AnswerLine {
  readonly id: string
  /** Null: the line has none. */
  readonly request: string | null
  readonly output: number
  readonly block?: Line
}

export function usageOf(output: number): ClaudeUsage {
  return {
    input_tokens: 10,
    output_tokens: output,
    cache_creation_input_tokens: 100,
    cache_read_input_tokens: 1000,
  }
}

/** One line of an answer, and what it is. */
export function answerLine(chain: Chain, { id, request, output, block }: AnswerLine): [Line, ReturnType<typeof node>] {
  const usage = usageOf(output)
  const content = [block ?? { type: 'text', text: 'An answer.' }]
  const model = chain.session.model
  const line = linked(chain, 'assistant', {
    message: { model, id, type: 'message', role: 'assistant', content, stop_reason: null, usage },
    ...(request === null ? {} : { requestId: request }),
  })
  const parts = content.map(({ type }) => String(type))
  return [line, node(chain, 'assistant', parts, { api: { message: `${id} ${request ?? ''}`, usage } })]
}

export function answer(chain: Chain, line: AnswerLine): void {
  chain.out.write(...answerLine(chain, line))
}

/** The smallest conversation there is. */
export function exchange(chain: Chain, id = `msg_01${chain.random.hex(22)}`): void {
  prompt(chain, 'Is the door shut?')
  answer(chain, { id, request: `req_${id}`, output: 7 })
}
