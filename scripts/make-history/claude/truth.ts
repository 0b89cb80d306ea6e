/** Tokens as the provider counts them. */
export interface ClaudeUsage {
  input_tokens: number
  output_tokens: number
  cache_creation_input_tokens: number
  cache_read_input_tokens: number
}

/** Counts of one session, or of all of them. */
export interface ClaudeCounts {
  /** Rows with a key of their own. */
  rows: number
  /** `user` and `assistant` lines with a message, copies left out. */
  nodes: number
  nodesUser: number
  nodesAssistant: number
  sidechainNodes: number
  /** Content blocks of the nodes. */
  parts: number
  /** The same by `role:type`. */
  readonly partsByType: Record<string, number>
  /** Nodes that a person wrote. */
  prompts: number
  /** Prompts that stand in an attachment, because they were written while the client was busy. */
  queuedPrompts: number
  /** Distinct (message id, request id) of answers of a model. */
  apiMessages: number
  /** Per API message the line with the most output. */
  readonly usage: ClaudeUsage
}

export interface ClaudeSession extends ClaudeCounts {
  /** Transcripts with a line of it. */
  files: number
  /** Sorted. */
  agents: string[]
}

export interface MalformedTruth {
  /** Relative to the client's directory. */
  readonly path: string
  /** Counted from 1, blank lines too. */
  readonly line: number
  readonly reason: string
}

/** What is in a generated tree of Claude Code, counted while it was written. */
export interface ClaudeTruth {
  /** Transcripts, and their bytes. */
  files: number
  bytes: number
  /** Lines that are not blank. */
  lines: number
  linesWithRows: number
  /** Rows as they are read, copies too. */
  captured: number
  readonly skipped: Record<string, number>
  readonly malformed: MalformedTruth[]
  /** Sidecars that cannot be used, relative to the client's directory. */
  readonly unreadable: string[]
  readonly sessions: Record<string, ClaudeSession>
  /** Over all sessions; `apiMessages` and `usage` once for what several sessions share. */
  readonly totals: ClaudeCounts
}

export function noClaudeCounts(): ClaudeCounts {
  return {
    rows: 0,
    nodes: 0,
    nodesUser: 0,
    nodesAssistant: 0,
    sidechainNodes: 0,
    parts: 0,
    partsByType: {},
    prompts: 0,
    queuedPrompts: 0,
    apiMessages: 0,
    usage: { input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
  }
}
