/** Everything a command sees of the world it runs in; tests hand in their own. */
export interface CliIo {
  /** What is handed in. */
  readonly stdin: () => AsyncIterable<Uint8Array>
  /** Data goes here. Resolves when more may be written. @throws HypError DISK_FULL or DISK_FAILED */
  readonly stdout: (data: string | Uint8Array) => Promise<void>
  /** All else goes here. */
  readonly stderr: (text: string) => void
  readonly stdoutIsTerminal: boolean
  readonly stderrIsTerminal: boolean
  /** Characters in a line of the terminal. */
  readonly columns: number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly userHome: string
  /** Aborted by Ctrl-C, a request to end, or when nobody reads the output any more; its reason is the signal's name. */
  readonly signal: AbortSignal
  /** The file that was started, to start another process of the same program. */
  readonly program: string
}

/** How the program hands itself to the one command that types others. */
export type RunCli = (args: readonly string[], io: CliIo) => Promise<number>
