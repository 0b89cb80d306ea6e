import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { toHypError } from '../errors.ts'
import type { Table } from '../iceberg/catalog/catalog.ts'
import { localFileIO } from '../iceberg/file-io/local.ts'
import { listSegments } from '../ingest/spool/read.ts'
import { type SpooledRows, spooledRows } from '../ingest/spooled-rows.ts'
import { tombstoneReader } from '../ingest/tombstones/tombstones.ts'
import type { QueryTable } from '../query/live-view.ts'
import type { Declaration } from '../schema/declaration.ts'
import { declarationOf } from '../schema/declaration-of.ts'
import { planTable } from '../schema/plan.ts'
import { takeLease } from '../stores/leases.ts'
import { makeQueryFolder, queryPlaces } from '../stores/query-folder.ts'
import { recordPlace } from '../stores/records/place.ts'
import { openCatalog } from '../stores/table/catalog.ts'
import type { CommandContext } from './context.ts'
import { loadTables, type NamedTable, type NamedTables } from './named-table.ts'

/** What no query can show now. */
export interface Notice {
  readonly text: string
  /** Tells more. */
  readonly command: string
}

/** Tables with the rows that are acknowledged and not in them yet. */
export interface QueryTables {
  readonly tables: readonly (QueryTable & { readonly name: string })[]
  readonly absent: NamedTables['absent']
  readonly notices: readonly Notice[]
  /** A private folder for what the query itself has to write down; removed with all else. */
  readonly folder: () => Promise<string>
  /** Removes what was written for them, and gives the lease back. */
  readonly close: () => Promise<void>
}

/**
 * The tables of a home as queries see them, or only some of them, with a lease on what they are. Takes no lock: a flush
 * may go on beside it.
 */
export async function queryTables(context: CommandContext, only?: readonly string[]): Promise<QueryTables> {
  const lease = await takeLease(context.home)
  try {
    const found = await openTables(context, only)
    await lease.narrow(found.tables)
    const close = async (): Promise<void> => {
      await found.close()
      await lease.release()
    }
    return { ...found, close }
  } catch (error) {
    await lease.release()
    throw error
  }
}

async function openTables(context: CommandContext, only: readonly string[] | undefined): Promise<QueryTables> {
  const { home, io } = context
  const loaded = await loadTables(context)
  const notices: Notice[] = []
  if (loaded.mistake !== undefined)
    notices.push({
      text: `No table but ai_gateway_messages can be asked for: ${loaded.mistake.message}`,
      command: 'hyp plan',
    })
  const folders = new Map<string, string>()
  const close = async (): Promise<void> => {
    for (const folder of folders.values()) await rm(folder, { recursive: true, force: true })
  }
  try {
    const tables: (QueryTable & { readonly name: string })[] = []
    for (const table of loaded.tables)
      if (only === undefined || only.includes(table.name)) tables.push(await withSpooled(table))
    return { tables, absent: loaded.absent, notices, folder: () => inFolder(folder => Promise.resolve(folder)), close }
  } catch (error) {
    await close()
    throw error
  }

  async function withSpooled(table: NamedTable): Promise<QueryTable & { readonly name: string }> {
    const { name, declaration } = table
    const spool = join(home.spool, name)
    if (declaration === undefined || (await listSegments(localFileIO, spool)).length === 0) return table
    try {
      const found = await inFolder(folder =>
        spooledRows({
          io: localFileIO,
          catalog: openCatalog(home, declaration),
          spool,
          declaration: readAs(declaration, table),
          tombstones: tombstoneReader({ place: recordPlace(home), table: name }),
          file: join(folder, `${name}.parquet`),
          signal: io.signal,
        }),
      )
      notices.push(...found.notShown.map(held => ({ text: notice(name, held), command: 'hyp spool' })))
      return { ...found.table, name, spooled: found.spooled }
    } catch (error) {
      if (io.signal.aborted) throw error
      // What is in the tables can be asked for whatever is wrong with a spool.
      notices.push({
        text: `Acknowledged rows of ${name} cannot be shown: ${toHypError(error).message}`,
        command: 'hyp spool',
      })
      return table
    }
  }

  /** Works in the first place that can be written to. */
  async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
    let failure: unknown
    for (const place of queryPlaces(home)) {
      const folder =
        folders.get(place) ?? (await makeQueryFolder(place).catch((error: unknown) => void (failure = error)))
      if (folder === undefined) continue
      folders.set(place, folder)
      try {
        return await work(folder)
      } catch (error) {
        failure = error
        if (!['DISK_FULL', 'HOME_UNUSABLE'].includes(toHypError(error).code)) break
      }
    }
    throw failure
  }
}

/** What breaks a table is not applied to it: its rows are read as what it is. */
function readAs(declaration: Declaration, table: Table): Declaration {
  const { verdict, found } = planTable(declaration, table)
  if (verdict !== 'breaking' && verdict !== 'newer') return declaration
  return declarationOf({ table: declaration.table, release: found?.release ?? declaration.release }, table.metadata)
}

function notice(table: string, { rows, reason }: SpooledRows['notShown'][number]): string {
  return `${rows} acknowledged ${rows === 1 ? 'row' : 'rows'} of ${table} cannot be shown: ${reason}`
}
