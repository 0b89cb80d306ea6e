import { monitorEventLoopDelay } from 'node:perf_hooks'
import { version } from '../../version.ts'
import type { Metrics } from './metrics.ts'

/** So often the event loop is asked whether it is free. */
const resolutionMs = 20

/** Counts what the process itself needs, until the function it gives is called. */
export function watchProcess(metrics: Metrics, release: number): () => void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs })
  delay.enable()
  metrics.set('hyp_build_info', { version, node: process.versions.node, release: String(release) }, 1)
  metrics.onReading(() => {
    metrics.set('hyp_event_loop_delay_max_seconds', {}, secondsOver(delay.max))
    metrics.set('hyp_event_loop_delay_p99_seconds', {}, secondsOver(delay.percentile(99)))
    metrics.set('hyp_process_resident_memory_bytes', {}, process.memoryUsage.rss())
    delay.reset()
  })
  return () => void delay.disable()
}

/** What is measured is the time between two questions: without the time that always lies between them. */
function secondsOver(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - resolutionMs / 1e3)
}
