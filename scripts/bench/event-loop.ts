import { readFileSync } from 'node:fs'

/** For how long the main thread did not come around, at most. */
export interface HeldUp {
  readonly ms: number
  /** The same, but for the time in which it was ready to run and every processor was taken. */
  readonly withoutQueueMs: number
}

/** Watches the event loop until the function it gives is called. */
export function watchEventLoop(): () => HeldUp {
  let ms = 0
  let withoutQueueMs = 0
  let last = performance.now()
  let lastQueued = queuedMs()
  const look = (): void => {
    const now = performance.now()
    const queued = queuedMs()
    ms = Math.max(ms, now - last)
    withoutQueueMs = Math.max(withoutQueueMs, now - last - (queued - lastQueued))
    last = now
    lastQueued = queued
  }
  const timer = setInterval(look, 1)
  return () => {
    clearInterval(timer)
    look()
    return { ms, withoutQueueMs }
  }
}

/** Milliseconds for which the main thread has waited for a processor so far; always 0 where the system does not tell. */
function queuedMs(): number {
  try {
    const [, waited] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')
    return Number(waited) / 1e6
  } catch {
    return 0
  }
}
