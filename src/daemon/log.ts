import { pino } from 'pino'
import type { DaemonEvent } from './event.ts'

/** Keys whose values come from messages; they have no place in a log, whoever put them there. */
const neverLogged = ['content', 'content_text', 'text', 'raw_frame', 'tool_args', 'record', 'row']

const warnings: ReadonlySet<DaemonEvent['type']> = new Set([
  'refused',
  'table-failed',
  'backfill-failed',
  'backup-failed',
  'moved',
  'flush-failed',
  'held',
  'maintenance-failed',
  'retention-failed',
  'damaged',
  'record-unusable',
  'token-replaced',
  'watch-limited',
  'watch-unreadable',
  'watch-waits',
  'watch-refused',
  'watch-failed',
])

const progressEveryMs = 5_000

/** A function that writes each event as one line of NDJSON. Counts and names only; never what a message says. */
export function daemonLog(write: (line: string) => void): (event: DaemonEvent) => void {
  const logger = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: neverLogged.flatMap(key => [key, `*.${key}`]), remove: true },
    },
    { write },
  )
  let progressAt = performance.now()
  return event => {
    const { type, ...data } = event
    if (event.type === 'backfill' && event.event.type === 'progress') {
      if (performance.now() - progressAt < progressEveryMs) return
      progressAt = performance.now()
    }
    if (warnings.has(type)) return logger.warn(data, type)
    logger.info(data, type)
  }
}
