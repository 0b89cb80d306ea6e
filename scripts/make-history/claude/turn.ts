import { inventCalls, writeAnswer, writeResults } from './answers.ts'
import { type Chain, type Line, linked, node, row, skipped, time } from './chain.ts'
import { writePrompt, writeTask, writeUser } from './prompts.ts'

/** A subagent that a main chain starts. */
export interface Spawn {
  readonly agent: string | null
  readonly toolUseId: string
}

/** What a session remembers from turn to turn. */
export interface Course {
  turns: number
  title: string
  compactedAt: number
}

export function newCourse(): Course {
  return { turns: 0, title: '', compactedAt: 0 }
}

const compactEvery = 1_500_000

/**
 * A prompt and all that follows until the model is done, or until the file has `limit` bytes.
 * @param spawn writes the calls that start subagents
 */
export function writeTurn(chain: Chain, course: Course, limit: number, spawn: () => void): void {
  const { random, out } = chain
  if (out.bytes - course.compactedAt > compactEvery) {
    writeCompaction(chain)
    course.compactedAt = out.bytes
  }
  writePrompt(chain)
  spawn()
  for (let steps = random.size(4, 0.9); steps > 0 && out.bytes < limit; steps--) writeStep(chain)
  if (random.chance(0.03)) writeUser(chain, '[Request interrupted by user]')
  else writeAnswer(chain, [])
  course.turns++
  writeTurnEnd(chain, course)
}

function writeStep(chain: Chain): void {
  const { random } = chain
  if (random.chance(0.004)) writeFailure(chain)
  writeResults(chain, writeAnswer(chain, inventCalls(chain)))
}

/** The call that starts a subagent, and its result. Of the inline layout the agent's own lines stand between them. */
export function writeSpawn(chain: Chain, agent: string | null): Spawn {
  const { random, texts } = chain
  const prompt = texts.request(random, 300)
  const calls = writeAnswer(chain, [{ name: 'Task', input: { description: texts.title(random), prompt } }])
  if (agent === null) {
    const inner: Chain = { ...chain, sidechain: true, parent: null, context: 8000 }
    writeTask(inner, prompt)
    for (let steps = random.between(1, 4); steps > 0; steps--) writeStep(inner)
    writeAnswer(inner, [])
    chain.ms = inner.ms
  }
  writeResults(chain, calls, agent ?? undefined)
  return { agent, toolUseId: calls[0]?.id ?? '' }
}

/** A subagent's transcript until it has `limit` bytes. */
export function writeAgentTurns(chain: Chain, limit: number): void {
  writeTask(chain, chain.texts.request(chain.random, 300))
  while (chain.out.bytes < limit - 3000) writeStep(chain)
  writeAnswer(chain, [])
}

/** A request that failed, shown as an answer of the model. */
function writeFailure(chain: Chain): void {
  const { random, session, out } = chain
  if (session.version >= 2_001_080) {
    const error = { message: 'Connection error.', status: 529 }
    const members = { subtype: 'api_error', level: 'error', error, retryInMs: 600, retryAttempt: 1, maxRetries: 10 }
    out.write(linked(chain, 'system', members), row(chain))
  }
  const content = [{ type: 'text', text: 'API Error: the limit is reached.' }]
  const usage = { input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }
  const line = linked(chain, 'assistant', {
    message: { id: random.uuid(), model: '<synthetic>', role: 'assistant', type: 'message', content, usage },
    ...(session.version >= 2_001_044 ? { error: 'rate_limit', isApiErrorMessage: true, apiErrorStatus: 429 } : {}),
  })
  out.write(line, node(chain, 'assistant', ['text']))
}

function writeCompaction(chain: Chain): void {
  const { random, texts, out } = chain
  const logicalParentUuid = chain.parent
  chain.parent = null
  const boundary = linked(chain, 'system', {
    logicalParentUuid,
    subtype: 'compact_boundary',
    content: 'Conversation compacted',
    level: 'info',
    isMeta: false,
    compactMetadata: { trigger: 'auto', preTokens: random.between(120_000, 180_000) },
  })
  out.write(boundary, row(chain))
  const content = `This conversation goes on from an earlier one. ${texts.prose(random, random.size(6000, 0.4))}`
  writeUser(chain, content, { isCompactSummary: true, isVisibleInTranscriptOnly: true })
  chain.context = 20_000
}

function writeTurnEnd(chain: Chain, course: Course): void {
  const { random, texts, session, out, sidechain } = chain
  const { version } = session
  if (version >= 1_000_033 && version <= 1_000_056 && random.chance(0.3))
    out.write(linked(chain, 'system', { content: 'Running PostToolUse…', isMeta: false, level: 'info' }), row(chain))
  if (version >= 2_001_039 && random.chance(0.4)) {
    const durationMs = random.between(1000, 500_000)
    out.write(linked(chain, 'system', { subtype: 'turn_duration', durationMs, isMeta: false }), row(chain))
  }
  if (sidechain || version < 2_001_080) return
  const sessionId = session.id
  const state = (line: Line): void => out.write({ ...line, sessionId }, skipped('session-state'))
  state({ type: 'last-prompt', lastPrompt: texts.request(random, 80), leafUuid: chain.parent })
  state({ type: 'permission-mode', permissionMode: 'default' })
  if (version >= 2_001_177) state({ type: 'mode', mode: 'normal' })
  // Written again with every save.
  const isNew = course.title === '' || random.chance(0.1)
  if (isNew) course.title = course.title === '' ? texts.title(random) : `${texts.title(random)}, part ${course.turns}`
  const effect = isNew ? row(chain) : skipped('repeated-title')
  out.write({ type: 'ai-title', aiTitle: course.title, sessionId }, effect)
}

/** Titles of other conversations, which old clients put at the beginning of a file. */
export function writeSummaries(chain: Chain): void {
  const { random, texts, out, session } = chain
  if (session.version >= 2_001_000 || !random.chance(0.3)) return
  for (let n = random.between(1, 4); n > 0; n--)
    out.write({ type: 'summary', summary: texts.title(random), leafUuid: random.uuid() }, skipped('summary'))
}

/** A line of the client's undo history that stands alone. */
export function writeDelta(chain: Chain): void {
  const { random, out, session } = chain
  if (session.version < 2_001_200) return
  const backup = { backupFileName: null, version: 1, backupTime: time(chain) }
  const members = { messageId: chain.parent, trackingPath: `src/${random.hex(6)}.ts`, backup, timestamp: time(chain) }
  out.write({ type: 'file-history-delta', ...members }, skipped('file-history'))
}
