import { createHash, hash } from 'node:crypto'
import { basename, dirname, sep } from 'node:path'

/** A request the client makes for itself: it costs tokens and is no part of the conversation. */
export type AuxKind = 'compaction' | 'prompt_suggestion' | 'title'

export function auxKindOf(agentId: string | null): AuxKind | null {
  if (agentId === null) return null
  if (agentId.startsWith('acompact-')) return 'compaction'
  return agentId.startsWith('aprompt_suggestion-') ? 'prompt_suggestion' : null
}

/** The agent that a file is named after. */
export interface FileAgent {
  readonly id: string
  /** Any session may be called `agent-something`: then only lines that are a subagent's are this one's. */
  readonly isSure: boolean
}

/** The agent a file is named after, for lines that do not name theirs; null where it is named after none. */
export function agentOfFile(path: string): FileAgent | null {
  const id = /^agent-(.+)\.jsonl$/.exec(basename(path))?.[1]
  if (id === undefined) return null
  const directories = dirname(path).split(sep)
  // What lies above the projects is the user's to name.
  const nested = directories.slice(directories.lastIndexOf('projects') + 1).includes('subagents')
  // Beside the sessions old clients have hexadecimal ids.
  return { id, isSure: nested || /^[0-9a-f]{6,}$/.test(id) || auxKindOf(id) !== null }
}

/**
 * The message id of a line without uuid: a digest of whose line it is and of what it says, and of how often the file
 * had the same line before, so that two equal lines are two messages. It depends on nothing outside the file's content,
 * nor on how its JSON is spelled: reading the file again, a copy of it elsewhere or one that a tool wrote anew gives the
 * same ids and hence no second row.
 */
export function derivedId(sessionId: string, agentId: string | null, content: string, occurrence: number): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([sessionId, agentId, occurrence]))
    .update(content)
  return `line-${digest.digest('hex').slice(0, 32)}`
}

/** A digest by which lines with one uuid in one session are told; a fork has a session of its own. */
export function uuidDigest(sessionId: string, uuid: string): string {
  return hash('sha256', `${sessionId}\0${uuid}`)
}
