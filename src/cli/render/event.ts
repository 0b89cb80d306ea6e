import type { DaemonEvent } from '../../daemon/event.ts'
import { planCommand } from '../../daemon/table-status.ts'
import type { BackfillEvent, BackfillSummary } from '../../ingest/backfill.ts'
import { builtinTable } from '../../schema/builtin.ts'
import { type SkipReason, skipReasons } from '../../sources/source.ts'
import { pasteableHint } from './error.ts'
import { bytes, count, duration, plural, releases } from './text.ts'
import { visible } from './visible.ts'

/** Where a line of output belongs: progress lines replace each other on a terminal. */
export interface EventLines {
  readonly lines: readonly string[]
  readonly progress?: string
}

const label = (name: string): string => name.padEnd(9)

/** What a person reads of a daemon's event. */
export function renderEvent(event: DaemonEvent, pasteable: (command: string) => string): EventLines {
  const shown = eventLines(event, pasteable)
  return { ...shown, lines: shown.lines.map(visible) }
}

function eventLines(event: DaemonEvent, pasteable: (command: string) => string): EventLines {
  switch (event.type) {
    case 'home':
      return { lines: [`hyp ${event.version}`, `${label('home')}${event.directory}  (private: only you can read it)`] }
    case 'created':
      return {
        lines: [
          `${label('table')}${event.table} created in ${duration(event.ms)}: release ${event.release}, ${plural(event.columns, 'column')}`,
        ],
      }
    case 'evolved':
      return {
        lines: [
          `${label('table')}${event.table} ${event.repaired ? 'repaired' : 'evolved'} in ${duration(event.ms)}: ${releases(event.from.release, event.to.release)}, schema ${event.from.schemaId} → ${event.to.schemaId}, no data file touched`,
          ...event.changes.map(change => `${label('')}${change}`),
        ],
      }
    case 'unchanged':
      return {
        lines: [
          `${label('table')}${event.table}: release ${event.release ?? 'none'}, schema ${event.schemaId}, ${plural(event.rows, 'row')}`,
        ],
      }
    case 'waiting':
      return { lines: [`${label('waiting')}for process ${event.pid}, which works on this home`] }
    case 'refused':
      return { lines: refusedLines(event, pasteable) }
    case 'table-failed':
      return {
        lines: [
          `${label('failed')}${event.table} is left as it is: ${event.message} [${event.code}]`,
          `${label('')}hint: ${pasteableHint(event.hint, pasteable)}`,
        ],
      }
    case 'adopted':
      return {
        lines: [
          `${label('table')}${event.table} adopted in ${duration(event.ms)}: schema ${event.schemaId}, ${event.directory}`,
          ...event.accepted.map(({ code, path }) => `${label('')}${code}  ${path}`),
        ],
      }
    case 'token-replaced':
      return {
        lines: [
          `${label('token')}${event.file} was ${event.reason}: there is a new one, and the old one opens nothing`,
        ],
      }
    case 'ready':
      return {
        lines: [
          `${label('ready')}in ${duration(event.ms)} on 127.0.0.1:${event.port}; Ctrl-C ends it. Nothing leaves this machine.`,
        ],
      }
    case 'backfill':
      return renderBackfill(event.event, pasteable)
    case 'backfill-failed':
      return {
        lines: [
          `${label('import')}failed: ${event.message}`,
          `${label('')}hint: ${pasteableHint(event.hint, pasteable)}`,
        ],
      }
    case 'flushed':
      return {
        lines: [
          `${label('stored')}${plural(event.rows, 'row')} in ${event.table} in ${duration(event.ms)}${event.duplicates === 0 ? '' : `; ${plural(event.duplicates, 'row')} stored already`}${event.setAside === 0 ? '' : `; ${plural(event.setAside, 'row')} could not be, see ${pasteable('hyp spool')}`}`,
        ],
      }
    case 'flush-failed':
      return {
        lines: [
          `${label('spool')}rows for ${event.table} wait: ${event.message} [${event.code}]`,
          `${label('')}hint: ${pasteableHint(event.hint, pasteable)}`,
        ],
      }
    case 'held':
      return {
        lines: [
          `${label('held')}rows for ${event.table}: ${event.reason}`,
          `${label('')}nothing is lost; see ${pasteable('hyp spool')}`,
        ],
      }
    case 'damaged':
      return {
        lines: [
          `${label('damaged')}${plural(event.ranges, 'place')} in the spool of ${event.table}, ${bytes(event.bytes)} kept aside; see ${pasteable('hyp spool')}`,
        ],
      }
    case 'records-migrated':
      return {
        lines: [
          `${label('records')}${plural(event.records, 'record')} brought to the present version; see ${pasteable('hyp records')}`,
        ],
      }
    case 'record-unusable':
      return {
        lines: [
          `${label('records')}${event.message} [${event.code}]`,
          `${label('')}hint: ${pasteableHint(event.hint, pasteable)}`,
        ],
      }
    case 'stopping':
      return { lines: [`${label('stopping')}${event.signal ?? ''}`.trimEnd()] }
    case 'stopped':
      return { lines: ['stopped'] }
  }
}

function refusedLines(
  { table, declared, found, breaking }: Extract<DaemonEvent, { type: 'refused' }>,
  pasteable: (command: string) => string,
): string[] {
  const reasons = breaking.map(({ path, code }) => `${path} (${code})`).join(', ')
  const waits = table === builtinTable ? 'reads work, the import waits' : 'reads work, and so do the other tables'
  return [
    `${label('refused')}${table === builtinTable ? '' : `${table}: `}release ${declared} would break the table (release ${found ?? 'unknown'}): ${reasons}`,
    `${label('')}nothing was changed; ${waits}. Every reason: ${pasteable(planCommand({ name: table, declared }))}`,
  ]
}

export function renderBackfill(event: BackfillEvent, pasteable: (command: string) => string): EventLines {
  if (event.type === 'found') {
    const free = `${bytes(event.diskFreeBytes)} free on the disk`
    const files = event.roots.reduce((sum, root) => sum + root.files, 0)
    if (files === 0) {
      return {
        lines: [
          `${label('history')}none of ${event.source} was found (${free})`,
          `${label('')}see what hyp does with: npm run demo   (or ${pasteable('hyp demo')})`,
        ],
      }
    }
    return {
      lines: event.roots.map(
        root => `${label('history')}${root.root}  ${plural(root.files, 'file')}, ${bytes(root.bytes)}  (${free})`,
      ),
    }
  }
  if (event.type === 'progress') return { lines: [], progress: progressLine(event) }
  return { lines: summaryLines(event.summary, pasteable).map(visible) }
}

function progressLine(event: Extract<BackfillEvent, { type: 'progress' }>): string {
  const share = event.bytes.total === 0 ? 1 : event.bytes.done / event.bytes.total
  const rate = event.ms === 0 ? 0 : (event.bytes.done / event.ms) * 1000
  const left = share > 0 && share < 1 ? ` eta ${Math.ceil((event.ms / share - event.ms) / 1000)}s` : ''
  return `${label('import')}${bytes(event.bytes.done)}/${bytes(event.bytes.total)} ${(share * 100).toFixed(1)} %  ${plural(event.lines, 'line')}  ${plural(event.rows, 'row')}  ${bytes(rate)}/s${left}`
}

function summaryLines(summary: BackfillSummary, pasteable: (command: string) => string): string[] {
  const skipped = (Object.entries(summary.skipped) as [SkipReason, number][])
    .filter(([, number]) => number > 0)
    .sort((a, b) => b[1] - a[1])
  const skippedLines = skipped.reduce((sum, [, number]) => sum + number, 0)
  const illTyped = Object.entries(summary.illTyped)
  const unread = summary.unreadable.map(({ path, reason }) => `${label('unread')}${path}: ${reason}`)
  if (summary.files === 0) return unread
  return [
    `${label('import')}${readLine(summary)}`,
    ...(skippedLines === 0 ? [] : [`${label('skipped')}${plural(skippedLines, 'line')}:`]),
    ...skipped.map(
      ([reason, number]) => `${label('')}${count(number).padStart(7)}  ${reason.padEnd(18)} ${skipReasons[reason]}`,
    ),
    ...illTyped.map(
      ([column, number]) => `${label('left out')}${plural(number, 'value')} for column ${column}: not of its type`,
    ),
    ...unread,
    ...(summary.rows + summary.duplicates + summary.unchanged === 0
      ? []
      : [`${label('query')}${pasteable(`hyp query "${exampleQuery}"`)}`]),
  ]
}

/** What was read, and what it came to. */
function readLine({ files, unchanged, lines, rows, duplicates, ms }: BackfillSummary): string {
  const left = `${plural(unchanged, 'file')} unchanged since`
  if (unchanged === files) return `nothing new in ${duration(ms)}: ${left} the last time`
  return [
    `${plural(rows, 'new row')} from ${plural(lines, 'line')} of ${plural(files - unchanged, 'file')} in ${duration(ms)}`,
    ...(duplicates === 0 ? [] : [`${plural(duplicates, 'row')} stored already or repeated`]),
    ...(unchanged === 0 ? [] : [`${left} the last time`]),
  ].join('; ')
}

/** Short enough to paste, and says something on any history. */
const exampleQuery =
  'SELECT model, count(*) AS messages, sum(output_tokens) AS output_tokens FROM usage GROUP BY model ORDER BY 2 DESC'
