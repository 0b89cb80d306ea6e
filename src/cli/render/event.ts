import type { DaemonEvent } from '../../daemon/event.ts'
import { planCommand } from '../../daemon/table-status.ts'
import { builtinTable } from '../../schema/builtin.ts'
import { renderBackfill } from './backfill.ts'
import { pasteableHint } from './error.ts'
import { type EventLines, label } from './event-lines.ts'
import { bytes, count, duration, plural, releases } from './text.ts'
import { visible } from './visible.ts'

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
          `${label('stored')}${plural(event.rows, 'row')} in ${event.table} in ${duration(event.ms)}${event.duplicates === 0 ? '' : `; ${plural(event.duplicates, 'row')} stored already`}${event.deleted === 0 ? '' : `; ${plural(event.deleted, 'row')} left out, as deleted before`}${event.setAside === 0 ? '' : `; ${plural(event.setAside, 'row')} could not be, see ${pasteable('hyp spool')}`}`,
        ],
      }
    case 'flush-failed':
      return {
        lines: [
          `${label('spool')}rows for ${event.table} wait: ${event.message} [${event.code}]`,
          `${label('')}hint: ${pasteableHint(event.hint, pasteable)}`,
        ],
      }
    case 'maintained':
      return { lines: maintainedLines(event) }
    case 'maintenance-failed':
      return {
        lines: [
          `${label('failed')}maintenance of ${event.table}, which is tried again: ${event.message} [${event.code}]`,
          `${label('')}hint: ${pasteableHint(event.hint, pasteable)}`,
        ],
      }
    case 'deleted': {
      const { table, rows, by, files, purged } = event
      const besides = purged === 0 ? '' : `; ${plural(purged, 'file')} of before removed`
      const why = whyDeleted[by]
      return {
        lines: [
          `${label('deleted')}${plural(rows, 'row')} of ${plural(files, 'file')} in ${table}${why}, in ${duration(event.ms)}${besides}`,
        ],
      }
    }
    case 'retention-failed':
      return {
        lines: [
          `${label('failed')}nothing that is too old was deleted: ${event.message} [${event.code}]`,
          `${label('')}hint: ${pasteableHint(event.hint, pasteable)}`,
        ],
      }
    case 'backed-up':
      return {
        lines: [
          `${label('backup')}of ${plural(event.files, 'file')} at ${event.directory} in ${duration(event.ms)}: ${bytes(event.bytes)}, of which ${bytes(event.linkedBytes)} take no room`,
        ],
      }
    case 'backup-failed':
      return {
        lines: [
          `${label('backup')}at ${event.directory} failed: ${event.message} [${event.code}]`,
          `${label('')}hint: ${pasteableHint(event.hint, pasteable)}`,
        ],
      }
    case 'moved':
      return {
        lines: [
          `${label('moved')}${event.table} was made at ${event.location} and lies at ${event.directory}: other programs look for its files where they were`,
          `${label('')}hint: run ${pasteable('hyp table relocate')}`,
        ],
      }
    case 'relocated':
      return {
        lines: [
          `${label('table')}${event.table} is said to lie at ${event.to} now, no data file touched (${plural(event.files, 'file')} written)`,
        ],
      }
    case 'held':
      return {
        lines: [
          `${label('held')}rows for ${event.table}: ${event.reason}`,
          `${label('')}nothing is lost; see ${pasteable('hyp spool')}`,
        ],
      }
    case 'watching':
      return {
        lines: [
          `${label('watching')}${plural(event.files, 'file')} (directories: ${event.directories}): what is written is captured`,
        ],
      }
    case 'watch-limited':
      return { lines: [`${label('watching')}by looking again and again: ${event.reason}`] }
    case 'watch-unreadable':
      return { lines: [`${label('unread')}${event.path}: ${event.reason}`] }
    case 'watch-waits':
      return {
        lines: [
          `${label('waiting')}${plural(event.rows, 'captured row')} cannot be kept yet: ${event.message} [${event.code}]`,
          `${label('')}nothing is lost; hint: ${pasteableHint(event.hint, pasteable)}`,
        ],
      }
    case 'watch-refused':
      return {
        lines: [
          `${label('refused')}${plural(event.rows, 'captured row')}: ${event.column === null ? '' : `${event.column}: `}${event.reason}`,
        ],
      }
    case 'watch-failed':
      return {
        lines: [
          `${label('watching')}failed and is begun again: ${event.message} [${event.code}]`,
          `${label('')}hint: ${pasteableHint(event.hint, pasteable)}`,
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

const whyDeleted = {
  request: '',
  retention: ', older than they are kept',
  tombstone: ', as tombstones say',
} as const

/** Nothing where all that changed is how manifests are laid out. */
function maintainedLines({
  table,
  filesBefore,
  filesAfter,
  snapshots,
  removed,
  bytes: freed,
  ms,
}: Extract<DaemonEvent, { type: 'maintained' }>): string[] {
  const parts = [
    ...(filesBefore === 0 ? [] : [`${plural(filesBefore, 'file')} of ${table} became ${count(filesAfter)}`]),
    ...(snapshots === 0 ? [] : [`${plural(snapshots, 'snapshot')} of ${table} expired`]),
    ...(removed === 0 ? [] : [`${plural(removed, 'file')} with ${bytes(freed)} removed`]),
  ]
  return parts.length === 0 ? [] : [`${label('table')}${parts.join('; ')} in ${duration(ms)}`]
}

function refusedLines(
  { table, declared, found, breaking }: Extract<DaemonEvent, { type: 'refused' }>,
  pasteable: (command: string) => string,
): string[] {
  const reasons = breaking.map(({ path, code }) => `${path} (${code})`).join(', ')
  const waits =
    table === builtinTable
      ? 'reads work, and what is imported waits in the spool'
      : 'reads work, and so do the other tables'
  return [
    `${label('refused')}${table === builtinTable ? '' : `${table}: `}release ${declared} would break the table (release ${found ?? 'unknown'}): ${reasons}`,
    `${label('')}nothing was changed; ${waits}. Every reason: ${pasteable(planCommand({ name: table, declared }))}`,
  ]
}
