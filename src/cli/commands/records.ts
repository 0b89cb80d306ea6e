import { join, resolve } from 'node:path'
import { problemDocument } from '../../daemon/task-document.ts'
import { HypError } from '../../errors.ts'
import type { Backup } from '../../stores/records/backup.ts'
import { type Collected, collectBackups } from '../../stores/records/gc.ts'
import { migrateRecords } from '../../stores/records/migrate.ts'
import { recordPlace } from '../../stores/records/place.ts'
import { fileKinds, recordKinds } from '../../stores/records/registry.ts'
import { restoreRecord } from '../../stores/records/restore.ts'
import { openRecords, type RecordList } from '../../stores/records/store.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import type { BackupDocument, CollectedDocument, RecordsDocument } from '../records-document.ts'
import { renderCollected, renderMigration, renderRecords, renderRestored } from '../render/records.ts'
import { write } from '../writer.ts'

/** What records there are, in which versions, and what is wrong with them. Reads only. */
export async function runRecords(context: CommandContext, options: OptionValues): Promise<number> {
  const place = recordPlace(context.home)
  const kinds: RecordsDocument['kinds'][number][] = []
  const lists: RecordList<unknown>[] = []
  const backups: BackupDocument[] = []
  for (const kind of recordKinds) {
    const store = openRecords(kind, place)
    const hasFiles = fileKinds.includes(kind)
    const list = hasFiles ? await store.list() : { items: [], problems: [], backups: [], leftovers: [] }
    lists.push(list)
    backups.push(...list.backups.map(backup => backupDocument(kind.name, backup)))
    kinds.push({
      kind: kind.name,
      version: kind.version,
      directory: hasFiles ? store.directory : null,
      records: hasFiles ? list.items.length : null,
      versions: countVersions(list),
      outdated: list.items.filter(({ version }) => version < kind.version).length,
      backups: list.backups.length,
      problems: list.problems.length,
    })
  }
  const problems = lists.flatMap(list => list.problems.map(problemDocument))
  const document: RecordsDocument = { kinds, problems, backups }
  if (options['json'] === true) await printDocument(context.io, document)
  else await context.io.stdout(renderRecords(document, context))
  return 0
}

/** Stores records of older versions in the present ones. */
export async function runRecordsMigrate(context: CommandContext, options: OptionValues): Promise<number> {
  const { migrated, problems } = await underLock(context, () => migrateRecords(recordPlace(context.home)))
  const document = { migrated, problems: problems.map(problemDocument) }
  if (options['json'] === true) await printDocument(context.io, document)
  else await context.io.stdout(renderMigration(document, context))
  return problems.length === 0 ? 0 : 1
}

/** Removes old backups. */
export async function runRecordsGc(context: CommandContext, options: OptionValues): Promise<number> {
  const dryRun = options['dryRun'] === true
  const collect = (): Promise<CollectedDocument> => collectAll(context, dryRun)
  const document = dryRun ? await collect() : await underLock(context, collect)
  if (options['json'] === true) await printDocument(context.io, document)
  else await context.io.stdout(renderCollected(document))
  return 0
}

/** Puts a backup back. */
export async function runRecordsRestore(
  context: CommandContext,
  options: OptionValues,
  record: string,
): Promise<number> {
  const place = recordPlace(context.home)
  const [, name, id = ''] = /^([^/]*)\/(.*)$/s.exec(record) ?? []
  const kind = fileKinds.find(each => each.name === name)
  if (kind === undefined)
    throw new HypError('USAGE', `A record is named KIND/ID, not ${JSON.stringify(record)}.`, {
      hint: `Kinds are ${fileKinds.map(each => each.name).join(', ')}.`,
    })
  const store = openRecords(kind, place)
  store.pathOf(id)
  const given = typeof options['from'] === 'string' ? options['from'] : undefined
  const from = given?.includes('/') === false ? join(store.directory, given) : given && resolve(given)
  const restored = await underLock(context, () => restoreRecord(store, id, { ...place, from }))
  const document = { kind: kind.name, id, ...restored }
  if (options['json'] === true) await printDocument(context.io, document)
  else await context.io.stdout(renderRestored(document))
  return 0
}

async function collectAll({ home }: CommandContext, dryRun: boolean): Promise<CollectedDocument> {
  const place = recordPlace(home)
  const collected: [kind: string, Collected][] = []
  for (const kind of fileKinds)
    collected.push([
      kind.name,
      await collectBackups(openRecords(kind, place), { io: place.io, now: place.now(), dryRun }),
    ])
  return {
    dryRun,
    removed: collected.flatMap(([kind, { backups }]) => backups.map(backup => backupDocument(kind, backup))),
    leftovers: collected.flatMap(([, { leftovers }]) => leftovers),
    kept: collected.reduce((sum, [, { kept }]) => sum + kept, 0),
  }
}

/** The daemon has the records to itself, and has migrated them when it started. */
function underLock<Result>(context: CommandContext, work: () => Promise<Result>): Promise<Result> {
  return write(context, {
    throughDaemon: ({ pid }) =>
      Promise.reject(
        new HypError('LOCKED', `The daemon, process ${pid}, works with the records.`, {
          hint: 'Stop it first: `hyp stop`. It migrates records by itself when it starts.',
        }),
      ),
    underLock: work,
  })
}

function countVersions({ items }: RecordList<unknown>): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { version } of items) counts[version] = (counts[version] ?? 0) + 1
  return counts
}

function backupDocument(kind: string, { id, version, path }: Backup): BackupDocument {
  return { kind, id, version, path }
}
