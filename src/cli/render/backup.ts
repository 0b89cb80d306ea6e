import { shellWord } from '../../daemon/shell-word.ts'
import type { BackupReport } from '../../stores/backup/backup.ts'
import type { LaterDeletions, RestoreReport } from '../../stores/backup/restore.ts'
import type { RelocationReport } from '../../stores/table/relocate.ts'
import { label } from './event-lines.ts'
import { bytes, duration, plural } from './text.ts'

/** What a backup came to, in a few lines. */
export function renderBackup(report: BackupReport): string[] {
  const { directory, files, tables, left, partial } = report
  const room =
    report.linkedBytes === 0 ? '' : `; ${bytes(report.bytes - report.linkedBytes)} of that are new on the disk`
  return [
    `${label('backup')}${directory} in ${duration(report.elapsed_ms)}: ${plural(files, 'file')}, ${bytes(report.bytes)}${room}`,
    ...tables.map(
      ({ table, rows, elsewhere }) =>
        `${label('table')}${table}: ${plural(rows, 'row')}${elsewhere === null ? '' : `; it lies at ${elsewhere}, and in the home in the backup`}`,
    ),
    ...outsideLines(tables),
    ...left.map(path => `${label('not in')}${path}: no part of a home`),
    ...partial.map(path => `${label('partial')}${path} is of a backup that did not end; remove it`),
  ]
}

/** What a restore came to, in a few lines. */
export function renderRestore(report: RestoreReport, pasteable: (command: string) => string): string[] {
  const { directory, home, createdAt, before, tables } = report
  return [
    `${label('restored')}${home} from ${directory} in ${duration(report.elapsed_ms)}, as it was at ${createdAt}`,
    ...tables.map(({ table, rows }) => `${label('table')}${table}: ${plural(rows, 'row')}`),
    ...tables.flatMap(({ table, elsewhere }) =>
      elsewhere === null ? [] : [`${label('')}${table} lay at ${elsewhere}; it lies in the home now`],
    ),
    ...tables.flatMap(({ table, failure }) =>
      failure === null
        ? []
        : [`${label('moved')}${table} is said to lie where it was: ${failure.message} [${failure.code}]`],
    ),
    ...outsideLines(tables),
    ...report.deletions.flatMap(deletions => deletionLines(deletions, directory, pasteable)),
    ...(before === null
      ? []
      : [`${label('before')}${before} holds what was in the home; remove it when you miss nothing`]),
    `${label('next')}${pasteable('hyp start')}`,
  ]
}

function deletionLines(
  { table, deletions, rows, failure }: LaterDeletions,
  directory: string,
  pasteable: (command: string) => string,
): string[] {
  const since = `${plural(deletions, 'deletion')} since the backup was made`
  if (failure !== null)
    return [
      `${label('deleted')}not again from ${table}, which had ${since}: ${failure.message} [${failure.code}]`,
      `${label('')}Delete again what is to stay away: see \`${pasteable('hyp table delete --help')}\`.`,
    ]
  if (rows === null)
    return [`${label('deleted')}rows of ${table} are back, as asked: of ${since} its records know no more`]
  return [
    `${label('deleted')}${plural(rows, 'committed row')} of ${table} again, by ${since}, which waiting rows obey too`,
    `${label('')}\`${pasteable(`hyp restore ${shellWord(directory)} --with-deleted`)}\` brings them back`,
  ]
}

/** What became of each table, in a line. */
export function renderRelocation({ tables, dryRun }: RelocationReport): string[] {
  if (tables.length === 0) return ['There is no table yet.']
  return [
    ...tables.map(({ table, from, to, files }) =>
      from === to
        ? `${table} lies where it says: ${to}`
        : `${table} ${dryRun ? 'would be' : 'is'} said to lie at ${to}, no longer at ${from}: ${plural(files, 'file')} ${dryRun ? 'would be written' : 'written'}, no data file touched`,
    ),
    ...outsideLines(tables),
  ]
}

function outsideLines(tables: readonly { readonly table: string; readonly outside: readonly string[] }[]): string[] {
  return tables.flatMap(({ table, outside }) =>
    outside.length === 0
      ? []
      : [
          `${label('outside')}${plural(outside.length, 'file')} of ${table} ${outside.length === 1 ? 'lies' : 'lie'} outside its directory and ${outside.length === 1 ? 'stays' : 'stay'} there: ${outside[0]}${outside.length === 1 ? '' : ', …'}`,
        ],
  )
}
