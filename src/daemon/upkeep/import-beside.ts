import type { DaemonEvent } from '../event.ts'

/** Whether histories are imported beside, as their events tell. */
export interface ImportBeside {
  readonly hear: (event: DaemonEvent) => void
  /** Whether an import goes on, and is to be waited for. */
  readonly isGoingOn: () => boolean
}

export interface ImportBesideOptions {
  /** One that was silent for so many milliseconds has ended. */
  readonly silentMs: number
  /** One that goes on for more milliseconds is not waited for any more. */
  readonly longestMs: number
}

export function importBeside({ silentMs, longestMs }: ImportBesideOptions): ImportBeside {
  /** As `performance.now()`. */
  let current: { readonly beganAt: number; readonly heardAt: number } | undefined
  return { hear, isGoingOn }

  function hear(event: DaemonEvent): void {
    const isOver = event.type === 'backfill-failed' || (event.type === 'backfill' && event.event.type === 'done')
    const now = performance.now()
    if (isOver) current = undefined
    else if (event.type === 'backfill') current = { beganAt: heardOf(now)?.beganAt ?? now, heardAt: now }
  }

  function isGoingOn(): boolean {
    const now = performance.now()
    const going = heardOf(now)
    return going !== undefined && now - going.beganAt < longestMs
  }

  function heardOf(now: number): typeof current {
    return current !== undefined && now - current.heardAt < silentMs ? current : undefined
  }
}
