import type { Copies } from '../../ingest/deletion/copies.ts'
import type { KeptRows } from '../../ingest/deletion/report.ts'
import type { DeletionRequest, Unwanted } from '../../ingest/deletion/request.ts'
import type { QuarantineCount } from '../../ingest/spool/quarantine.ts'
import type { SpoolStatus } from '../../ingest/spool-report.ts'
import { builtinTable } from '../../schema/builtin.ts'
import { shellWord } from '../shell-word.ts'
import type { DeletionOutcome } from './deletion-task.ts'

export interface KeptRowsOptions {
  readonly table: string
  readonly request: DeletionRequest
  readonly outcome: DeletionOutcome
  readonly waiting: Pick<SpoolStatus, 'rows' | 'held'>
  /** Rejected rows and values that may be of those. */
  readonly rejects: number
  readonly quarantine: Pick<QuarantineCount, 'files'>
  /** Folders of the home that may hold some beside its stores. */
  readonly folders?: readonly string[]
  /** How many queries have rows that wait in folders of their own. */
  readonly queries?: number
  /** Directories of backups that may hold them. */
  readonly backups?: readonly string[]
  /** Paths of transcripts of the session that were read. */
  readonly transcripts?: readonly string[]
}

/** Where rows that were deleted are still, or may be. Pure. */
export function keptRows(options: KeptRowsOptions): KeptRows[] {
  const { request, outcome } = options
  const { purge, older, rows } = outcome
  const kept: KeptRows[] = []
  const add = (place: KeptRows['place'], count: number, message: string, hint: string | null): void => {
    if (count > 0) kept.push({ place, count, message, hint })
  }
  const again = commandOf(options.table, request.unwanted, '--purge')
  if (purge === null) {
    if (rows > 0 && !request.dryRun)
      add(
        'snapshots',
        older,
        `${some(older, 'older snapshot')} ${has(older)} them on the disk until ${it(older)} expire${older === 1 ? 's' : ''}.`,
        `\`${again}\` removes them at once.`,
      )
  } else {
    const { read, ruled, deletes } = purge.kept
    add(
      'readers',
      read,
      `${some(read, 'older snapshot')} ${is(read)} being read, and may hold them.`,
      `Run \`${again}\` again when that has ended.`,
    )
    add(
      'snapshots',
      ruled,
      `${some(ruled, 'older snapshot')} ${is(ruled)} kept by the properties \`history.expire.*\` of the table.`,
      'Change those with the program that set them.',
    )
    add(
      'files',
      deletes,
      `${some(deletes, 'delete file')} of other programs ${is(deletes)} there still: what ${it(deletes)} delete${deletes === 1 ? 's' : ''} may be in data files.`,
      'Compact the table or remove the tag with the program that made them, and run the command again.',
    )
    add(
      'files',
      purge.left.length,
      `${some(purge.left.length, 'file')} could not be removed, the first ${purge.left[0]?.path}: ${purge.left[0]?.reason}.`,
      `Run \`${again}\` again.`,
    )
    const { outside } = purge
    add(
      'files',
      outside.length,
      `${some(outside.length, 'file')} outside the table’s folder ${outside.length === 1 ? 'stays' : 'stay'}, the first ${outside[0]}.`,
      'Remove what nobody else needs.',
    )
    add(
      'files',
      purge.unfinished,
      `${some(purge.unfinished, 'file')} in the table’s folder ${is(purge.unfinished)} of work that was ended, or under way.`,
      '`hyp table expire` removes them when they are three days old.',
    )
  }
  const { folders = [], queries = 0 } = options
  add(
    'readers',
    queries,
    `${some(queries, 'query', 'queries')} ${is(queries)} being run, and may have some that waited in the spool.`,
    `Run \`${again}\` again when that has ended.`,
  )
  add(
    'files',
    folders.length,
    `What was in the home before may hold them: ${folders.join(', ')}.`,
    'Remove it when you miss nothing.',
  )
  const { backups = [] } = options
  const inBackup = again.replace(/^hyp/, () => `hyp --home ${shellWord(backups[0] ?? '')}`)
  add(
    'backups',
    backups.length,
    `${some(backups.length, 'backup')} may hold them: ${backups.join(', ')}.`,
    `Remove ${backups.length === 1 ? 'it' : 'them'}, or delete there too: \`${inBackup}\`.`,
  )
  const { transcripts = [] } = options
  const count = transcripts.length
  const more = count > 1 ? `, the first ${transcripts[0]}` : ` ${transcripts[0]}`
  add(
    'transcripts',
    count,
    `${count === 1 ? `The transcript${more}` : `${count} transcripts${more},`} ${is(count)} the client’s, and noted as read in records/source_cursor.`,
    'Remove what is not needed; the next import then drops its path from the records.',
  )
  for (const place of [...inSpool(options), ...aside(options), ...inSessions(options)]) kept.push(place)
  return kept
}

function inSpool({ request, waiting: { rows } }: KeptRowsOptions): KeptRows[] {
  if (rows === 0) return []
  // A dry run stores nothing first, and the tombstone that keeps rows out is not there.
  const message =
    request.dryRun || request.unwanted.kind === 'where'
      ? `${some(rows, 'row')} ${wait(rows)} in the spool, and ${was(rows)} not looked at.`
      : `${some(rows, 'row')} ${wait(rows)} in the spool; those that were deleted are left out when they are stored, and not shown before.`
  const hint = request.dryRun ? null : '`hyp spool` says why.'
  return [{ place: 'spool', count: rows, message, hint }]
}

function aside({ table, request, rejects, quarantine: { files } }: KeptRowsOptions): KeptRows[] {
  const kept: KeptRows[] = []
  if (rejects > 0) {
    const message = request.purge
      ? `${some(rejects, 'rejected row or value', 'rejected rows and values')} in spool/${table}/rejects ${has(rejects)} nothing to be told by.`
      : `${some(rejects, 'rejected row or value', 'rejected rows and values')} in spool/${table}/rejects may be of them.`
    const hint = request.purge
      ? 'Look through the files there, and remove what is not needed.'
      : `\`${commandOf(table, request.unwanted, '--purge')}\` removes those that are.`
    kept.push({ place: 'rejects', count: rejects, message, hint })
  }
  if (files > 0) {
    const message = `${some(files, 'file')} of damaged bytes in quarantine/${table} may hold some of them.`
    kept.push({ place: 'quarantine', count: files, message, hint: 'Remove them where they are not needed.' })
  }
  return kept
}

/** Forks copy what was said before them, and agents may have sessions of their own. */
function inSessions({ table, outcome: { copies, spawned } }: KeptRowsOptions): KeptRows[] {
  const other = ({ session, rows }: Copies, what: string): KeptRows => ({
    place: 'sessions',
    count: rows,
    message: `${some(rows, 'row')} of session ${session} ${is(rows)} ${what}.`,
    hint: `\`${commandOf(table, { kind: 'session', session })}\` deletes that session too.`,
  })
  return [
    ...copies.map(each => other(each, 'the same messages')),
    ...spawned.map(each => other(each, 'of an agent that the deleted session spawned')),
  ]
}

/** The command that asks for the same. */
export function commandOf(table: string, unwanted: Unwanted, ...flags: readonly string[]): string {
  const named = table === builtinTable ? [] : [table]
  const what =
    unwanted.kind === 'session'
      ? ['--session', shellWord(unwanted.session)]
      : unwanted.kind === 'before'
        ? ['--before', shellWord(unwanted.before)]
        : ['--where', shellWord(unwanted.where)]
  return ['hyp table delete', ...named, ...what, ...flags].join(' ')
}

function some(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`
}

function has(count: number): string {
  return count === 1 ? 'has' : 'have'
}

function is(count: number): string {
  return count === 1 ? 'is' : 'are'
}

function was(count: number): string {
  return count === 1 ? 'was' : 'were'
}

function wait(count: number): string {
  return count === 1 ? 'waits' : 'wait'
}

function it(count: number): string {
  return count === 1 ? 'it' : 'they'
}
