/** What a request may take of the daemon. Times in milliseconds, sizes in bytes. */
export interface Limits {
  /** At each of the two doors; one more is closed without an answer. */
  readonly connections: number
  readonly headerBytes: number
  /** From the opening of a connection, or the end of the request before, to the end of the headers. */
  readonly headerMs: number
  /** Without a byte of a body that is being read. */
  readonly bodyIdleMs: number
  /** For a body from its first byte to its last. */
  readonly bodyMs: number
  /** Of all bodies that are being read or worked on. */
  readonly heldBodyBytes: number
  /** For which a connection without a request stays open. */
  readonly keepAliveMs: number
  /** For which a body that is not wanted is still taken in, so that its sender comes to read the answer. */
  readonly lingerMs: number
  /** For which requests may go on when the daemon stops. */
  readonly graceMs: number
}

export const usualLimits: Limits = {
  connections: 256,
  headerBytes: 16 * 1024,
  headerMs: 5_000,
  bodyIdleMs: 5_000,
  bodyMs: 30_000,
  heldBodyBytes: 256 * 1024 * 1024,
  keepAliveMs: 30_000,
  lingerMs: 1_000,
  graceMs: 1_000,
}

/** Bytes of the body of a command. */
export const longestCommand: number = 64 * 1024
