import type { DuckDBConnection } from '@duckdb/node-api'
import { HypError } from '../errors.ts'
import type { Table } from '../iceberg/catalog/catalog.ts'
import { confine, type Engine, startEngine } from './engine.ts'
import { explainFailure } from './engine-error.ts'
import { admit, nodesOf, parse } from './gate.ts'
import { emptyViewSql, type PlacedTable, placedTable } from './live-view.ts'
import { quoteName } from './quote.ts'
import { streaming } from './streaming.ts'
import { type Watch, watch } from './watch.ts'

/** Rows by their places, from 0, in the data files of a table; files by their locations. */
export type RowPlaces = ReadonlyMap<string, ReadonlySet<number>>

export interface WhereOptions {
  /** The name that the condition may give the table. */
  readonly name: string
  /** What would stand behind WHERE. */
  readonly where: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Where the live rows of a table stand for which a condition is true. It is one expression, true or false; it may ask
 * the table itself, and nothing else of the machine.
 * @throws HypError QUERY_REFUSED for anything but one condition, QUERY_FAILED, FILE_MISSING, INTERRUPTED
 */
export async function rowsWhere(table: Table, { name, where, signal }: WhereOptions): Promise<RowPlaces> {
  const placed = await placedTable(name, table)
  const engine = await startEngine({})
  try {
    await make(engine, viewsSql(placed))
    await confine(engine, placed.paths)
    return await inQuery(engine, signal, async (connection, query) => {
      await checkCondition(connection, query, placed, where)
      // Of an empty table the condition is checked all the same.
      return placed.rows === undefined ? new Map() : placesWhere(connection, query, placed, where)
    })
  } catch (error) {
    throw await explainFailure(error, [placed], new Set([name.toLowerCase()]))
  } finally {
    await engine.close()
  }
}

async function make({ instance }: Engine, sql: string): Promise<void> {
  const connection = await instance.connect()
  await connection.run(sql)
  connection.closeSync()
}

async function inQuery<Result>(
  { instance }: Engine,
  signal: AbortSignal | undefined,
  work: (connection: DuckDBConnection, query: Watch) => Promise<Result>,
): Promise<Result> {
  const connection = await instance.connect()
  const query = watch(connection, signal === undefined ? {} : { signal }, () => undefined)
  try {
    return await work(connection, query)
  } finally {
    await query.end()
  }
}

/** The table as a condition knows it, and the same with the places of its rows. */
function viewsSql(placed: PlacedTable): string {
  const { name, fields, rows } = placed
  if (rows === undefined) return emptyViewSql(placed)
  const columns = fields.map(field => quoteName(field.name)).join(', ')
  return `CREATE VIEW ${quoteName(placesView(placed))} AS ${rows};
CREATE VIEW ${quoteName(name)} AS SELECT ${columns} FROM ${quoteName(placesView(placed))}`
}

function placesView({ name }: PlacedTable): string {
  return `${name} with places`
}

/** A line of its own, so that a comment at its end hides nothing. */
function selectWhere(columns: string, from: string, where: string): string {
  return `SELECT ${columns} FROM ${from} WHERE (${where}\n)`
}

/**
 * A text that closes the bracket by itself makes another statement of it, or a statement with more to it than a
 * condition: so does one with a semicolon.
 */
async function checkCondition(
  connection: DuckDBConnection,
  query: Watch,
  placed: PlacedTable,
  where: string,
): Promise<void> {
  if (where.trim() === '') throw notCondition('it is empty')
  if (where.includes('\0')) throw notCondition('it holds a NUL character')
  const { statements } = await query.call(() => parse(connection, selectWhere('1', quoteName(placed.name), where)))
  if (statements.length !== 1 || !isPlain(statements[0])) throw notCondition('there is more in it than one expression')
  checkColumns(memberOf(memberOf(statements[0], 'node'), 'where_clause'), placed)
  // A text that closes one kind of bracket and opens it again does not do so with another kind.
  const asItem = await query.call(() => parse(connection, `SELECT [${where}\n] FROM ${quoteName(placed.name)}`))
  if (asItem.statements.length !== 1) throw notCondition('there is more in it than one expression')
  const asValue = `SELECT (${where}\n) FROM ${quoteName(placed.name)} LIMIT 0`
  const valued = await query.call(() => parse(connection, asValue))
  if (valued.statements.length !== 1) throw notCondition('there is more in it than one expression')
  const statement = await query.call(() => admit(connection, asValue))
  const { columns } = streaming(await query.call(() => statement.stream()), asValue, connection, query)
  const [type, ...others] = columns.map(({ sqlType }) => sqlType)
  if (others.length > 0) throw notCondition('there is more in it than one expression')
  if (type !== 'BOOLEAN') throw notCondition(`it is of type ${type}, not true or false`)
}

/** What a SELECT has besides columns, a table and a condition; empty where it has nothing of it. */
const besides = ['modifiers', 'group_expressions', 'group_sets', 'having', 'qualify', 'sample'] as const

function isPlain(statement: unknown): boolean {
  const node = memberOf(statement, 'node')
  return (
    memberOf(node, 'type') === 'SELECT_NODE' &&
    besides.every(name => isEmpty(memberOf(node, name))) &&
    isEmpty(memberOf(memberOf(node, 'cte_map'), 'map')) &&
    memberOf(memberOf(node, 'from_table'), 'type') === 'BASE_TABLE' &&
    (memberOf(node, 'select_list') as unknown[] | undefined)?.length === 1 &&
    memberOf(node, 'where_clause') !== null
  )
}

/** A row that is looked at as a whole has its place in it, which is none of its values. */
function checkColumns(condition: unknown, { name, fields }: PlacedTable): void {
  const names = new Set(fields.map(field => field.name.toLowerCase()))
  const isRow = (node: object): boolean => {
    const [only, ...others] = (memberOf(node, 'column_names') as readonly string[] | undefined) ?? []
    const column = only?.toLowerCase()
    return others.length === 0 && column === name.toLowerCase() && !names.has(column)
  }
  // A star of a query within it is of what that query is from.
  const hasStar = [...nodesOf(condition, 'STAR', 'SUBQUERY')].length > 0
  if (hasStar || [...nodesOf(condition, 'COLUMN_REF')].some(isRow))
    throw notCondition('it looks at whole rows, by a star, COLUMNS or the name of the table')
}

function memberOf(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null ? (holder as Readonly<Record<string, unknown>>)[name] : undefined
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
}

async function placesWhere(
  connection: DuckDBConnection,
  query: Watch,
  placed: PlacedTable,
  where: string,
): Promise<RowPlaces> {
  const { file, row } = placed.places
  const from = `${quoteName(placesView(placed))} AS ${quoteName(placed.name)}`
  const sql = selectWhere(`${quoteName(file)}, ${quoteName(row)}`, from, where)
  const statement = await query.call(() => admit(connection, sql))
  const result = streaming(await query.call(() => statement.stream()), sql, connection, query)
  const places = new Map<string, Set<number>>()
  for await (const { columns, rowCount } of result.batches()) {
    const [files = [], rows = []] = columns
    for (let index = 0; index < rowCount; index++) {
      const location = placed.data[Number(files[index])]?.file.location as string
      const known = places.get(location) ?? new Set()
      known.add(Number(rows[index]))
      places.set(location, known)
    }
  }
  return places
}

function notCondition(reason: string): HypError {
  return new HypError('QUERY_REFUSED', `the condition is none: ${reason}`, {
    hint: "Write what would stand behind WHERE, with the columns by name, such as `tool_name = 'Bash'`; `hyp query` tries it out.",
  })
}
