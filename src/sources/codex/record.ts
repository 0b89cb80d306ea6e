import { isObject, type JsonObject, text } from '../json.ts'
import type { SkipReason } from '../source.ts'
import type { Head } from './head.ts'
import { isKnownItem } from './item.ts'

/** What a line of a rollout is. */
export type RolloutRecord =
  | { readonly is: 'meta'; readonly meta: JsonObject }
  /** `context`: the settings of the turn, where the line tells them. */
  | { readonly is: 'turn'; readonly turnId: string | null; readonly context: JsonObject | null }
  | { readonly is: 'item'; readonly item: JsonObject }
  | { readonly is: 'usage'; readonly event: JsonObject }
  | { readonly is: 'ghost' }
  | { readonly is: 'noise'; readonly reason: SkipReason }

/** Lines of these types never give a row. */
const noise: ReadonlyMap<string, SkipReason> = new Map([
  ['compacted', 'compacted'],
  ['world_state', 'thread-context'],
  ['inter_agent_communication', 'client-event'],
  ['inter_agent_communication_metadata', 'client-event'],
])

const turnStarts: ReadonlySet<string> = new Set(['task_started', 'turn_started'])

const clientEvent: RolloutRecord = { is: 'noise', reason: 'client-event' }

/** What a line is that needs no parsing, told from its first bytes; undefined for every other. */
export function recordOfHead({ type, payloadType }: Head): RolloutRecord | undefined {
  if (type === undefined) return undefined
  const reason = noise.get(type)
  if (reason !== undefined) return { is: 'noise', reason }
  if (type === 'ghost_snapshot') return { is: 'ghost' }
  if (payloadType === undefined) return undefined
  if (type === 'response_item') return payloadType === 'ghost_snapshot' ? { is: 'ghost' } : undefined
  if (type !== 'event_msg' || payloadType === 'token_count' || turnStarts.has(payloadType)) return undefined
  return clientEvent
}

/** `isBare`: lines of this file have no envelope, so that one of an unknown type is an item of an unknown kind. */
export function recordOf(line: JsonObject, isBare: boolean): RolloutRecord {
  const type = text(line['type'])
  const { payload } = line
  if (type === 'ghost_snapshot') return { is: 'ghost' }
  if (isObject(payload) && type !== null && !(isBare && isKnownItem(type))) return enveloped(type, payload)
  if (type === null) return untyped(line)
  const reason = noise.get(type)
  if (reason !== undefined) return { is: 'noise', reason }
  if (envelopes.has(type)) return { is: 'noise', reason: 'no-content' }
  if (isBare || isKnownItem(type)) return { is: 'item', item: line }
  return { is: 'noise', reason: 'unknown-line' }
}

const envelopes: ReadonlySet<string> = new Set(['session_meta', 'turn_context', 'response_item', 'event_msg'])

function enveloped(type: string, payload: JsonObject): RolloutRecord {
  switch (type) {
    case 'session_meta':
      return { is: 'meta', meta: payload }
    case 'turn_context':
      return { is: 'turn', turnId: turnIdIn(payload), context: payload }
    case 'response_item':
      return payload['type'] === 'ghost_snapshot' ? { is: 'ghost' } : { is: 'item', item: payload }
    case 'event_msg':
      return event(payload)
    default:
      return { is: 'noise', reason: noise.get(type) ?? 'unknown-line' }
  }
}

function event(payload: JsonObject): RolloutRecord {
  const type = text(payload['type']) ?? ''
  if (type === 'token_count') return { is: 'usage', event: payload }
  if (turnStarts.has(type)) return { is: 'turn', turnId: turnIdIn(payload), context: null }
  return clientEvent
}

/**
 * The id of a turn. When the client rewrites a history, it names turns that had no id after their place in the old file:
 * that is none, for nothing else says the same of them.
 */
export function turnIdIn(object: JsonObject): string | null {
  const turnId = text(object['turn_id'])
  return turnId !== null && /^rollout-\d+$/.test(turnId) ? null : turnId
}

/** The first line of an old rollout names the thread, and others restate what the client remembers. */
function untyped(line: JsonObject): RolloutRecord {
  if (line['record_type'] !== undefined) return { is: 'noise', reason: 'thread-context' }
  if (text(line['role']) !== null && line['content'] !== undefined) {
    return { is: 'item', item: { type: 'message', ...line } }
  }
  const isMeta = text(line['id']) !== null && (line['timestamp'] !== undefined || line['git'] !== undefined)
  return isMeta ? { is: 'meta', meta: line } : { is: 'noise', reason: 'unknown-line' }
}
