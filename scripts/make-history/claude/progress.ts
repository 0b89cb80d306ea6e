import { type Chain, linked, skipped, time } from './chain.ts'

/** Lines that show a tool at work; copies of what subagents say stand in some, and belong to nobody. */
export function progressOf(chain: Chain, call: { readonly id: string; readonly name: string }): void {
  const { random } = chain
  const { progress } = chain.session.era
  if (progress === 0) return
  const lines = random.between(0, Math.round(2 * progress) + 1)
  // Other lines go on behind the line that asked for the tool.
  const { parent } = chain
  for (let n = 0; n < lines; n++) {
    const line = linked(chain, 'progress', {
      data: progressData(chain, call.name),
      toolUseID: `${call.name.toLowerCase()}-progress-${n}`,
      parentToolUseID: call.id,
    })
    chain.out.write(line, skipped('progress'))
  }
  chain.parent = parent
}

function progressData(chain: Chain, tool: string): unknown {
  const { random, texts } = chain
  if (tool === 'Bash' && random.chance(0.5)) {
    const output = texts.output(random, random.size(500, 0.9))
    return {
      type: 'bash_progress',
      output,
      fullOutput: output,
      elapsedTimeSeconds: random.between(1, 90),
      totalLines: 5,
    }
  }
  if (tool === 'Task' || random.chance(0.03)) {
    const usage = {
      input_tokens: 3,
      output_tokens: 500,
      cache_creation_input_tokens: 900,
      cache_read_input_tokens: 9000,
    }
    const content = [{ type: 'text', text: texts.prose(random, random.size(400, 0.8)) }]
    const message = { id: `msg_01${random.hex(22)}`, role: 'assistant', model: chain.session.model, content, usage }
    return {
      type: 'agent_progress',
      message: { type: 'assistant', message, uuid: random.uuid(), timestamp: time(chain) },
      normalizedMessages: [],
      prompt: texts.request(random, 120),
      agentId: random.hex(7),
    }
  }
  if (tool === 'WebSearch') return { type: 'query_update', query: texts.title(random) }
  return {
    type: 'hook_progress',
    hookEvent: random.pick(['PreToolUse', 'PostToolUse']),
    hookName: `${random.pick(['PreToolUse', 'PostToolUse'])}:${tool}`,
    command: `/home/ada/hooks/${texts.slug(random)}.sh`,
  }
}
