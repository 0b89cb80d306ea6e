import { cellText } from '../../src/iceberg/cell-text.ts'
import type { Cell } from '../../src/iceberg/types.ts'
import { seeded } from './crash-table.ts'
import { ids, isRequired, type TableKind, type Version } from './ingest-versions.ts'

/*
 * Requests with rows that say which they are, and what is to become of them
 * under any declaration. Nothing here knows how rows are checked.
 */

/** What a request is to be like. The same plan makes the same rows. */
export interface RequestPlan {
  readonly rows: number
  readonly seed: number
  /** Whether it has an idempotency key. */
  readonly named: boolean
  readonly partial: boolean
  /** Of so many rows one is wrong; none where it is 0. */
  readonly flawed: number
  /** Whether its rows have keys that others have too. */
  readonly colliding: boolean
}

type Flaw = 'ill-typed' | 'unknown' | 'missing' | 'not JSON'
type Value = string | number | null

export interface SentRow {
  /** Unlike that of any other row, and a column of the table. */
  readonly tag: string
  readonly members: readonly (readonly [name: string, value: Value])[]
  readonly flaw: Flaw | undefined
}

/** A row as the table has to have it. */
export interface ExpectedRow {
  readonly tag: string
  readonly key: string
  /** Texts of its cells by column; null where there is none. */
  readonly cells: readonly string[]
}

/** What becomes of a request. */
export interface Judged {
  readonly kept: readonly ExpectedRow[]
  readonly refused: number
  readonly discardedRows: number
  readonly discardedValues: number
  /** Parts of what the contract discards. */
  readonly discarded: readonly string[]
  /** Parts of rows that are taken and cannot be written. */
  readonly faulty: readonly string[]
}

const flaws: readonly Flaw[] = ['ill-typed', 'unknown', 'missing', 'not JSON']

/** @param number unlike that of any other request */
export function rowsOf(plan: RequestPlan, number: number, version: Version): SentRow[] {
  const random = seeded(plan.seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  return Array.from({ length: plan.rows }, (_, index) => {
    const tag = `${number}.${index}`
    const flaw = plan.flawed > 0 && below(plan.flawed) === 0 ? flaws[below(flaws.length)] : undefined
    const part = plan.colliding ? below(12) : 100 + number * 100 + index
    const members: [string, Value][] = []
    for (const { id, names, type } of version.columns) {
      const name = names[0] as string
      const chance = below(8)
      if (id === ids.session) {
        if (flaw !== 'missing') members.push([name, `s${below(3)}`])
      } else if (id === ids.part) members.push([name, part])
      else if (id === ids.tag) members.push([name, tag])
      else if (id === ids.n && flaw === 'ill-typed') members.push([name, `no number ${tag}.`])
      else if (chance === 0) members.push([name, null])
      else if (chance > 1)
        members.push([name, type === 'string' ? `text of ${tag}. ü` : type === 'double' ? chance / 4 : chance - 5])
    }
    if (flaw === 'unknown') members.push(['nowhere', `unknown of ${tag}.`])
    return { tag, members, flaw }
  })
}

/** The rows as NDJSON. */
export function bodyOf(rows: readonly SentRow[]): Uint8Array {
  return Buffer.from(rows.map(row => `${lineOf(row)}\n`).join(''))
}

function lineOf({ members, flaw }: SentRow): string {
  const line = JSON.stringify(Object.fromEntries(members))
  return flaw === 'not JSON' ? line.slice(0, -1) : line
}

/** What has to become of rows that are checked against a version. */
export function judge(rows: readonly SentRow[], { columns }: Version, { contract }: TableKind): Judged {
  const idOf = new Map(columns.map(({ id, names }) => [names[0] as string, id]))
  const judged = { refused: 0, discardedRows: 0, discardedValues: 0 }
  const kept: ExpectedRow[] = []
  const discarded: string[] = []
  for (const row of rows) {
    const known = row.members.filter(([name]) => idOf.has(name))
    const unknown = row.members.filter(([name]) => !idOf.has(name))
    const present = new Set(known.flatMap(([name, value]) => (value === null ? [] : (idOf.get(name) as number))))
    const isMissing = columns.some(({ id }) => isRequired(id) && !present.has(id))
    const isFrozen = contract === undefined && (unknown.length > 0 || row.flaw === 'ill-typed')
    if (row.flaw === 'not JSON' || isMissing || isFrozen) judged.refused++
    else if (row.flaw === 'ill-typed') {
      judged.discardedRows++
      discarded.push(`no number ${row.tag}.`)
    } else {
      judged.discardedValues += unknown.length
      for (const [, value] of unknown) if (typeof value === 'string') discarded.push(value)
      kept.push(
        expectedRow(
          row.tag,
          known.map(([name, value]) => [idOf.get(name) as number, value]),
        ),
      )
    }
  }
  return { ...judged, kept, discarded, faulty: [] }
}

export function expectedRow(tag: string, values: readonly (readonly [id: number, value: Cell])[]): ExpectedRow {
  const cells: string[] = []
  for (const [id, value] of values) cells[id] = cellText(value)
  for (let id = 0; id < cells.length; id++) cells[id] ??= 'null'
  return { tag, key: `${cells[ids.session]}|${cells[ids.part]}`, cells }
}
