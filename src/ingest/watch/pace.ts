/** How often things are done, in milliseconds. */
export interface WatchPace {
  /** Others of the same write are waited for so long. */
  readonly settleMs: number
  /** A new file that goes on from one which is not there is read so much later: both may have come at once. */
  readonly parentMs: number
  /** Files that were active lately are looked at so often. */
  readonly tickMs: number
  /** All files are looked at so often. */
  readonly sweepMs: number
  /** A file is active so long after it changed. */
  readonly activeMs: number
}

export const usualPace: WatchPace = {
  settleMs: 200,
  parentMs: 2_000,
  tickMs: 2_000,
  sweepMs: 300_000,
  activeMs: 600_000,
}
