import { type Payload, type Rollout, skipped, write, writeEvent, writeItem } from './rollout.ts'

/** Of messages, what their content elements are called. */
const elementTypes: Readonly<Record<string, string>> = {
  assistant: 'output_text',
  user: 'input_text',
  developer: 'input_text',
}

export function message(role: 'user' | 'assistant' | 'developer', ...texts: readonly string[]): Payload {
  return { type: 'message', role, content: texts.map(text => ({ type: elementTypes[role], text })) }
}

/** What a person asks; legacy histories tell it twice. */
export function writePrompt(rollout: Rollout, text: string, images = 0): void {
  const { texts, random } = rollout
  const item = message('user', text)
  const shown = Array.from({ length: images }, () => ({
    type: 'input_image',
    image_url: `data:image/png;base64,${texts.base64(random, Math.min(random.size(200_000, 0.7), 2_000_000))}`,
  }))
  const content = [...(item['content'] as readonly object[]), ...shown]
  writeItem(rollout, { ...item, content }, { rows: content.length, prompt: true })
  mirror(rollout, { type: 'user_message', message: text, images: [], local_images: [] }, 'UserMessage')
}

/** What the model says. */
export function writeSaid(rollout: Rollout, text: string, phase: 'commentary' | 'final_answer'): void {
  mirror(rollout, { type: 'agent_message', message: text }, 'AgentMessage')
  writeItem(rollout, { ...message('assistant', text), phase })
}

export function writeReasoning(rollout: Rollout): void {
  const { random, texts, thread } = rollout
  const summary = random.chance(0.6) ? [{ type: 'summary_text', text: `**${texts.title(random)}**` }] : []
  if (summary.length > 0) mirror(rollout, { type: 'agent_reasoning', text: summary[0]?.text }, 'Reasoning')
  const encrypted_content = thread.era.format === 'envelope' ? texts.base64(random, random.size(4800, 0.6)) : null
  writeItem(rollout, { type: 'reasoning', summary, content: null, encrypted_content })
}

/** In a legacy history an event beside the item, in a paginated one that the item is complete. */
function mirror(rollout: Rollout, event: Payload, item: string): void {
  const { thread, turnId, random } = rollout
  if (thread.era.history === 'legacy') return writeEvent(rollout, event)
  const completed = { type: item, id: random.uuid(), text: event['message'] ?? event['text'] }
  writeEvent(rollout, { type: 'item_completed', thread_id: thread.id, turn_id: turnId, item: completed })
}

/** A tool at work: the call and what it brought. */
export function writeCall(rollout: Rollout): void {
  const { random, texts, thread } = rollout
  const call_id = `call_${random.hex(24)}`
  const length = random.chance(0.03) ? random.size(50_000, 0.6) : random.size(5200, 1.3)
  const output = texts.output(random, Math.min(length, 400_000))
  if (random.chance(0.12)) {
    const input = `*** Begin Patch\n${texts.output(random, random.size(1200, 0.9))}\n*** End Patch`
    writeItem(rollout, { type: 'custom_tool_call', status: 'completed', call_id, name: 'apply_patch', input })
    writeItem(rollout, { type: 'custom_tool_call_output', call_id, output: output.slice(0, 300) })
    if (thread.era.history === 'legacy') {
      const changes = { [`${thread.cwd}/${texts.path(random)}`]: { type: 'update', unified_diff: input } }
      writeEvent(rollout, { type: 'patch_apply_end', call_id, success: true, stdout: 'Done.', stderr: '', changes })
    }
    return
  }
  if (random.chance(0.01)) {
    writeItem(rollout, {
      type: 'web_search_call',
      status: 'completed',
      action: { type: 'search', query: texts.title(random) },
    })
    return
  }
  const command = ['bash', '-lc', texts.command(random, random.size(100, 0.8))]
  const args = JSON.stringify({ command, workdir: thread.cwd, timeout_ms: 10_000 })
  writeItem(rollout, { type: 'function_call', name: 'shell', arguments: args, call_id })
  writeItem(rollout, { type: 'function_call_output', call_id, output: outputOf(rollout, output) })
}

function outputOf({ random, texts, thread }: Rollout, output: string): unknown {
  const { version } = thread.era
  if (version === '0.10.0' || version === '0.40.0')
    return JSON.stringify({ output, metadata: { exit_code: 0, duration_seconds: 0.3 } })
  if (!random.chance(0.01)) return `Exit code: 0\nWall time: 0.1 seconds\nOutput:\n${output}`
  const image = texts.base64(random, Math.min(random.size(180_000, 0.7), 2_000_000))
  return [{ type: 'input_image', image_url: `data:image/png;base64,${image}` }]
}

/** A copy of the work tree's state, of no use to a reader. */
export function writeGhost(rollout: Rollout): void {
  const { random } = rollout
  const preexisting_untracked_files = Array.from({ length: random.size(60, 1.4) }, () => `build/${random.hex(16)}.o`)
  const ghost_commit = { id: random.hex(40), parent: random.hex(40), preexisting_untracked_files }
  const payload = { type: 'ghost_snapshot', ghost_commit }
  write(rollout, 'response_item', payload, { kind: 'rowless', item: 'ghost_snapshot' })
}

/** The conversation in short, and once more all of it that goes on from here. */
export function writeCompacted(rollout: Rollout, bytes = rollout.random.size(160_000, 0.6)): void {
  const { random, texts } = rollout
  const replacement_history: Payload[] = []
  for (let left = Math.min(bytes, 20_000_000); left > 0; left -= 8000)
    replacement_history.push(
      left % 3 < 1
        ? { type: 'compaction', encrypted_content: texts.base64(random, 8000) }
        : message('user', texts.prose(random, 8000)),
    )
  write(rollout, 'compacted', { message: '', replacement_history }, skipped('compacted'))
  if (rollout.thread.era.history === 'legacy') writeEvent(rollout, { type: 'context_compacted' })
  rollout.context = 12_000
}
