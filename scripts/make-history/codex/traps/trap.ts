import type { Rollout, RolloutOptions, Thread } from '../rollout.ts'

/** Where one trap writes. */
export interface TrapPlace {
  /** A thread of its own, of the version given. */
  readonly thread: (version?: string, more?: Partial<Thread>) => Thread
  /** Begins the rollout of a thread. @param more.path relative to the client's directory */
  readonly begin: (thread: Thread, more?: Partial<Pick<RolloutOptions, 'path' | 'copy' | 'keep'>>) => Rollout
  /** Where the rollout of a thread lies, relative to the client's directory. */
  readonly pathOf: (thread: Thread, archived?: boolean, ending?: string) => string
  /** Absolute. */
  readonly absolute: (path: string) => string
}

/** Writes what makes readers miscount or stumble: the files of one trap. */
export type Trap = (place: TrapPlace) => void | Promise<void>
