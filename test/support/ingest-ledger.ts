import type { IntakeAnswer } from '../../src/ingest/intake.ts'
import type { ExpectedRow, Judged, SentRow } from './ingest-requests.ts'
import { firstVersion, type TableKind, type Version } from './ingest-versions.ts'

/*
 * What was asked of a table and what was promised: the reference that the disk
 * is held against. Plain data, so that it can be copied with the disk.
 */

/** A request as a client keeps it, to send it again. */
export interface Request {
  readonly number: number
  readonly rows: readonly SentRow[]
  readonly partial: boolean
  /** Its idempotency key. */
  readonly name: string | undefined
}

/** One try to store rows. */
export interface Attempt {
  /** Grows with time. */
  readonly serial: number
  readonly request: number
  readonly name: string | undefined
  readonly judged: Judged
  /** When it was made, in milliseconds since 1970. */
  readonly at: number
  /** Acknowledged: its rows are there. Otherwise they all are, or none is. */
  acknowledged: boolean
  /** Made after the spool was copied that was put back, and in nothing that was kept: its rows may be gone. */
  overwritten: boolean
  /** Bytes of its frame after they were damaged: its rows are there, or these bytes are in the quarantine. */
  damaged: Uint8Array | undefined
}

/** What is known of an idempotency key. */
export interface Name {
  /** The request that was acknowledged under it. */
  readonly request: number
  /** What was answered first. */
  readonly answer: IntakeAnswer
  /** When that was, in milliseconds since 1970, and before which attempt. */
  readonly at: number
  readonly serial: number
  /** It may be known or not. */
  forgettable: boolean
}

export interface Ledger {
  readonly kind: TableKind
  /** All that were declared, by release. */
  readonly versions: Version[]
  readonly requests: Request[]
  readonly attempts: Attempt[]
  readonly names: Map<string, Name>
  /** Names that were forgotten once: their requests may be stored more than once. */
  readonly forgotten: Set<string>
  /** Rows that were seen in the table, by tag: they stay, as often as they were there. */
  seen: Map<string, number>
  /** Segments one of whose two headers is damaged. */
  readonly damagedHeaders: Set<string>
  /** Milliseconds since 1970. */
  now: number
  /** Of the next attempt. */
  serial: number
  /** Counts processes, so that none has the names and the chance of another. */
  seeds: number
}

export function newLedger(kind: TableKind): Ledger {
  return {
    kind,
    versions: [firstVersion],
    requests: [],
    attempts: [],
    names: new Map(),
    forgotten: new Set(),
    seen: new Map(),
    damagedHeaders: new Set(),
    now: 1_767_225_600_000,
    serial: 0,
    seeds: 0,
  }
}

export function newAttempt(
  ledger: Ledger,
  { number, name }: Pick<Request, 'number' | 'name'>,
  judged: Judged,
): Attempt {
  const attempt: Attempt = {
    serial: ledger.serial++,
    request: number,
    name,
    judged,
    at: ledger.now,
    acknowledged: false,
    overwritten: false,
    damaged: undefined,
  }
  ledger.attempts.push(attempt)
  return attempt
}

/** Its keeping was damaged or overwritten, or it is too old. */
export function forget(ledger: Ledger, which: (known: Name, name: string) => boolean): void {
  for (const [name, known] of ledger.names) {
    if (!which(known, name)) continue
    known.forgettable = true
    ledger.forgotten.add(name)
  }
}

const dayMs = 24 * 60 * 60 * 1000

/** Time passes, or the clock is put back. Names are known for a day. */
export function wait(ledger: Ledger, ms: number): void {
  ledger.now += ms
  forget(ledger, ({ at }) => Math.abs(ledger.now - at) > dayMs)
}

/** Whether nothing is open from an attempt on: what was tried and failed may look as if it were there. */
export function isSettled({ attempts }: Ledger, first: number): boolean {
  return attempts.every(({ serial, acknowledged }) => serial < first || acknowledged)
}

/** Whether the rows of an attempt have to be there. */
export function isSure({ acknowledged, overwritten, damaged }: Attempt): boolean {
  return acknowledged && !overwritten && damaged === undefined
}

/** Rows that were found, by what they say of themselves. */
export interface FoundRow extends ExpectedRow {
  /** Undefined cells were not read. */
  readonly place: 'table' | 'spool'
}

/** Everything that is wrong with the rows that were found, as sentences. */
export function rowProblems(ledger: Ledger, found: readonly FoundRow[]): string[] {
  const byTag = grouped(found, ({ tag }) => tag)
  const expected = grouped(
    ledger.attempts.flatMap(({ judged }) => judged.kept),
    ({ tag }) => tag,
  )
  const problems: string[] = []
  for (const row of found) {
    const same = expected.get(row.tag)?.some(each => isSameRow(each, row))
    if (same !== true) problems.push(`row ${row.tag} of the ${row.place} was never taken so: ${row.cells.join(' | ')}`)
  }
  for (const [tag, times] of ledger.seen) {
    const now = byTag.get(tag)?.filter(({ place }) => place === 'table').length ?? 0
    if (now < times) problems.push(`row ${tag} was in the table ${times} times and is there ${now} times`)
  }
  if (problems.length > 0) return problems
  return ledger.kind.keyed ? keyedProblems(ledger, found) : plainProblems(ledger, byTag)
}

function isSameRow(expected: ExpectedRow, { cells, key }: FoundRow): boolean {
  const length = Math.max(expected.cells.length, cells.length)
  return (
    expected.key === key &&
    Array.from({ length }).every((_, id) => (expected.cells[id] ?? 'null') === (cells[id] ?? 'null'))
  )
}

/** Each key once; of an attempt that is not sure, all keys that nobody else has, or none. */
function keyedProblems({ attempts }: Ledger, found: readonly FoundRow[]): string[] {
  const problems: string[] = []
  const inTable = grouped(
    found.filter(({ place }) => place === 'table'),
    ({ key }) => key,
  )
  for (const [key, rows] of inTable)
    if (rows.length > 1) problems.push(`key ${key} is in the table ${rows.length} times`)
  const present = new Set(found.map(({ key }) => key))
  const requestsOf = new Map<string, Set<number>>()
  for (const { request, judged } of attempts)
    for (const { key } of judged.kept) requestsOf.set(key, (requestsOf.get(key) ?? new Set()).add(request))
  for (const attempt of attempts) {
    const keys = [...new Set(attempt.judged.kept.map(({ key }) => key))]
    const missing = keys.filter(key => !present.has(key))
    if (isSure(attempt) && missing.length > 0)
      problems.push(`of request ${attempt.request} ${missing.length} of ${keys.length} rows are lost`)
    const own = keys.filter(key => requestsOf.get(key)?.size === 1)
    const there = own.filter(key => present.has(key)).length
    const isAlone = attempts.every(other => other === attempt || other.request !== attempt.request)
    if (isAlone && there > 0 && there < own.length)
      problems.push(`of request ${attempt.request} there are ${there} of ${own.length} rows`)
  }
  return problems
}

/** Each attempt that is sure once, the others once or not at all, and of those with one name one alone. */
function plainProblems(ledger: Ledger, byTag: ReadonlyMap<string, readonly FoundRow[]>): string[] {
  const problems: string[] = []
  const groups = grouped(ledger.attempts, ({ name, request }) => name ?? `request ${request}`)
  for (const [group, attempts] of groups) {
    const tags = new Set(attempts.flatMap(({ judged }) => judged.kept.map(({ tag }) => tag)))
    const there = [...tags].map(tag => `${tag} x ${byTag.get(tag)?.length ?? 0}`)
    // A name is kept for a day, also that of a request whose end nobody was told.
    const isRecent = attempts.every(({ at }) => Math.abs(at - (attempts[0]?.at ?? at)) < dayMs)
    const isSingle = attempts[0]?.name !== undefined && !ledger.forgotten.has(group) && isRecent
    const possible = subsets(attempts).some(
      present =>
        (!isSingle || present.length <= 1) &&
        [...tags].every(tag => {
          const times = present.filter(({ judged }) => judged.kept.some(row => row.tag === tag)).length
          return times === (byTag.get(tag)?.length ?? 0)
        }),
    )
    const states = attempts.map(attempt => (isSure(attempt) ? 'sure' : attempt.acknowledged ? 'excused' : 'open'))
    if (!possible) problems.push(`${group} was tried ${attempts.length} times (${states.join()}): ${there.join()}`)
  }
  return problems
}

/** Every choice of attempts that has those in it that are sure. */
function subsets(attempts: readonly Attempt[]): Attempt[][] {
  return attempts.reduce<Attempt[][]>(
    (choices, attempt) => [...choices.map(choice => [...choice, attempt]), ...(isSure(attempt) ? [] : choices)],
    [[]],
  )
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}
