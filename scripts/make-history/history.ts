import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeClaudeTree } from './claude/tree.ts'
import type { ClaudeTruth } from './claude/truth.ts'
import { writeCodexTree } from './codex/tree.ts'
import type { CodexTruth } from './codex/truth.ts'
import { makeSink } from './sink.ts'
import { makeTexts } from './texts.ts'

export interface HistoryOptions {
  /** The client's directories are made in it: `.claude` and `.codex`. */
  readonly directory: string
  /** Bytes of Claude Code's transcripts, about; 0 for none. */
  readonly claude?: number
  /** Bytes of Codex's, about, before compression. */
  readonly codex?: number
  /** Number of transcripts; default as many as histories of that size have. */
  readonly claudeFiles?: number
  readonly codexFiles?: number
  /** Equal seeds give equal histories. Default 1. */
  readonly seed?: number
  /** Writes a file for every trap besides. */
  readonly traps?: boolean
  /** Writes a file for each client besides with a line of so many bytes, which has to be more than readers take. */
  readonly longLine?: number
}

/** What is in a history, counted while it was written. */
export interface HistoryTruth {
  readonly seed: number
  readonly claude?: ClaudeTruth
  readonly codex?: CodexTruth
}

/**
 * Writes a made-up history: sizes, kinds of lines and habits of versions are those of real ones, the words are not.
 * Holds one buffer, a stock of text and a copy of what the next file repeats, at any size.
 *
 * @example
 * const truth = await makeHistory({ directory, claude: 5 << 20, traps: true })
 * truth.claude?.totals.rows
 */
export async function makeHistory(options: HistoryOptions): Promise<HistoryTruth> {
  const { directory, claude = 0, codex = 0, seed = 1, traps = false, longLine } = options
  // A small history has no use for much text.
  const stock = Math.min(Math.max((claude + codex) / 8, 1 << 16), 1 << 20)
  const shared = { texts: makeTexts(String(seed), stock), sink: makeSink(), traps, longLine }
  const claudeDirectory = join(directory, '.claude')
  const codexDirectory = join(directory, '.codex')
  if (claude > 0) mkdirSync(claudeDirectory, { recursive: true })
  if (codex > 0) mkdirSync(codexDirectory, { recursive: true })
  return {
    seed,
    ...(claude === 0
      ? {}
      : {
          claude: writeClaudeTree({
            ...shared,
            directory: claudeDirectory,
            bytes: claude,
            files: options.claudeFiles,
            seed: `${seed}:claude`,
          }),
        }),
    ...(codex === 0
      ? {}
      : {
          codex: await writeCodexTree({
            ...shared,
            directory: codexDirectory,
            bytes: codex,
            files: options.codexFiles,
            seed: `${seed}:codex`,
          }),
        }),
  }
}
