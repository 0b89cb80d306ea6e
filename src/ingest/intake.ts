import { createHash, webcrypto } from 'node:crypto'
import { HypError } from '../errors.ts'
import type { Json } from '../iceberg/types.ts'
import type { Declaration } from '../schema/declaration.ts'
import { type BatchFormat, type CheckedBatch, checkBatch } from './batch/batch.ts'
import type { Checks } from './batch/check-thread.ts'
import { type RowChecker, rowChecker } from './batch/contract.ts'
import type { Rejects } from './batch/rejects.ts'
import type { RowError } from './batch/row-error.ts'
import type { Recalled } from './spool/keys.ts'
import type { Spool } from './spool/spool.ts'

/** Rows that somebody hands over, as they came. */
export interface IntakeRequest {
  readonly body: Uint8Array
  /** Nobody needs the body any more: it may be taken, and be empty afterwards. */
  readonly isGiven?: boolean
  readonly format: BatchFormat
  /** Two requests with one key are one. */
  readonly idempotencyKey?: string | undefined
  /** Take the rows that fit, where others do not. */
  readonly partial: boolean
}

/** What became of the rows of a request: `rows + refused + discarded.rows` is their number. */
export interface IntakeAnswer {
  readonly formatVersion: 1
  readonly table: string
  /** Rows that are durable. */
  readonly rows: number
  /** They wait until the table takes rows again. */
  readonly held: boolean
  /** What the contract of the declaration discarded; it is in the reject file. */
  readonly discarded: { readonly rows: number; readonly values: number }
  /** Rows that do not fit and were not stored; only of a partial request. */
  readonly refused: number
  /** Why, the first 100 of them. */
  readonly errors: readonly RowError[]
}

export interface Accepted {
  readonly answer: IntakeAnswer
  /** The request was answered before; nothing was stored this time. */
  readonly replayed: boolean
}

/** What rows are taken under. */
export interface IntakeTarget {
  readonly declaration: Declaration
  /** The table refuses rows at present. */
  readonly held: boolean
}

/** Takes rows of one table into its spool. */
export interface Intake {
  /**
   * Resolves when every row that is kept is durable.
   * @throws HypError ROWS_REFUSED, BODY_INVALID, IDEMPOTENCY_CONFLICT, DISK_FULL, DISK_FAILED: nothing was stored
   */
  readonly accept: (request: IntakeRequest, target: IntakeTarget) => Promise<Accepted>
}

/** Of so many rows an answer says what is wrong. */
const mostErrors = 100

/** Smaller bodies are checked sooner than they are on their way to another thread. */
const smallestSent = 64 * 1024

export interface IntakeOptions {
  readonly spool: Spool
  readonly rejects: Rejects
  /** Where large bodies are checked; without it on this thread. */
  readonly checks?: Pick<Checks, 'check'> | undefined
}

export function newIntake({ spool, rejects, checks }: IntakeOptions): Intake {
  const checkers = new WeakMap<Declaration, RowChecker>()

  return { accept }

  async function accept(request: IntakeRequest, target: IntakeTarget): Promise<Accepted> {
    const { idempotencyKey } = request
    if (idempotencyKey === undefined) return take(request, target)
    const key = createHash('sha256').update(idempotencyKey).digest('hex')
    const digest = await digestOf(request)
    const before = await spool.recall(key)
    return before === undefined ? take(request, target, { key, digest }) : replay(before, digest)
  }

  async function take(
    request: IntakeRequest,
    { declaration, held }: IntakeTarget,
    identity?: { readonly key: string; readonly digest: string },
  ): Promise<Accepted> {
    const { table } = declaration
    const { partial } = request
    const batch = await check(request, declaration)
    const errors = batch.errors.slice(0, mostErrors)
    if (batch.refused > 0 && !partial)
      throw new HypError('ROWS_REFUSED', refusal(table, batch.refused, batch.rows), {
        details: { table, rows: batch.rows, refused: batch.refused, errors },
      })
    const answer: IntakeAnswer = {
      formatVersion: 1,
      table,
      rows: batch.kept,
      held: held && batch.kept > 0,
      discarded: { rows: batch.discardedRows, values: batch.discardedValues },
      refused: batch.refused,
      errors,
    }
    // First what was discarded: a row that is kept without a value must not be all there is of it.
    if (batch.rejects.length > 0) await rejects.add(batch.rejects)
    if (batch.kept === 0 && identity === undefined) return { answer, replayed: false }
    // The same request may have come a second time while this one was checked.
    const before = await spool.append(
      { rows: batch.kept, bytes: batch.bytes, ...identity, answer: answer as unknown as Json },
      declaration,
    )
    return before === undefined ? { answer, replayed: false } : replay(before, identity?.digest)
  }

  function check({ body, format, isGiven }: IntakeRequest, declaration: Declaration): Promise<CheckedBatch> {
    if (checks === undefined || isGiven !== true || body.byteLength < smallestSent || !isAlone(body))
      return checkBatch(body, format, checkerOf(declaration))
    return checks.check(body, format, declaration)
  }

  function checkerOf(declaration: Declaration): RowChecker {
    let checker = checkers.get(declaration)
    if (checker === undefined) checkers.set(declaration, (checker = rowChecker(declaration)))
    return checker
  }
}

/** Whether bytes are all there is in their buffer, so that nothing else goes with them. */
function isAlone(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
}

/** @throws HypError IDEMPOTENCY_CONFLICT for another request than the first */
function replay(before: Recalled, digest: string | undefined): Accepted {
  if (before.digest !== digest || before.answer === undefined)
    throw new HypError('IDEMPOTENCY_CONFLICT', 'The idempotency key came before, with another request.')
  return { answer: before.answer as unknown as IntakeAnswer, replayed: true }
}

function refusal(table: string, refused: number, rows: number): string {
  return rows === 1 ? `The row does not fit ${table}.` : `${refused} of ${rows} rows do not fit ${table}.`
}

/** Of everything that decides the answer. Off this thread: a body may be large. */
async function digestOf({ body, format, partial }: IntakeRequest): Promise<string> {
  const content = await webcrypto.subtle.digest('SHA-256', body)
  return createHash('sha256').update(`${format} ${partial} `).update(new Uint8Array(content)).digest('hex')
}
