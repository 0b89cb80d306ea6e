import { isDeepStrictEqual } from 'node:util'
import { HypError } from '../../src/errors.ts'
import type { Accepted, IntakeAnswer, IntakeTarget } from '../../src/ingest/intake.ts'
import type { TableIntake } from '../../src/ingest/table-intake.ts'
import { type Attempt, type Ledger, newAttempt, type Request } from './ingest-ledger.ts'
import { bodyOf, type Judged, judge, type RequestPlan, rowsOf } from './ingest-requests.ts'
import { declarationOf, table, type Version } from './ingest-versions.ts'

/* Sends requests, and holds what is answered against what has to be. */

export interface Receiver {
  readonly intake: TableIntake
  /** What rows are taken under. */
  readonly version: Version
  readonly target: IntakeTarget
}

export function receiver(intake: TableIntake, version: Version, held: boolean, { kind }: Ledger): Receiver {
  return { intake, version, target: { declaration: declarationOf(version, kind), held } }
}

export function newRequest(ledger: Ledger, plan: RequestPlan, version: Version, name?: string): Request {
  const number = ledger.requests.length
  const rows = rowsOf(plan, number, version)
  const request = { number, rows, partial: plan.partial, name: name ?? (plan.named ? `name ${number}` : undefined) }
  ledger.requests.push(request)
  return request
}

/** Another request with the name of one. */
export function changed(ledger: Ledger, { name, rows, partial }: Request, version: Version): Request {
  const plan = { rows: rows.length, seed: rows.length, named: false, partial, flawed: 0, colliding: false }
  return newRequest(ledger, plan, version, name)
}

/** What became of a request, and what is wrong with that, as sentences. */
export interface Sent {
  readonly outcome: 'stored' | 'replayed' | 'refused' | 'in conflict'
  readonly problems: readonly string[]
}

/**
 * Sends a request and notes what is promised then.
 * @throws what the disk failed with
 */
export async function send(request: Request, ledger: Ledger, { intake, version, target }: Receiver): Promise<Sent> {
  const { rows, partial, name } = request
  const judged = judge(rows, version, ledger.kind)
  const attempt = newAttempt(ledger, request, judged)
  const forgetAttempt = (): void => void ledger.attempts.splice(ledger.attempts.indexOf(attempt), 1)
  const told = `request ${request.number}`
  let accepted: Accepted
  try {
    accepted = await intake.accept({ body: bodyOf(rows), format: 'ndjson', idempotencyKey: name, partial }, target)
  } catch (error) {
    const code = error instanceof HypError ? error.code : undefined
    if (code === 'ROWS_REFUSED') {
      forgetAttempt()
      if (isKnown(ledger, request)) return refusal(`${told} was answered before, and is refused`)
      const isRight = !partial && judged.refused > 0
      return refusal(isRight ? undefined : `${told} is refused, and ${judged.refused} of its rows are wrong`)
    }
    if (code !== 'IDEMPOTENCY_CONFLICT') throw error
    forgetAttempt()
    const isUsed = ledger.attempts.some(other => other.name === name && other.request !== request.number)
    return { outcome: 'in conflict', problems: isUsed ? [] : [`${told} meets a conflict, and its name is new`] }
  }
  const { answer, replayed } = accepted
  const known = name === undefined ? undefined : ledger.names.get(name)
  if (replayed) {
    forgetAttempt()
    const isSame = known?.request === request.number && isDeepStrictEqual(known.answer, answer)
    const isRight = isSame || settle(ledger, request, answer) || known?.forgettable === true
    const expected = JSON.stringify(known?.answer)
    const problem = `${told} is replayed with ${JSON.stringify(answer)} in place of ${expected}`
    return { outcome: 'replayed', problems: isRight ? [] : [problem] }
  }
  attempt.acknowledged = true
  const problems: string[] = []
  if (known?.forgettable === false) problems.push(`${told} was stored again although its name is known`)
  if (name !== undefined) remember(ledger, request, answer)
  const expected = answerOf(judged, target.held)
  if (!isDeepStrictEqual({ ...answer, errors: [] }, expected))
    problems.push(`${told} is answered ${JSON.stringify(answer)} in place of ${JSON.stringify(expected)}`)
  if (judged.refused > 0 && !partial) problems.push(`${told} is taken with ${judged.refused} rows that are wrong`)
  return { outcome: 'stored', problems }
}

function refusal(problem: string | undefined): Sent {
  return { outcome: 'refused', problems: problem === undefined ? [] : [problem] }
}

/** Sends everything again that was acknowledged under a name: it is answered as it was, and not stored. */
export async function replayProblems(ledger: Ledger, to: Receiver): Promise<string[]> {
  const problems: string[] = []
  for (const [name, { request, answer, forgettable }] of ledger.names) {
    if (forgettable) continue
    const sent = await send(ledger.requests[request] as Request, ledger, to)
    problems.push(...sent.problems)
    if (sent.outcome !== 'replayed' || !isDeepStrictEqual(ledger.names.get(name)?.answer, answer))
      problems.push(`request ${request} is ${sent.outcome}, and was acknowledged before`)
  }
  return problems
}

function answerOf({ kept, refused, discardedRows, discardedValues }: Judged, held: boolean): IntakeAnswer {
  return {
    formatVersion: 1,
    table,
    rows: kept.length,
    held: held && kept.length > 0,
    discarded: { rows: discardedRows, values: discardedValues },
    refused,
    errors: [],
  }
}

/** Whether a request was acknowledged under its name, which cannot have been forgotten. */
function isKnown({ names }: Ledger, { name, number }: Request): boolean {
  const known = name === undefined ? undefined : names.get(name)
  return known?.forgettable === false && known.request === number
}

function remember(ledger: Ledger, { name, number }: Request, answer: IntakeAnswer): void {
  const { now, serial } = ledger
  ledger.names.set(name as string, {
    request: number,
    answer,
    at: now,
    serial,
    forgettable: false,
  })
}

/** A try that nobody was told of is answered for now: it is there. @returns false where there was none that it can be */
function settle(ledger: Ledger, request: Request, answer: IntakeAnswer): boolean {
  const isOne = ({ name, request: number, judged }: Attempt): boolean =>
    name === request.name &&
    number === request.number &&
    judged.kept.length === answer.rows &&
    judged.refused === answer.refused
  const open = ledger.attempts.filter(isOne)
  const [first] = open
  if (first === undefined) return false
  // Tries of the same under the same declaration are the same: one of them it was.
  const isSame = open.every(({ judged }) => isDeepStrictEqual(judged, first.judged))
  if (isSame) {
    first.acknowledged = true
    for (const other of open.slice(1)) ledger.attempts.splice(ledger.attempts.indexOf(other), 1)
  }
  remember(ledger, request, answer)
  return true
}
