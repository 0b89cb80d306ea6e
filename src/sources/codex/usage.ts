import { isObject, type JsonObject } from '../json.ts'
import { canonical } from './identity.ts'

/** What a report of tokens adds to those before it. */
export interface Usage {
  /** The tokens of the last request, as the client counts them: input includes what came from the cache. */
  readonly last: JsonObject
  readonly totals: JsonObject | null
  readonly contextWindow: unknown
  /** `totals`: the client told no more than totals, and this is what they grew by. */
  readonly from: 'last' | 'totals'
  /** What makes the report the one it is. */
  readonly key: string
}

/** What was reported last. */
export interface Reported {
  readonly key: string
  readonly totals: JsonObject | null
}

/**
 * What a report adds, undefined if nothing: the client writes the same totals again with every refresh of its limits,
 * and sometimes each report twice. Totals may fall, when a history was cut or begun anew: that is a change as well.
 */
export function usageOf(event: JsonObject, before: Reported | null): Usage | undefined {
  const info = isObject(event['info']) ? event['info'] : {}
  const totals = isObject(info['total_token_usage']) ? info['total_token_usage'] : null
  const told = isObject(info['last_token_usage']) ? info['last_token_usage'] : null
  const counted = totals ?? told
  if (counted === null) return undefined
  const key = JSON.stringify([totals === null ? 'last' : 'totals', canonical(counted)])
  if (key === before?.key) return undefined
  const last = told ?? grown(totals ?? {}, before?.totals ?? null)
  return { last, totals, contextWindow: info['model_context_window'], from: told === null ? 'totals' : 'last', key }
}

/** By how much totals grew; where any of them fell, they were begun anew and are all that is known. */
function grown(totals: JsonObject, before: JsonObject | null): JsonObject {
  if (before === null) return totals
  const growth = Object.keys(totals).map((name): [string, number] => [
    name,
    numberIn(totals[name]) - numberIn(before[name]),
  ])
  return growth.some(([, by]) => by < 0) ? totals : Object.fromEntries(growth)
}

function numberIn(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
