import { join } from 'node:path'
import { startDaemon } from '../../../src/daemon/start.ts'
import type { BackfillSummary } from '../../../src/ingest/backfill/backfill-summary.ts'
import { newestRelease } from '../../../src/schema/builtin.ts'
import { homeAt } from '../../../src/stores/home.ts'
import { peakMegabytes, say, taskOf } from '../program.ts'

/*
 * A daemon that loads a history into a new table, and then looks for what is
 * new in it as often as asked.
 */

export interface CaptureTask {
  readonly folder: string
  /** The clients' directories; one that does not exist stands for a client that was never used. */
  readonly claude: string
  readonly codex: string
  /** Runs after the first. */
  readonly again: number
}

export interface CaptureAnswer {
  readonly summary: BackfillSummary
  readonly ms: number
  /** Of each run after the first. */
  readonly again: readonly { readonly ms: number; readonly rows: number; readonly commits: number }[]
  readonly peakMegabytes: number
}

const { folder, claude, codex, again: runs } = taskOf() as CaptureTask
const daemon = await startDaemon({
  home: homeAt(join(folder, 'home')),
  release: newestRelease,
  userHome: folder,
  env: { CLAUDE_CONFIG_DIR: claude, CODEX_HOME: codex },
  onEvent: () => undefined,
})
const { ms, summary } = await timed()
const again: { ms: number; rows: number; commits: number }[] = []
for (let run = 0; run < runs; run++) {
  const { ms: took, summary: found } = await timed()
  again.push({ ms: took, rows: found.rows, commits: found.commits })
}
await daemon.stop(null)
say({ summary, ms, again, peakMegabytes: peakMegabytes() } satisfies CaptureAnswer)

async function timed(): Promise<{ readonly ms: number; readonly summary: BackfillSummary }> {
  const start = performance.now()
  const found = await daemon.backfill({ source: 'all' }, () => undefined)
  return { ms: performance.now() - start, summary: found }
}
