import type { BackfillEvent, BackfillSummary } from '../../ingest/backfill/backfill-summary.ts'
import { malformedReasons, type SkipReason, skipReasons } from '../../sources/source.ts'
import { type EventLines, label } from './event-lines.ts'
import { bytes, count, duration, plural } from './text.ts'
import { visible } from './visible.ts'

type Pasteable = (command: string) => string

/** Of files and lines so many are named, and how many more there are. */
const mostNamed = 20

/** What a person reads of a backfill. */
export function renderBackfill(event: BackfillEvent, pasteable: Pasteable): EventLines {
  if (event.type === 'found') return { lines: foundLines(event).map(visible) }
  if (event.type === 'progress') return { lines: [], progress: progressLine(event) }
  return { lines: summaryLines(event.summary, pasteable).map(visible) }
}

function foundLines({ source, roots, diskFreeBytes }: Extract<BackfillEvent, { type: 'found' }>): string[] {
  const free = `${bytes(diskFreeBytes)} free on the disk`
  const files = roots.reduce((sum, root) => sum + root.files, 0)
  if (files === 0) return [`${label('history')}none of ${source} was found (${free})`]
  return roots.map(
    root => `${label('history')}${root.root}  ${plural(root.files, 'file')}, ${bytes(root.bytes)}  (${free})`,
  )
}

function progressLine(event: Extract<BackfillEvent, { type: 'progress' }>): string {
  const share = event.bytes.total === 0 ? 1 : event.bytes.done / event.bytes.total
  const rate = event.ms === 0 ? 0 : (event.bytes.done / event.ms) * 1000
  const left = share > 0 && share < 1 ? ` eta ${Math.ceil((event.ms / share - event.ms) / 1000)}s` : ''
  return `${label('import')}${bytes(event.bytes.done)}/${bytes(event.bytes.total)} ${(share * 100).toFixed(1)} %  ${plural(event.lines, 'line')}  ${plural(event.rows, 'row')}  ${bytes(rate)}/s${left}`
}

function summaryLines(summary: BackfillSummary, pasteable: Pasteable): string[] {
  const { files, spooled, refused, dryRun } = summary
  const unread = named(
    summary.unreadable.map(({ path, reason }) => `${label('unread')}${path}: ${reason}`),
    summary.unreadable.length,
  )
  if (files === 0)
    return [...unread, `${label('')}see what hyp does with: npm run demo   (or ${pasteable('hyp demo')})`]
  const isStored = !dryRun && summary.rows + summary.duplicates + summary.unchanged > 0
  return [
    `${label(dryRun ? 'dry run' : 'import')}${readLine(summary)}`,
    ...(spooled === 0 ? [] : [`${label('spool')}${spoolLine(summary)}; see ${pasteable('hyp spool')}`]),
    ...(refused === 0
      ? []
      : [`${label('refused')}${plural(refused, 'row')} that cannot be stored: see the files below`]),
    ...skippedLines(summary),
    ...damagedLines(summary),
    ...Object.entries(summary.illTyped).map(
      ([column, number]) => `${label('left out')}${plural(number, 'value')} for column ${column}: not of its type`,
    ),
    ...unread,
    ...(isStored ? [`${label('query')}${pasteable(`hyp query "${exampleQuery}"`)}`] : []),
  ]
}

/** What was read, and what it came to. */
function readLine(summary: BackfillSummary): string {
  const { files, unchanged, lines, rows, duplicates, deleted, spooled, dryRun, ms } = summary
  const left = `${plural(unchanged, 'file')} unchanged since`
  if (unchanged === files) return `nothing new in ${duration(ms)}: ${left} the last time`
  const what = dryRun ? `nothing was written; ${plural(rows, 'row')} would be new,` : plural(rows, 'new row')
  // Of rows that wait nobody knows yet which are new.
  const all = spooled > 0 && rows === 0 ? plural(spooled, 'row') : what
  return [
    `${all} from ${plural(lines, 'line')} of ${plural(files - unchanged, 'file')} in ${duration(ms)}`,
    ...(duplicates === 0 ? [] : [`${plural(duplicates, 'row')} stored already or repeated`]),
    ...(deleted === 0 ? [] : [`${plural(deleted, 'row')} left out, as deleted before`]),
    ...(unchanged === 0 ? [] : [`${left} the last time`]),
  ].join('; ')
}

function spoolLine({ spooled, dryRun }: BackfillSummary): string {
  return `the table refuses rows now: ${plural(spooled, 'row')} ${dryRun ? 'would wait' : spooled === 1 ? 'waits' : 'wait'} until it takes them`
}

function skippedLines(summary: BackfillSummary): string[] {
  const skipped = (Object.entries(summary.skipped) as [SkipReason, number][])
    .filter(([, number]) => number > 0)
    .sort((a, b) => b[1] - a[1])
  const lines = skipped.reduce((sum, [, number]) => sum + number, 0)
  if (lines === 0) return []
  return [
    `${label('skipped')}${plural(lines, 'line')}:`,
    ...skipped.map(
      ([reason, number]) => `${label('')}${count(number).padStart(7)}  ${reason.padEnd(18)} ${skipReasons[reason]}`,
    ),
  ]
}

function damagedLines({ malformed, skipped }: BackfillSummary): string[] {
  const all = malformedReasons.reduce((sum, reason) => sum + skipped[reason], 0)
  return named(
    malformed.map(({ path, line, reason }) => `${label('damaged')}${path}:${line}: ${skipReasons[reason]}`),
    all,
  )
}

/** The first of lines, and how many there are beyond. */
function named(lines: readonly string[], all: number): string[] {
  const first = lines.slice(0, mostNamed)
  return all > first.length ? [...first, `${label('')}and ${count(all - first.length)} more`] : first
}

/** Short enough to paste, and says something on any history. */
const exampleQuery =
  'SELECT model, count(*) AS answers, sum(output_tokens) AS output_tokens FROM usage GROUP BY model ORDER BY 2 DESC'
