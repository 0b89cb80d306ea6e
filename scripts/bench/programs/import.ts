import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { startDaemon } from '../../../src/daemon/start.ts'
import type { BackfillSummary } from '../../../src/ingest/backfill.ts'
import { newestRelease } from '../../../src/schema/builtin.ts'
import { homeAt } from '../../../src/stores/home.ts'
import { peakMegabytes, say, taskOf } from '../program.ts'

/*
 * A daemon that imports a history, and how long its main thread was held up
 * meanwhile.
 */

export interface ImportTask {
  readonly folder: string
  /** Claude Code's configuration directory. */
  readonly history: string
}

export interface ImportAnswer {
  readonly summary: BackfillSummary
  readonly ms: number
  /** Milliseconds for which the main thread did not come around, at most: while idle, and while importing. */
  readonly idleMs: number
  readonly blockedMs: number
  readonly peakMegabytes: number
}

const { folder, history } = taskOf<ImportTask>()
const daemon = await startDaemon({
  home: homeAt(join(folder, 'home')),
  release: newestRelease,
  userHome: folder,
  env: { CLAUDE_CONFIG_DIR: history },
  onEvent: () => undefined,
})
const idle = monitorEventLoopDelay({ resolution: 1 })
idle.enable()
await new Promise(resolve => setTimeout(resolve, 2000))
idle.disable()
const busy = monitorEventLoopDelay({ resolution: 1 })
busy.enable()
const start = performance.now()
const summary = await daemon.backfill('claude', () => undefined)
const ms = performance.now() - start
busy.disable()
await daemon.stop(null)
const answer: ImportAnswer = {
  summary,
  ms,
  idleMs: idle.max / 1e6,
  blockedMs: busy.max / 1e6,
  peakMegabytes: peakMegabytes(),
}
say(answer)
