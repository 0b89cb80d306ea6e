/** Tokens as the provider counts them: what was cached is a part of the input, what was reasoned a part of the output. */
export interface CodexUsage {
  input_tokens: number
  cached_input_tokens: number
  output_tokens: number
  reasoning_output_tokens: number
  total_tokens: number
}

/** Counts of one thread, or of all of them. */
export interface CodexCounts {
  /** Response items of its own by kind, those of which no row is kept too. */
  readonly items: Record<string, number>
  /** Rows of response items: one for each element of a message's content, one for any other item. */
  rows: number
  /** Times that the totals of tokens changed. */
  usageRows: number
  /** Items of the user without the harness's own. */
  prompts: number
  readonly usage: CodexUsage
}

/** Who a thread is, by the first `session_meta` of its file. */
export interface ThreadIdentity {
  readonly id: string
  readonly sessionId: string
  readonly parentThreadId: string | null
  readonly forkedFrom: string | null
}

export interface ThreadTruth extends CodexCounts, Omit<ThreadIdentity, 'id'> {
  /** Relative to the client's directory; the ones that are to be read. */
  readonly files: string[]
  /** Turns that it repeats of the thread it comes from. */
  replayedTurns: number
}

export interface CodexMalformed {
  readonly path: string
  readonly line: number
  readonly reason: string
}

/** What is in a generated tree of Codex, counted while it was written. */
export interface CodexTruth {
  /** Rollouts to be read, and their bytes before compression. */
  files: number
  bytes: number
  /** Lines that are not blank; of a single document, its items and itself. */
  lines: number
  linesWithRows: number
  /** Rows as they are read, those that stand in two files twice. */
  captured: number
  /** Lines that are worth no row, by the reader's reason. */
  readonly skipped: Record<string, number>
  readonly malformed: CodexMalformed[]
  readonly threads: Record<string, ThreadTruth>
  readonly totals: CodexCounts
}

export function noCodexUsage(): CodexUsage {
  return { input_tokens: 0, cached_input_tokens: 0, output_tokens: 0, reasoning_output_tokens: 0, total_tokens: 0 }
}

export function noCodexCounts(): CodexCounts {
  return { items: {}, rows: 0, usageRows: 0, prompts: 0, usage: noCodexUsage() }
}

export function addUsage(to: CodexUsage, usage: CodexUsage): void {
  for (const name of Object.keys(to) as (keyof CodexUsage)[]) to[name] += usage[name]
}
