import type { DeletionReport } from '../../ingest/deletion/report.ts'
import { pasteableHint } from './error.ts'
import { label } from './event-lines.ts'
import { bytes, duration, plural } from './text.ts'
import { visible } from './visible.ts'

/** What a person reads of a deletion. */
export function renderDeletion(report: DeletionReport, pasteable: (command: string) => string): string {
  const lines = [
    ...doneLines(report),
    ...purgedLines(report),
    ...report.kept.flatMap(({ message, hint }, index) => [
      `${label(index === 0 ? 'still' : '')}${message}`,
      ...(hint === null ? [] : [`${label('')}${pasteableHint(hint, pasteable)}`]),
    ]),
  ]
  return `${lines.map(visible).join('\n')}\n`
}

function doneLines(report: DeletionReport): string[] {
  const { table, rows, files, dryRun, ms } = report
  const of = wantedText(report)
  if (rows === 0)
    return [`${label(dryRun ? 'dry run' : 'deleted')}nothing: ${table} has no row ${of}`, ...rememberedLines(report)]
  const touched = [
    ...(files.removed === 0 ? [] : [`${plural(files.removed, 'file')} ${dryRun ? 'would go' : 'removed'}`]),
    ...(files.rewritten === 0 ? [] : [`${plural(files.rewritten, 'file')} ${dryRun ? 'would be ' : ''}written again`]),
  ].join(', ')
  if (dryRun)
    return [
      `${label('dry run')}nothing was deleted; ${plural(rows, 'row')} ${of} would be, from ${table}`,
      `${label('')}${touched}`,
    ]
  return [
    `${label('deleted')}${plural(rows, 'row')} ${of} from ${table} in ${duration(ms)}`,
    `${label('')}${touched}; no query sees them any more`,
    ...rememberedLines(report),
  ]
}

function wantedText({ session, before, where }: DeletionReport): string {
  if (session !== null) return `of session ${session}`
  return before === null ? `for which ${where} is true` : `from before ${before}`
}

function rememberedLines({ remembered, rows, dryRun, before }: DeletionReport): string[] {
  if (dryRun) return []
  const what = {
    session: 'it stays away: no import and no sender brings a row of the session back',
    before: `they stay away: no import and no sender brings a row from before ${before} back`,
    keys: 'they stay away: no import and no sender brings a row with one of their keys back',
  }
  if (remembered !== null) return [`${label('')}${what[remembered]}`]
  return rows === 0 ? [] : [`${label('')}they can come back: the table has no row key to tell them by`]
}

function purgedLines({ purged, dryRun }: DeletionReport): string[] {
  if (purged === null) return []
  const { snapshots, refs, files, bytes: size, rejectedRows } = purged
  if (snapshots + refs.length + files + rejectedRows === 0)
    return [`${label(dryRun ? '' : 'purged')}there is nothing else that held such rows`]
  const parts = [
    plural(snapshots, 'older snapshot'),
    `${plural(files, 'file')} with ${bytes(size)}`,
    ...(refs.length === 0
      ? []
      : [`${refs.length === 1 ? 'the tag or branch' : 'the tags and branches'} ${refs.join(', ')}`]),
    ...(rejectedRows === 0 ? [] : [plural(rejectedRows, 'rejected row')]),
  ]
  return [`${label(dryRun ? '' : 'purged')}${dryRun ? 'besides would go: ' : ''}${parts.join(', ')}`]
}
