import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Home } from '../../home.ts'
import { noteInRun } from '../../run-file.ts'
import { hasChanged, isReport, type UpkeepReport } from './report.ts'

/*
 * What was last done to each table, so that a daemon that was started again knows, and a status without one too. It is
 * worth nothing but that: where it is lost or damaged, things are looked at once more than needed.
 */

/** What is remembered of a table. */
export interface LastUpkeep {
  /** The last pass that changed something, or failed. */
  readonly last: UpkeepReport | null
  /** When it was last looked for files that nothing needs; milliseconds since 1970. */
  readonly sweptMs: number | null
}

type Remembered = Readonly<Record<string, unknown>>

const nothing: LastUpkeep = { last: null, sweptMs: null }

function placeOf(home: Home): string {
  return join(home.run, 'maintenance.json')
}

/** Never throws. */
export async function recallUpkeep(home: Home, table: string): Promise<LastUpkeep> {
  return lastOf(await readAll(home), table)
}

/** Remembers a pass; one at a time. Never throws. */
export async function rememberUpkeep(home: Home, report: UpkeepReport): Promise<LastUpkeep> {
  const all = await readAll(home)
  const before = lastOf(all, report.table)
  const now: LastUpkeep = {
    last: hasChanged(report) || report.failures.length > 0 ? report : before.last,
    sweptMs: report.swept === null ? before.sweptMs : Date.parse(report.startedAt),
  }
  await noteInRun(placeOf(home), `${JSON.stringify({ ...all, [report.table]: now }, null, 2)}\n`)
  return now
}

/** What an earlier version or somebody else wrote may be of another form: it is forgotten. */
function lastOf(all: Remembered, table: string): LastUpkeep {
  const said = Object.hasOwn(all, table) ? all[table] : undefined
  if (typeof said !== 'object' || said === null) return nothing
  const { last, sweptMs } = said as Readonly<Record<string, unknown>>
  return { last: isReport(last) ? last : null, sweptMs: typeof sweptMs === 'number' ? sweptMs : null }
}

async function readAll(home: Home): Promise<Remembered> {
  try {
    const said: unknown = JSON.parse(await readFile(placeOf(home), 'utf8'))
    return typeof said === 'object' && said !== null && !Array.isArray(said) ? (said as Remembered) : {}
  } catch {
    return {}
  }
}
