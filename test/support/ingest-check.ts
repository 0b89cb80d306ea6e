import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import { fileCatalog } from '../../src/iceberg/catalog/file-catalog.ts'
import { isCode } from '../../src/iceberg/errors.ts'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import { scanRows } from '../../src/iceberg/scan.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { positionsOf } from '../../src/ingest/spool/position.ts'
import { openStreams, readFrames } from '../../src/ingest/spool/read.ts'
import { readApplied } from '../../src/schema/applied.ts'
import { type Home, homeAt } from '../../src/stores/home.ts'
import { fileProblems } from './crash-check.ts'
import { type FoundRow, isSure, type Ledger, rowProblems } from './ingest-ledger.ts'
import { type ExpectedRow, expectedRow } from './ingest-requests.ts'
import { type Column, table as tableName, type Version } from './ingest-versions.ts'
import type { PowerDisk } from './power-file-io.ts'

/* What is on a disk, held against what was promised. */

export const home: Home = homeAt('/home/a home ü')
/** A copy of the home's spool, in another home with the same tables. */
export const twin: Home = { ...homeAt('/home/twin'), tables: home.tables }

export const directories = {
  table: `${home.tables}/${tableName}`,
  spool: `${home.spool}/${tableName}`,
  rejects: `${home.spool}/${tableName}/rejects`,
} as const

/** The table as it is now; undefined where there is none. */
export async function loadTable(io: FileIO): Promise<Table | undefined> {
  try {
    return await fileCatalog({ io, directory: directories.table, now: () => 0, uniqueName: () => 'none' }).load()
  } catch (error) {
    if (isCode(error, 'TABLE_NOT_FOUND')) return undefined
    throw error
  }
}

/** The version that a table is of. */
export function versionOf({ metadata }: Table, { versions }: Ledger): Version {
  return versions[(readApplied(metadata.properties).release ?? 0) - 1] as Version
}

/** What the files of a table say. */
export interface Reading {
  readonly table: Table
  readonly rows: readonly FoundRow[]
  /** What is wrong with its files. */
  readonly problems: readonly string[]
}

/** What was read before, by the bytes of the table: the same ones say the same. */
export type Readings = Map<string, Reading>

/** Reads all of a table; undefined where there is none. */
export async function readTable(disk: PowerDisk, ledger: Ledger, readings: Readings): Promise<Reading | undefined> {
  const state = `${JSON.stringify(ledger.versions)}\n${disk.state(directories.table)}`
  const known = readings.get(state)
  if (known !== undefined) return known
  const table = await loadTable(disk.io)
  if (table === undefined) return undefined
  const rows = await foundInTable(table, ledger)
  const reading = { table, rows, problems: await fileProblems(disk.io, directories.table, table) }
  readings.set(state, reading)
  return reading
}

/** What is wrong with the table and with what waits for it; none when all promises are kept. */
export async function diskProblems(disk: PowerDisk, ledger: Ledger, readings: Readings): Promise<string[]> {
  try {
    const reading = await readTable(disk, ledger, readings)
    const inTable = reading?.rows ?? []
    const problems = [
      ...(reading?.problems ?? []),
      ...rowProblems(ledger, [...inTable, ...(await foundInSpool(disk.io, reading?.table, ledger))]),
      ...rejectProblems(disk, ledger),
    ]
    const seen = new Map<string, number>()
    for (const { tag } of inTable) seen.set(tag, (seen.get(tag) ?? 0) + 1)
    ledger.seen = seen
    return problems
  } catch (error) {
    return [`the disk cannot be read: ${(error as Error).stack}`]
  }
}

export async function foundInTable(table: Table, ledger: Ledger): Promise<FoundRow[]> {
  const { columns } = versionOf(table, ledger)
  const rows: FoundRow[] = []
  for await (const group of scanRows(table))
    rows.push(...group.map(row => ({ ...foundRow(row, columns), place: 'table' as const })))
  return rows
}

export function foundRow(row: Row, columns: readonly Column[]): ExpectedRow {
  const values = columns.map(({ id, names }) => [id, row[names[0] as string]] as const)
  return expectedRow(row['tag'] as string, values)
}

/**
 * Rows of a spool that are not in a table. Whoever calls has the disk for himself.
 * @param only of these streams
 */
export async function foundInSpool(
  io: FileIO,
  table: Table | undefined,
  { versions }: Ledger,
  only?: ReadonlySet<string>,
): Promise<FoundRow[]> {
  const { streams } = await openStreams(io, directories.spool, { only })
  const positions = positionsOf(table?.metadata.properties ?? {})
  const found: FoundRow[] = []
  for (const { stream, header, problem, segments } of streams) {
    if (problem !== undefined) throw problem
    const version = versions[(header?.declaration.release ?? 0) - 1]
    const idOf = new Map(version?.columns.map(({ id, names }) => [names[0] as string, id]))
    for (const { file, segment, start, end } of segments) {
      const position = positions.get(stream)
      if (position !== undefined && segment < position.segment) continue
      const from = position?.segment === segment ? Math.max(start, position.end) : start
      for await (const frame of readFrames(file, { start: from, end })) {
        const lines = frame.kind === 'frame' ? Buffer.from(frame.rows).toString().split('\n').slice(0, -1) : []
        for (const line of lines) {
          const record = JSON.parse(line) as Record<string, string | number | null>
          const values = Object.entries(record).map(([name, value]) => [idOf.get(name) as number, value] as const)
          // A faulty row has none.
          if (record['tag'] !== undefined) found.push({ ...expectedRow(String(record['tag']), values), place: 'spool' })
        }
      }
    }
  }
  return found
}

/** What was discarded of acknowledged requests is among the rejects; what cannot be written may wait in the spool. */
function rejectProblems(disk: PowerDisk, { attempts }: Ledger): string[] {
  const wanted = attempts.flatMap(attempt => [
    ...(attempt.acknowledged ? attempt.judged.discarded : []),
    ...(isSure(attempt) ? attempt.judged.faulty : []),
  ])
  if (wanted.length === 0) return []
  const places = [home, twin].flatMap(({ spool }) => filesBelow(disk, spool))
  const rejects = places.map(([, bytes]) => Buffer.from(bytes).toString())
  return wanted
    .filter(content => !rejects.some(text => text.includes(content)))
    .map(content => `"${content}" was discarded and is not among the rejects`)
}

/** What may not be there when everything is flushed, and damaged bytes that were not kept aside. */
export function restProblems(disk: PowerDisk, ledger: Ledger): string[] {
  const problems: string[] = []
  for (const [path] of filesBelow(disk, directories.spool)) {
    const name = path.slice(directories.spool.length + 1)
    if (!/^[^/]+\.keys$|^rejects\/[^/]+\.ndjson$/.test(name)) problems.push(`${name} is left in the spool`)
  }
  const aside = [home, twin].flatMap(({ quarantine }) => filesBelow(disk, quarantine).map(([, bytes]) => bytes))
  for (const { damaged, request, acknowledged, overwritten } of ledger.attempts) {
    const isSought = acknowledged && !overwritten && damaged !== undefined
    const isLost = isSought && !aside.some(bytes => Buffer.from(bytes).includes(Buffer.from(damaged)))
    if (isLost && !isThere(ledger, request)) problems.push(`the damaged bytes of request ${request} are lost`)
  }
  return problems
}

/** Whether the table has the rows of a request, or others of their keys. */
function isThere({ kind, attempts, seen }: Ledger, request: number): boolean {
  const rows = attempts.flatMap(({ judged }) => judged.kept)
  const keys = new Set(rows.filter(({ tag }) => seen.has(tag)).map(({ key }) => key))
  return attempts.some(
    attempt =>
      attempt.request === request &&
      attempt.judged.kept.every(({ tag, key }) => (kind.keyed ? keys.has(key) : seen.has(tag))),
  )
}

export function filesBelow(disk: PowerDisk, directory: string): [path: string, bytes: Uint8Array][] {
  try {
    return [...disk.contents(directory)]
  } catch {
    return []
  }
}
