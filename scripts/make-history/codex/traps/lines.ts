import { message, writePrompt, writeSaid } from '../items.ts'
import { type Rollout, writeEvent, writeItem } from '../rollout.ts'
import { addUsage, type CodexUsage } from '../truth.ts'
import { writeMeta, writeTurnStart } from '../turn.ts'
import { tokenCount } from '../usage.ts'

export function usageOf(input: number, output = 10): CodexUsage {
  return {
    input_tokens: input,
    cached_input_tokens: Math.floor(input / 2),
    output_tokens: output,
    reasoning_output_tokens: 4,
    total_tokens: input + output,
  }
}

/** A request that cost so much, told once. */
export function spend(rollout: Rollout, input: number): CodexUsage {
  const last = usageOf(input)
  addUsage(rollout.totals, last)
  writeEvent(rollout, tokenCount(rollout.totals, last), { kind: 'usage', usage: last })
  return last
}

/** A turn: a prompt, a call, an answer and what it cost. */
export function turn(rollout: Rollout, prompt: string): void {
  writeTurnStart(rollout)
  writePrompt(rollout, prompt)
  const call_id = `call_${rollout.random.hex(24)}`
  writeItem(rollout, { type: 'function_call', name: 'shell', arguments: '{"command":["ls"]}', call_id })
  writeItem(rollout, { type: 'function_call_output', call_id, output: `Exit code: 0\nOutput:\n${prompt}` })
  writeSaid(rollout, `As to "${prompt}": yes.`, 'final_answer')
  if (rollout.thread.era.format === 'envelope') spend(rollout, 1000)
  if (rollout.thread.era.turnIds) writeEvent(rollout, { type: 'task_complete', turn_id: rollout.turnId })
}

/** The smallest conversation there is. */
export function conversation(rollout: Rollout, ...prompts: readonly string[]): void {
  writeMeta(rollout)
  for (const prompt of prompts) turn(rollout, prompt)
}

/** An item of the user that no person wrote. */
export function harness(rollout: Rollout, text: string): void {
  writeItem(rollout, message('user', text))
}
