import type { Chain, Session } from '../chain.ts'
import type { ClaudeTally } from '../tally.ts'

/** Where one trap writes. */
export interface TrapPlace {
  /** A session of its own, of the version given. */
  readonly session: (version?: string) => Session
  /**
   * Begins a transcript.
   * @param path below the trap's project; default the session's own file
   */
  readonly begin: (session: Session, more?: { readonly path?: string; readonly agent?: string | null }) => Chain
  /** Absolute path of a name below the trap's project. */
  readonly pathOf: (name: string) => string
  /** The same, relative to the client's directory. */
  readonly nameOf: (name: string) => string
  readonly tally: ClaudeTally
}

/** Writes what makes readers miscount or stumble: the files of one trap. */
export type Trap = (place: TrapPlace) => void
