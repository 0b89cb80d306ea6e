import type { Random } from '../random.ts'
import type { OutFile } from '../sink.ts'
import type { Texts } from '../texts.ts'
import type { ClaudeEffect, ClaudeTally, Standing } from './tally.ts'
import type { Era } from './versions.ts'

export type Line = Readonly<Record<string, unknown>>

/** One conversation of a client: what its lines have in common. */
export interface Session {
  readonly id: string
  readonly era: Era
  /** The era's version as a number. */
  readonly version: number
  readonly cwd: string
  readonly branch: string
  readonly entrypoint: string
  readonly slug: string
  readonly model: string
}

/** A transcript being written, with the truth about it. */
export interface Transcript {
  readonly bytes: number
  readonly write: (line: Line, effect: ClaudeEffect, standing?: Standing) => void
  /** A line as it stands, and what it is. */
  readonly text: (line: string, effect: ClaudeEffect, standing?: Standing) => void
  /** Bytes that are whole lines, blank or not; only the lines that have an effect are counted. */
  readonly raw: (content: string | Uint8Array, effects?: readonly ClaudeEffect[]) => void
  readonly close: (atMs: number) => void
}

/** A text line of a transcript, and what it is: kept for those that copy it. */
export interface KeptLine {
  readonly text: string
  readonly effect: ClaudeEffect
}

/** @param keep gets every line with an id of its own, as long as it wants them */
export function openTranscript(
  file: OutFile,
  path: string,
  tally: ClaudeTally,
  keep?: (line: KeptLine) => void,
): Transcript {
  tally.begin(path)
  const text: Transcript['text'] = (line, effect, standing) => {
    file.line(line)
    tally.count(effect, file.lines, standing)
    if (keep !== undefined && line.includes('"uuid":"')) keep({ text: line, effect })
  }
  return {
    get bytes() {
      return file.bytes
    },
    write: (line, effect, standing) => text(JSON.stringify(line), effect, standing),
    text,
    raw: (content, effects = []) => {
      const before = file.lines
      file.raw(content)
      for (const [index, effect] of effects.entries()) tally.count(effect, before + 1 + index)
    },
    close: atMs => {
      tally.end(file.bytes)
      file.close(atMs)
    },
  }
}

/** Where a conversation, or one of its agents, stands. */
export interface Chain {
  readonly session: Session
  readonly agent: string | null
  readonly sidechain: boolean
  readonly random: Random
  readonly texts: Texts
  readonly out: Transcript
  /** Id of the line before. */
  parent: string | null
  /** Milliseconds since 1970. */
  ms: number
  /** What a prompt costs so far: contexts grow. */
  context: number
}

export function time(chain: Chain): string {
  return new Date(chain.ms).toISOString()
}

/** A line with an id, behind the one before. */
export function linked(chain: Chain, type: string, members: Line): Line {
  const { session, random } = chain
  const { version } = session
  chain.ms += random.between(200, 9000)
  const uuid = random.uuid()
  const line = {
    parentUuid: chain.parent,
    isSidechain: chain.sidechain,
    userType: 'external',
    ...(version >= 2_001_080 ? { entrypoint: session.entrypoint } : {}),
    cwd: session.cwd,
    sessionId: session.id,
    version: session.era.version,
    ...(version >= 1_000_055 ? { gitBranch: session.branch } : {}),
    ...(chain.agent !== null && version >= 2_000_028 ? { agentId: chain.agent } : {}),
    ...(version >= 2_000_055 && version <= 2_001_207 ? { slug: session.slug } : {}),
    type,
    ...members,
    uuid,
    timestamp: time(chain),
  }
  chain.parent = uuid
  return line
}

/** What its lines say about a node. */
export function node(
  chain: Chain,
  role: 'user' | 'assistant',
  parts: readonly string[],
  more: Partial<Extract<ClaudeEffect, { kind: 'node' }>> = {},
): ClaudeEffect {
  const { session, agent, sidechain } = chain
  return { kind: 'node', session: session.id, role, parts, agent, sidechain, ...more }
}

export function row(chain: Chain, queuedPrompt = false): ClaudeEffect {
  return { kind: 'row', session: chain.session.id, agent: chain.agent, queuedPrompt }
}

export function skipped(reason: string): ClaudeEffect {
  return { kind: 'skipped', reason }
}
