import type { Row } from '../../iceberg/types.ts'
import { count, isObject, type JsonObject } from '../json.ts'
import type { CapturedRow, SkipReason } from '../source.ts'
import { utcDay } from '../time.ts'
import { attributesText, type Told } from './attributes.ts'
import { itemDigest, itemId, itemKey, keyInThread } from './identity.ts'
import { itemOf, usageItem } from './item.ts'
import type { Part } from './part.ts'
import { type RolloutRecord, turnIdIn } from './record.ts'
import { atItem, isCopied } from './replay.ts'
import { nextPlace, type Place, type Track, takeMeta, takeTurn, threadIn } from './track.ts'
import { usageOf } from './usage.ts'

/**
 * The rows of one record, or why it has none. Never throws on odd input. `track` is what the lines before it in the
 * file have left; `line` the whole line, undefined where its first bytes told what it is.
 *
 * A row comes from a response item exactly when `provider_type <> 'event_msg'`.
 */
export function projectRecord(
  record: RolloutRecord,
  line: JsonObject | undefined,
  ordinal: number | undefined,
  track: Track,
): readonly CapturedRow[] | SkipReason {
  // Of most lines of a history there is nothing to be undone.
  if (record.is === 'noise') {
    track.records++
    return record.reason
  }
  const before = { ...track }
  try {
    return project(record, line, ordinal, track)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    // What comes of it may have been begun.
    Object.assign(track, before)
    return 'nested-too-deeply'
  }
}

function project(
  record: Exclude<RolloutRecord, { readonly is: 'noise' }>,
  line: JsonObject | undefined,
  ordinal: number | undefined,
  track: Track,
): readonly CapturedRow[] | SkipReason {
  const number = ordinal ?? track.records
  track.records++
  switch (record.is) {
    case 'ghost':
      return isCopied(track.replay, number) ? 'replayed' : 'ghost-snapshot'
    case 'meta':
      takeMeta(track, record.meta, line?.['timestamp'], record.meta === line)
      return 'thread-context'
    case 'turn':
      takeTurn(track, record.turnId, record.context)
      return 'thread-context'
    case 'item':
      return projectItem(record.item, line ?? record.item, number, track)
    case 'usage':
      return projectUsage(record.event, line ?? record.event, number, track)
  }
}

function projectItem(
  payload: JsonObject,
  line: JsonObject,
  number: number,
  track: Track,
): readonly CapturedRow[] | SkipReason {
  const thread = threadIn(track)
  if (thread === null) return 'no-session-id'
  const key = itemKey(payload)
  const { isCopy, replay } = atItem(track.replay, number, () => itemDigest(key))
  track.replay = replay
  const turnId = turnOf(line) ?? turnOf(payload) ?? track.turn.id
  // Also for a copy: an id must not depend on whether the parent is there to tell that it is one.
  const messageId = itemId(thread.threadId, keyInThread(payload, key, turnId), track.seen)
  if (isCopy) return 'replayed'
  const item = itemOf(payload)
  const place = nextPlace(track, messageId, { line: line['timestamp'], item: payload['timestamp'] }, true)
  const told: Told = { thread, item, place, timestamp: line['timestamp'], usage: null }
  return item.parts.map((part, index) => ({
    row: rowOf(track, told, part, index, item.type ?? 'response_item', turnId),
    record: line,
  }))
}

/** Newer clients note beside an item which turn it belongs to. */
function turnOf(object: JsonObject): string | null {
  const metadata = object['metadata'] ?? object['internal_chat_message_metadata_passthrough']
  return isObject(metadata) ? turnIdIn(metadata) : null
}

function projectUsage(
  event: JsonObject,
  line: JsonObject,
  number: number,
  track: Track,
): readonly CapturedRow[] | SkipReason {
  const usage = usageOf(event, track.reported)
  if (usage === undefined) return 'unchanged-usage'
  const thread = threadIn(track)
  if (thread === null) return 'no-session-id'
  track.reported = { key: usage.key, totals: usage.totals }
  const messageId = itemId(thread.threadId, `usage ${usage.key}`, track.seen)
  if (isCopied(track.replay, number)) return 'replayed'
  const place = nextPlace(track, messageId, { line: line['timestamp'], item: event['timestamp'] }, false)
  const told: Told = { thread, item: usageItem, place, timestamp: line['timestamp'], usage }
  return usageItem.parts.map((part, index) => ({
    row: rowOf(track, told, part, index, 'event_msg', track.turn.id),
    record: line,
  }))
}

function rowOf(track: Track, told: Told, part: Part, index: number, providerType: string, turnId: string | null): Row {
  const { thread, item, place } = told
  const { turn } = track
  const usage: JsonObject = told.usage?.last ?? {}
  return {
    session_id: thread.sessionId,
    conversation_id: thread.threadId,
    provider: 'openai',
    model: turn.model,
    conversation_started_at: place.startedAt,
    conversation_source: thread.source,
    client_name: 'codex',
    cwd: turn.cwd ?? thread.cwd,
    git_branch: thread.gitBranch,
    git_remote: thread.gitRemote,
    head_sha: thread.headSha,
    client_version: thread.clientVersion,
    entrypoint: thread.originator,
    user_type: null,
    permission_mode: turn.permissionMode,
    is_sidechain: thread.isSidechain,
    agent_id: null,
    parent_thread_id: thread.parentThreadId,
    message_id: place.messageId,
    previous_message_id: previousText(place),
    provider_uuid: item.nativeId,
    parent_uuid: null,
    logical_parent_uuid: null,
    source_tool_assistant_uuid: null,
    request_id: null,
    prompt_id: turnId,
    message_index: place.messageIndex,
    message_created_at: place.createdAt,
    role: item.role,
    part_id: `${place.messageId}#${index}`,
    part_index: index,
    part_type: part.partType,
    provider_type: providerType,
    provider_subtype: part.providerSubtype,
    content_text: part.contentText,
    tool_name: part.toolName,
    tool_call_id: part.toolCallId,
    tool_args: part.toolArgs,
    caller_type: null,
    tool_result_for: part.toolResultFor,
    thinking_signature: part.thinkingSignature,
    attachment_type: null,
    hook_event: null,
    is_error: part.isError,
    is_compact_summary: item.isCompactSummary ? true : null,
    compact_metadata: null,
    status: item.status === null ? null : JSON.stringify({ status: item.status }),
    attributes: attributesText(track, told, part, index),
    raw_frame: part.rawFrame,
    date: utcDay(place.createdAt),
    runtime_key: null,
    inference_id: null,
    input_tokens: count(usage['input_tokens']),
    output_tokens: count(usage['output_tokens']),
    cache_creation_input_tokens: count(usage['cache_write_input_tokens'] ?? usage['cache_creation_input_tokens']),
    cache_read_input_tokens: count(usage['cached_input_tokens']),
  }
}

/** As JSON; the ids are hexadecimal, so that nothing in them has to be escaped. */
function previousText({ previousMessageId, messageId }: Place): string {
  return previousMessageId === null || previousMessageId === messageId ? '[]' : `["${previousMessageId}"]`
}
