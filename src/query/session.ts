import { builtinTable } from '../schema/builtin.ts'
import { confine, type Engine, type EngineOptions, rememberFooters, startEngine } from './engine.ts'
import { explainFailure, isAboutColumns } from './engine-error.ts'
import { admit, namedTables } from './gate.ts'
import { emptyViewSql, type LiveTable, liveTable, liveViewSql, type QueryTable } from './live-view.ts'
import { builtinPrices } from './prices/builtin-prices.ts'
import type { Price } from './prices/price.ts'
import { quoteName } from './quote.ts'
import type { QueryResult } from './result.ts'
import { streaming } from './streaming.ts'
import { viewQueries } from './views/catalogue.ts'
import { interrupted, type QueryLimits, type Watch, watch } from './watch.ts'

export interface QuerySessionOptions extends EngineOptions {
  /** Tables by the names that queries give them. */
  readonly tables: Readonly<Record<string, QueryTable>>
  /** What tokens cost, before the prices that are built in. */
  readonly prices?: readonly Price[]
}

/** SQL over the rows that the tables had when the session was opened. */
export interface QuerySession {
  /**
   * Begins a query; several may run at a time.
   * @throws HypError QUERY_REFUSED, QUERY_FAILED, FILE_MISSING, DATA_INVALID, INTERRUPTED
   */
  run(sql: string, limits?: QueryLimits): Promise<QueryResult>
  /** Stops what is still running and gives everything back. */
  close(): Promise<void>
}

/**
 * Opens a session: a view for each table over its live data files and its
 * spooled rows, and the views of the catalogue over the built-in one.
 * @throws HypError FILE_MISSING, MANIFEST_INVALID, FORMAT_UNSUPPORTED, CONFIG_INVALID
 */
export async function openQuerySession({
  tables,
  prices = [],
  ...options
}: QuerySessionOptions): Promise<QuerySession> {
  const starting = startEngine(options)
  starting.catch(() => undefined) // awaited below, after the manifests are read
  let live: readonly LiveTable[] = []
  try {
    live = await Promise.all(Object.entries(tables).map(([name, table]) => liveTable(name, table)))
    const engine = await starting
    await createViews(engine, live, [...prices, ...builtinPrices])
    const paths = live.flatMap(table => table.paths)
    await rememberFooters(engine, paths.length)
    await confine(engine, paths)
    return sessionOf(engine, live)
  } catch (error) {
    await starting.then(
      engine => engine.close(),
      () => undefined,
    )
    throw await explainFailure(error, live)
  }
}

async function createViews({ instance }: Engine, live: readonly LiveTable[], prices: readonly Price[]): Promise<void> {
  const connection = await instance.connect()
  try {
    const builtin = live.find(({ name }) => name === builtinTable)
    if (builtin !== undefined) {
      // A view is bound when it is made, and binding a thousand files takes its time: here an empty table does.
      await connection.run(emptyViewSql(builtin))
      const names = builtin.fields.map(field => field.name)
      for (const [name, sql] of viewQueries(names, prices))
        await connection.run(`CREATE VIEW ${quoteName(name)} AS ${sql}`)
    }
    // A table that somebody named like a view is that table.
    for (const table of live) await connection.run(liveViewSql(table))
  } finally {
    connection.closeSync()
  }
}

const none: ReadonlySet<string> = new Set()

function sessionOf(engine: Engine, live: readonly LiveTable[]): QuerySession {
  const running = new Set<Watch>()
  let closing: Promise<void> | undefined

  return { run, close }

  async function run(sql: string, limits: QueryLimits = {}): Promise<QueryResult> {
    if (closing !== undefined) throw interrupted('the query session is closed')
    const connection = await engine.instance.connect()
    const query = watch(connection, limits, () => running.delete(query))
    running.add(query)
    try {
      const statement = await query.call(() => admit(connection, sql))
      const closeResult = (): void => query.stop(interrupted('the result was closed'))
      const result = streaming(await query.call(() => statement.stream()), sql, connection, query)
      return { columns: result.columns, batches: guarded(result.batches(), query), close: closeResult }
    } catch (error) {
      const named = isAboutColumns(error)
        ? await query.call(() => namedTables(connection, sql)).catch(() => none)
        : none
      void query.end()
      throw await explainFailure(error, live, named)
    }
  }

  async function* guarded<Batch>(batches: AsyncGenerator<Batch>, query: Watch): AsyncGenerator<Batch> {
    try {
      yield* batches
    } catch (error) {
      throw await explainFailure(error, live)
    } finally {
      void query.end()
    }
  }

  function close(): Promise<void> {
    closing ??= closeAll()
    return closing
  }

  async function closeAll(): Promise<void> {
    const queries = [...running]
    for (const query of queries) query.stop(interrupted('the query session was closed'))
    await Promise.all(queries.map(query => query.end()))
    await engine.close()
  }
}
