import type { ClaudeCounts, ClaudeSession, ClaudeTruth, ClaudeUsage } from './truth.ts'
import { noClaudeCounts } from './truth.ts'

/** What the writer of a line knows that a reader will have to find in it. */
export type ClaudeEffect =
  | {
      readonly kind: 'node'
      readonly session: string
      readonly role: 'user' | 'assistant'
      /** Types of its blocks. */
      readonly parts: readonly string[]
      /** Default: one for each part. */
      readonly rows?: number
      readonly prompt?: boolean
      readonly sidechain?: boolean
      readonly agent?: string | null
      /** Of an answer of a model: which API message the line belongs to, and what its snapshot says. */
      readonly api?: { readonly message: string; readonly usage: ClaudeUsage }
    }
  /** Anything else that is worth one row. */
  | { readonly kind: 'row'; readonly session: string; readonly agent?: string | null; readonly queuedPrompt?: boolean }
  | { readonly kind: 'skipped'; readonly reason: string; readonly malformed?: boolean }

/** `copy`: the row is there already. `fork`: it is a row of its own, and its usage is that of the original. */
export type Standing = 'original' | 'copy' | 'fork'

export interface ClaudeTally {
  readonly truth: ClaudeTruth
  /** Begins a transcript. @param path relative to the client's directory */
  readonly begin: (path: string) => void
  /** Counts its next line. @param number of the line in the file, from 1 */
  readonly count: (effect: ClaudeEffect, number: number, standing?: Standing) => void
  readonly end: (bytes: number) => void
}

export function makeClaudeTally(): ClaudeTally {
  const truth: ClaudeTruth = {
    files: 0,
    bytes: 0,
    lines: 0,
    linesWithRows: 0,
    captured: 0,
    skipped: {},
    malformed: [],
    unreadable: [],
    sessions: {},
    totals: noClaudeCounts(),
  }
  let path = ''
  /** What was counted of an API message, by session; only the file that is written can add to its messages. */
  let counted = new Map<string, ClaudeUsage>()
  let sessionsOfFile = new Set<string>()

  return { truth, begin, count, end }

  function begin(next: string): void {
    path = next
    truth.files++
    counted = new Map()
    sessionsOfFile = new Set()
  }

  function end(bytes: number): void {
    truth.bytes += bytes
  }

  function count(effect: ClaudeEffect, number: number, standing: Standing = 'original'): void {
    truth.lines++
    if (effect.kind === 'skipped') {
      truth.skipped[effect.reason] = (truth.skipped[effect.reason] ?? 0) + 1
      if (effect.malformed === true) truth.malformed.push({ path, line: number, reason: effect.reason })
      return
    }
    const rows = effect.kind === 'row' ? 1 : (effect.rows ?? effect.parts.length)
    truth.linesWithRows++
    truth.captured += rows
    const session = sessionOf(effect.session)
    if (!sessionsOfFile.has(effect.session)) {
      sessionsOfFile.add(effect.session)
      session.files++
    }
    const { agent } = effect
    if (typeof agent === 'string' && !session.agents.includes(agent)) session.agents = [...session.agents, agent].sort()
    if (standing === 'copy') return
    for (const counts of [session, truth.totals]) add(counts, effect, rows)
    if (effect.kind === 'node' && effect.api !== undefined) {
      const key = `${effect.session}\0${effect.api.message}`
      const before = counted.get(key)
      const now = mostOutput(before, effect.api.usage)
      counted.set(key, now)
      // Lines of one message stand close together.
      if (counted.size > 100) counted.delete(counted.keys().next().value ?? '')
      bill(session, before, now)
      if (standing === 'original') bill(truth.totals, before, now)
    }
  }

  function sessionOf(id: string): ClaudeSession {
    const session = truth.sessions[id] ?? { files: 0, agents: [], ...noClaudeCounts() }
    truth.sessions[id] = session
    return session
  }
}

function add(counts: ClaudeCounts, effect: Exclude<ClaudeEffect, { kind: 'skipped' }>, rows: number): void {
  counts.rows += rows
  if (effect.kind === 'row') {
    if (effect.queuedPrompt === true) counts.queuedPrompts++
    return
  }
  counts.nodes++
  if (effect.role === 'user') counts.nodesUser++
  else counts.nodesAssistant++
  if (effect.sidechain === true) counts.sidechainNodes++
  if (effect.prompt === true) counts.prompts++
  counts.parts += effect.parts.length
  for (const part of effect.parts) {
    const type = `${effect.role}:${part}`
    counts.partsByType[type] = (counts.partsByType[type] ?? 0) + 1
  }
}

function mostOutput(before: ClaudeUsage | undefined, usage: ClaudeUsage): ClaudeUsage {
  return before !== undefined && before.output_tokens >= usage.output_tokens ? before : usage
}

function bill(counts: ClaudeCounts, before: ClaudeUsage | undefined, now: ClaudeUsage): void {
  if (before === undefined) counts.apiMessages++
  const { usage } = counts
  for (const name of Object.keys(usage) as (keyof ClaudeUsage)[]) usage[name] += now[name] - (before?.[name] ?? 0)
}
