import { join } from 'node:path'
import { startDaemon } from '../../../src/daemon/start.ts'
import type { BackfillSummary } from '../../../src/ingest/backfill/backfill-summary.ts'
import { newestRelease } from '../../../src/schema/builtin.ts'
import { homeAt } from '../../../src/stores/home.ts'
import { type HeldUp, watchEventLoop } from '../event-loop.ts'
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
  readonly whileIdle: HeldUp
  readonly whileImporting: HeldUp
  readonly peakMegabytes: number
}

const { folder, history } = taskOf() as ImportTask
const daemon = await startDaemon({
  home: homeAt(join(folder, 'home')),
  release: newestRelease,
  userHome: folder,
  env: { CLAUDE_CONFIG_DIR: history },
  onEvent: () => undefined,
})
const idle = watchEventLoop()
await new Promise(resolve => setTimeout(resolve, 2000))
const whileIdle = idle()
const importing = watchEventLoop()
const start = performance.now()
const summary = await daemon.backfill({ source: 'claude' }, () => undefined)
const ms = performance.now() - start
const whileImporting = importing()
await daemon.stop(null)
const answer: ImportAnswer = { summary, ms, whileIdle, whileImporting, peakMegabytes: peakMegabytes() }
say(answer)
