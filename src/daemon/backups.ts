import { HypError, toHypError } from '../errors.ts'
import { type BackupReport, backUp } from '../stores/backup/backup.ts'
import type { Home } from '../stores/home.ts'
import { takeLease } from '../stores/leases.ts'
import { type RelocationReport, relocateEach, type TablePlace, type TableRelocation } from '../stores/table/relocate.ts'
import { copyTablesInThread, relocateInThread } from './backup/table-thread.ts'
import type { DaemonEvent } from './event.ts'
import type { Intakes } from './intakes.ts'
import { keptTable, type Tables } from './tables.ts'
import type { Upkeep } from './upkeep.ts'

/** Copies of a running home, and tables that say where they lie. */
export interface Backups {
  /** @throws HypError as `backUp`, LOCKED while another backup is made */
  readonly backUp: (directory: string) => Promise<BackupReport>
  /** @throws HypError NOT_FOUND for a table that is not declared, and errors of the tables */
  readonly relocate: (request: RelocateRequest) => Promise<RelocationReport>
  /** Ends what is under way; what it copied is removed. */
  stop(): Promise<void>
}

export interface RelocateRequest {
  /** All tables where left out. */
  readonly table?: string | undefined
  readonly dryRun: boolean
}

export interface BackupsOptions {
  readonly home: Home
  readonly release: number
  readonly tables: Pick<Tables, 'names' | 'find'>
  readonly intakes: Pick<Intakes, 'segments'>
  readonly upkeep: Pick<Upkeep, 'inTurn'>
  readonly onEvent: (event: DaemonEvent) => void
}

export function newBackups({ home, release, tables, intakes, upkeep, onEvent }: BackupsOptions): Backups {
  const stopping = new AbortController()
  const { signal } = stopping
  let running: Promise<unknown> | undefined

  return { backUp: directory => alone(() => backUpTo(directory)), relocate, stop }

  /** Two at a time would only take turns at the disk. */
  async function alone<Result>(work: () => Promise<Result>): Promise<Result> {
    if (running !== undefined)
      throw new HypError('LOCKED', 'Another backup of this home is being made.', {
        hint: 'Run the command again when it is done.',
      })
    const done = work()
    running = done.catch(() => undefined)
    try {
      return await done
    } finally {
      running = undefined
    }
  }

  async function backUpTo(directory: string): Promise<BackupReport> {
    try {
      const report = await whileNothingGoes(tables.names(), async () => {
        const lease = await takeLease(home)
        try {
          return await backUp({
            home,
            release,
            directory,
            signal,
            writers: intakes.segments,
            copyTables: task => copyTablesInThread(task, signal),
          })
        } finally {
          await lease.release()
        }
      })
      const { files, bytes, linkedBytes, elapsed_ms: ms } = report
      onEvent({ type: 'backed-up', directory: report.directory, files, bytes, linkedBytes, ms })
      return report
    } catch (error) {
      const { code, message, hint } = toHypError(error)
      // A place that cannot be taken is told to whoever named it.
      if (code !== 'USAGE') onEvent({ type: 'backup-failed', directory, code, message, hint })
      throw error
    }
  }

  /** Runs work while nothing is removed from tables: what keeps them small, and what deletes, takes turns with it. */
  function whileNothingGoes<Result>(names: readonly string[], work: () => Promise<Result>): Promise<Result> {
    const [first, ...others] = names
    return first === undefined ? work() : upkeep.inTurn(first, () => whileNothingGoes(others, work))
  }

  async function relocate({ table, dryRun }: RelocateRequest): Promise<RelocationReport> {
    const names = table === undefined ? tables.names() : [table]
    const declarations = names.map(name => keptTable(tables.find, name).declaration)
    return relocateEach({ home, declarations, named: table !== undefined, dryRun, relocate: inTurn })

    async function inTurn(place: TablePlace): Promise<TableRelocation> {
      const relocation = await upkeep.inTurn(place.table, () => relocateInThread(place, dryRun, signal))
      const { from, to, files } = relocation
      if (from !== to && !dryRun) onEvent({ type: 'relocated', table: place.table, from, to, files })
      return relocation
    }
  }

  async function stop(): Promise<void> {
    stopping.abort()
    await running
  }
}
