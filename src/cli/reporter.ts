import type { CliIo } from './io.ts'
import type { EventLines } from './render/event-lines.ts'

/** Writes lines to stderr or stdout; on a terminal a progress line is replaced by what comes next. */
export interface Reporter {
  show(event: EventLines): void
  /** Ends a progress line that stands. */
  end(): void
}

const everyMs = 5_000

/** One progress line on a terminal; elsewhere one every five seconds. */
export function reporter(io: Pick<CliIo, 'columns'>, isTerminal: boolean, write: (text: string) => void): Reporter {
  let standing = false
  let lastAt = 0
  const end = (): void => {
    if (standing) write('\r\u001b[2K')
    standing = false
  }
  return {
    end,
    show: ({ lines, progress }) => {
      if (lines.length > 0) {
        end()
        write(`${lines.join('\n')}\n`)
      }
      if (progress === undefined) return
      if (isTerminal) {
        write(`\r\u001b[2K${progress.slice(0, io.columns - 1)}`)
        standing = true
      } else if (performance.now() - lastAt >= everyMs) {
        lastAt = performance.now()
        write(`${progress}\n`)
      }
    },
  }
}
