import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type HistoryOptions, type HistoryTruth, makeHistory } from '../../scripts/make-history/history.ts'

/** A made-up history of one test. */
export interface MadeHistory {
  readonly directory: string
  /** What `CLAUDE_CONFIG_DIR` and `CODEX_HOME` would name. */
  readonly claude: string
  readonly codex: string
  readonly truth: HistoryTruth
}

/** Makes one that is removed when the test is over. */
export async function madeHistory(options: Omit<HistoryOptions, 'directory'>): Promise<MadeHistory> {
  const directory = mkdtempSync(join(tmpdir(), 'hyp-made-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const truth = await makeHistory({ ...options, directory })
  return { directory, claude: join(directory, '.claude'), codex: join(directory, '.codex'), truth }
}
