/** Rests until something is to be done. All ends with the signal. */
export interface Rest {
  /** Ends a rest that lasts until something happens, or the next one if there is none now. */
  readonly wake: () => void
  /** Until a time of `performance.now()`, or until woken. */
  until(time: number): Promise<void>
  /** For so many milliseconds, whatever happens. */
  for(ms: number): Promise<void>
}

export function newRest(signal: AbortSignal): Rest {
  let isWoken = false
  let end: (() => void) | undefined
  return {
    wake: () => {
      isWoken = true
      end?.()
    },
    until: async time => {
      if (!isWoken) await pause(time - performance.now(), resolve => (end = resolve))
      isWoken = false
      end = undefined
    },
    for: ms => pause(ms, () => undefined),
  }

  function pause(ms: number, begun: (resolve: () => void) => void): Promise<void> {
    if (ms <= 0 || signal.aborted) return Promise.resolve()
    return new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done, { once: true })
      begun(done)
    })
  }
}
