import { message, writeCall, writeCompacted, writeGhost, writePrompt, writeReasoning, writeSaid } from './items.ts'
import { type Payload, type Rollout, skipped, write, writeEvent, writeItem } from './rollout.ts'
import { emptyTokenCount, writeTokenCount } from './usage.ts'

/** The first line of a rollout. */
export function metaOf({ thread, texts, random, ms }: Rollout, more: Payload = {}): Payload {
  const { era, id, sessionId, cwd, branch, source, parentThreadId, forkedFrom } = thread
  const timestamp = new Date(ms).toISOString()
  const git = { commit_hash: random.hex(40), branch, repository_url: 'https://example.org/house.git' }
  if (era.format !== 'envelope') return { id, timestamp, instructions: texts.prose(random, 1500), git }
  const named = era.minor >= 125 || sessionId !== id
  return {
    ...(named ? { session_id: sessionId } : {}),
    id,
    ...(forkedFrom === null ? {} : { forked_from_id: forkedFrom }),
    ...(parentThreadId === null || typeof source === 'object' ? {} : { parent_thread_id: parentThreadId }),
    timestamp,
    cwd,
    originator: era.originator,
    cli_version: era.version,
    source,
    ...(typeof source === 'object' ? { thread_source: 'subagent' } : named ? { thread_source: 'user' } : {}),
    model_provider: 'openai',
    ...(era.minor < 58
      ? { instructions: texts.prose(random, 6000) }
      : { base_instructions: { text: texts.prose(random, 13_000) } }),
    ...(named ? { history_mode: era.history } : {}),
    git,
    ...more,
  }
}

export function writeMeta(rollout: Rollout, more: Payload = {}): void {
  write(rollout, 'session_meta', metaOf(rollout, more), skipped('thread-context'))
}

/** The context in which a turn runs. */
export function writeTurnStart(rollout: Rollout): void {
  const { random, texts, thread } = rollout
  const { era, cwd, model } = thread
  rollout.turns++
  if (era.format !== 'envelope') return
  rollout.turnId = era.turnIds ? timeUuid(rollout.ms, random.hex(20)) : ''
  const turn = era.turnIds ? { turn_id: rollout.turnId } : {}
  if (era.turnIds)
    writeEvent(rollout, { type: 'task_started', ...turn, model_context_window: 258_400 }, skipped('thread-context'))
  const context = {
    ...turn,
    cwd,
    approval_policy: random.pick(['on-request', 'never']),
    sandbox_policy: { type: 'workspace-write', network_access: false },
    model,
    effort: 'high',
    summary: 'auto',
    ...(era.turnIds ? { user_instructions: texts.prose(random, 1200) } : {}),
  }
  write(rollout, 'turn_context', context, skipped('thread-context'))
}

/** A prompt and all that follows until the model is done, or until the file has `limit` bytes. */
export function writeTurn(rollout: Rollout, limit: number): void {
  const { random, texts, file, thread } = rollout
  const { era } = thread
  if (file.bytes - rollout.compactedAt > 1_200_000 && era.format === 'envelope') {
    rollout.compactedAt = file.bytes
    writeCompacted(rollout)
  }
  writeTurnStart(rollout)
  if (rollout.turns === 1) writeHarness(rollout)
  writePrompt(rollout, texts.request(random, random.size(260, 1)), random.chance(0.02) ? 1 : 0)
  if (era.ghosts && random.chance(0.25)) writeGhost(rollout)
  for (let steps = random.size(9, 0.9); steps > 0 && file.bytes < limit; steps--) {
    writeReasoning(rollout)
    if (random.chance(0.45)) writeSaid(rollout, texts.prose(random, random.size(420, 0.6)), 'commentary')
    writeCall(rollout)
    if (era.format === 'envelope') writeTokenCount(rollout)
    else writeItemState(rollout)
  }
  if (random.chance(0.03)) return writeEvent(rollout, { type: 'turn_aborted', reason: 'interrupted' })
  const said = texts.prose(random, random.size(2000, 0.8))
  writeSaid(rollout, said, 'final_answer')
  if (era.turnIds) writeEvent(rollout, { type: 'task_complete', turn_id: rollout.turnId, last_agent_message: said })
}

/** What the program itself tells the model at the beginning, as if the user had said it. */
function writeHarness(rollout: Rollout): void {
  const { random, texts, thread } = rollout
  if (thread.era.turnIds)
    writeItem(
      rollout,
      message('developer', `<permissions instructions>${texts.prose(random, 1500)}</permissions instructions>`),
    )
  const instructions = texts.prose(random, random.size(3000, 0.6))
  writeItem(
    rollout,
    message('user', `# AGENTS.md instructions for ${thread.cwd}\n\n<INSTRUCTIONS>${instructions}</INSTRUCTIONS>`),
  )
  writeItem(rollout, message('user', `<environment_context>\n  <cwd>${thread.cwd}</cwd>\n</environment_context>`))
  writeEvent(rollout, emptyTokenCount(), skipped('unchanged-usage'))
}

/** Between bare items stood what the program kept for itself. */
function writeItemState(rollout: Rollout): void {
  if (rollout.thread.era.format === 'bare') write(rollout, 'state', { record_type: 'state' }, skipped('thread-context'))
}

/** A UUID of version 7, as threads and turns have: it begins with the time. */
export function timeUuid(ms: number, digits: string): string {
  const time = Math.floor(ms).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${digits.slice(0, 3)}-8${digits.slice(3, 6)}-${digits.slice(6, 18)}`
}
