import { addUsage, type CodexTruth, type CodexUsage, noCodexCounts, type ThreadIdentity } from './truth.ts'

/** What the writer of a line knows that a reader will have to find in it. */
export type CodexEffect =
  | { readonly kind: 'item'; readonly item: string; readonly rows: number; readonly prompt?: boolean }
  /** A response item of which no row is kept. */
  | { readonly kind: 'rowless'; readonly item: string }
  /** A token count whose totals changed, and what it adds. */
  | { readonly kind: 'usage'; readonly usage: CodexUsage }
  | { readonly kind: 'skipped'; readonly reason: string; readonly malformed?: boolean }

export interface CodexTally {
  readonly truth: CodexTruth
  /**
   * Begins a rollout.
   * @param path relative to the client's directory
   * @param copy the thread was counted already, in another file
   */
  readonly begin: (path: string, thread: ThreadIdentity, copy?: boolean) => void
  readonly count: (effect: CodexEffect, number: number) => void
  readonly replayed: (turns: number) => void
  /** @param path where the file came to lie, if it was moved */
  readonly end: (bytes: number, path?: string) => void
}

export function makeCodexTally(): CodexTally {
  const truth: CodexTruth = {
    files: 0,
    bytes: 0,
    lines: 0,
    linesWithRows: 0,
    captured: 0,
    skipped: {},
    malformed: [],
    threads: {},
    totals: noCodexCounts(),
  }
  let path = ''
  let isCopy = false
  let thread: ThreadIdentity = { id: '', sessionId: '', parentThreadId: null, forkedFrom: null }
  return {
    truth,
    begin: (file, identity, copy = false) => {
      path = file
      isCopy = copy
      thread = identity
      const { id, sessionId, parentThreadId, forkedFrom } = identity
      truth.files++
      truth.threads[id] ??= {
        sessionId,
        parentThreadId,
        forkedFrom,
        files: [],
        replayedTurns: 0,
        ...noCodexCounts(),
      }
    },
    count,
    replayed: turns => {
      const own = truth.threads[thread.id]
      if (own !== undefined) own.replayedTurns += turns
    },
    end: (bytes, file = path) => {
      truth.bytes += bytes
      truth.threads[thread.id]?.files.push(file)
    },
  }

  function count(effect: CodexEffect, number: number): void {
    truth.lines++
    if (effect.kind === 'skipped' || effect.kind === 'rowless') {
      const reason = effect.kind === 'rowless' ? 'ghost-snapshot' : effect.reason
      truth.skipped[reason] = (truth.skipped[reason] ?? 0) + 1
      if (effect.kind === 'skipped') {
        if (effect.malformed === true) truth.malformed.push({ path, line: number, reason })
        return
      }
    } else {
      truth.linesWithRows++
      truth.captured += effect.kind === 'item' ? effect.rows : 1
    }
    const own = truth.threads[thread.id]
    if (isCopy || own === undefined) return
    for (const counts of [own, truth.totals]) {
      if (effect.kind === 'usage') {
        counts.usageRows++
        addUsage(counts.usage, effect.usage)
        continue
      }
      counts.items[effect.item] = (counts.items[effect.item] ?? 0) + 1
      if (effect.kind === 'rowless') continue
      counts.rows += effect.rows
      if (effect.prompt === true) counts.prompts++
    }
  }
}
