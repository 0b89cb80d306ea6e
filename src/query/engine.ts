import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { HypError } from '../errors.ts'
import { patternOf, quoteText } from './quote.ts'

export interface EngineOptions {
  /** What the engine may hold in memory, e.g. `512MB`; 1 GB when left out. */
  readonly memoryLimit?: string
  /** Threads of one query; one for each processor when left out. */
  readonly threads?: number
  /**
   * Where a query that needs more memory may put what it works on, in a
   * private directory that goes away with the engine. Without it such a query
   * fails: nothing of a conversation is written anywhere.
   */
  readonly spillDirectory?: string
}

/** An engine of one session, in memory. */
export interface Engine {
  readonly instance: DuckDBInstance
  close(): Promise<void>
}

/** Starts an engine that can do anything still; {@link confine} it before it runs what a user wrote. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const instance = await createInstance(options)
  let spill: string | undefined
  const close = async (): Promise<void> => {
    instance.closeSync()
    if (spill !== undefined) await rm(spill, { recursive: true, force: true })
  }
  try {
    if (options.spillDirectory !== undefined) spill = await mkdtemp(join(options.spillDirectory, 'hyp-query-'))
    const connection = await instance.connect()
    // Left alone it would spill into the working directory.
    await connection.run(`SET temp_directory = ${quoteText(spill ?? '')}`)
    await connection.run("SET GLOBAL TimeZone = 'UTC'")
    connection.closeSync()
    return { instance, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Files whose footers are remembered: each takes about 0.15 MB, which no limit of the engine counts. */
const mostFooters = 500

/** Lets the engine read the footer of a file once: a view reads the same files several times. */
export async function rememberFooters({ instance }: Engine, files: number): Promise<void> {
  if (files > mostFooters) return
  const connection = await instance.connect()
  await connection.run('SET GLOBAL parquet_metadata_cache = true')
  connection.closeSync()
}

/**
 * Leaves the engine nothing of the machine but these files, for good. That
 * does not make it read-only: COPY could overwrite a listed file, and some
 * table functions write to any; {@link admit} lets neither through.
 *
 * All must be SET statements in this order: as options of the instance, or
 * after external access is off, the paths are not accepted.
 */
export async function confine({ instance }: Engine, paths: readonly string[]): Promise<void> {
  const connection = await instance.connect()
  // A path is checked as it stands in the list of files, which is as a pattern, and again as what the pattern found.
  const allowed = new Set([...paths, ...paths.map(patternOf)])
  await connection.run(`SET allowed_paths = [${[...allowed].map(quoteText).join(', ')}]`)
  await connection.run('SET enable_external_access = false')
  await connection.run('SET lock_configuration = true')
  connection.closeSync()
}

async function createInstance({ memoryLimit = '1GB', threads }: EngineOptions): Promise<DuckDBInstance> {
  try {
    return await DuckDBInstance.create(':memory:', {
      memory_limit: memoryLimit,
      ...(threads === undefined ? {} : { threads: String(threads) }),
      // Nothing from the network or from the user's own DuckDB.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
      allow_persistent_secrets: 'false',
    })
  } catch (cause) {
    throw new HypError('CONFIG_INVALID', `the query engine does not start: ${(cause as Error).message}`, { cause })
  }
}
