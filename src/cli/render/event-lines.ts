/** Where a line of output belongs: progress lines replace each other on a terminal. */
export interface EventLines {
  readonly lines: readonly string[]
  readonly progress?: string
}

/** What stands before a line, as wide as all others. */
export const label = (name: string): string => name.padEnd(9)
