import { answer, answerLine, prompt } from './lines.ts'
import type { Trap } from './trap.ts'

/** What makes tokens be counted twice or not at all. */
export const usageTraps: Readonly<Record<string, Trap>> = {
  // Each block repeats the usage of its message, and the first ones only have a beginning of the output.
  'usage-per-line': ({ session, begin }) => {
    const chain = begin(session())
    prompt(chain, 'Count me once.')
    for (const output of [5, 5, 120, 631]) answer(chain, { id: 'msg_once', request: 'req_once', output })
    chain.out.close(chain.ms)
  },
  // Lines of one message with others between them, the greatest output not last.
  'usage-interleaved': ({ session, begin }) => {
    const chain = begin(session())
    prompt(chain, 'Two at a time.')
    for (const [id, output] of [
      ['msg_a', 3],
      ['msg_b', 8],
      ['msg_a', 900],
      ['msg_b', 9],
      ['msg_a', 40],
    ] as const)
      answer(chain, { id, request: `req_${id}`, output })
    chain.out.close(chain.ms)
  },
  // Gateways of third parties give no request id.
  'no-request-id': ({ session, begin }) => {
    const chain = begin(session())
    prompt(chain, 'Through a gateway.')
    for (const output of [4, 88]) answer(chain, { id: 'msg_gateway', request: null, output })
    for (const output of [2, 33]) answer(chain, { id: 'msg_gateway_2', request: null, output })
    chain.out.close(chain.ms)
  },
  // The same message id under two requests is two messages.
  'same-id-other-request': ({ session, begin }) => {
    const chain = begin(session())
    prompt(chain, 'Twice.')
    for (const request of ['req_1', 'req_2']) answer(chain, { id: 'msg_twice', request, output: 50 })
    chain.out.close(chain.ms)
  },
  'cost-fields': ({ session, begin }) => {
    const chain = begin(session('1.0.24'))
    prompt(chain, 'What did it cost?')
    const [line, effect] = answerLine(chain, { id: 'msg_cost', request: 'req_cost', output: 12 })
    chain.out.write({ ...line, costUSD: 1_000_000, durationMs: 5 }, effect)
    chain.out.close(chain.ms)
  },
  // Billed, though it says nothing.
  'answer-without-content': ({ session, begin }) => {
    const chain = begin(session())
    prompt(chain, 'Say nothing.')
    const [line, effect] = answerLine(chain, { id: 'msg_empty', request: 'req_empty', output: 1 })
    const message = { ...(line['message'] as object), content: [] }
    chain.out.write({ ...line, message }, { ...effect, parts: [], rows: 1 } as typeof effect)
    chain.out.close(chain.ms)
  },
}
