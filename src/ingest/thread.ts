import type { ErrorCode } from '../error-catalogue.ts'
import { HypError, toHypError } from '../errors.ts'

/**
 * Left alone, the engine lets a heap grow to four times what is in use before it
 * cleans up; the smaller the heap may become, the sooner it does. This leaves
 * room for the longest line there may be.
 */
export const threadLimits = { maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb: 24 } as const

/** What a thread says when its work did not come to its end. */
export type FailureWord =
  | { readonly type: 'aborted' }
  | {
      readonly type: 'failed'
      readonly code: ErrorCode
      readonly message: string
      readonly hint: string
      readonly details: Readonly<Record<string, unknown>>
    }

/** An error as what can travel between threads: plain data. */
export function failureWord(error: unknown, isAborted: boolean): FailureWord {
  if (isAborted) return { type: 'aborted' }
  const { code, message, hint, details } = toHypError(error)
  return { type: 'failed', code, message, hint, details: plainDetails(details) }
}

/** The error that a thread met. @param work what was aborted, e.g. `backfill` */
export function failureOf(word: FailureWord, work: string): HypError {
  if (word.type === 'aborted') return new HypError('INTERRUPTED', `The ${work} was interrupted.`)
  return new HypError(word.code, word.message, word)
}

/** Why a thread is gone that still had work. */
export function endedWith(code: number, work: string): HypError {
  return new HypError('INTERNAL', `The ${work} thread ended with ${code}.`)
}

function plainDetails(details: unknown): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(details, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
  ) as Record<string, unknown>
}
