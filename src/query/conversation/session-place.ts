/** A session, or some threads of it. */
export interface SessionPlace {
  readonly session: string
  /** Of Codex, where one thread is meant by its own id: that, and those that it began; null for the whole session. */
  readonly threads: readonly string[] | null
}
