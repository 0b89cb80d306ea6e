/** When rows go from the spool into their table, and how many may wait. */
export interface IntakeLimits {
  /** Rows wait at most so long for others to go with them, in milliseconds. */
  readonly flushAgeMs: number
  /** So many bytes do not wait for more. */
  readonly flushBytes: number
  /** With so many bytes in all spools no more rows are taken. */
  readonly spoolBytes: number
}

export const usualIntakeLimits: IntakeLimits = {
  flushAgeMs: 30_000,
  flushBytes: 32 * 1024 * 1024,
  spoolBytes: 2 * 1024 * 1024 * 1024,
}
