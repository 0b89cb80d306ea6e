import type { Row } from '../../iceberg/types.ts'
import { count, flag, isEmpty, isObject, type JsonObject, text } from '../json.ts'
import type { CapturedRow, SkipReason } from '../source.ts'
import { utcDay } from '../time.ts'
import { attributesText } from './attributes.ts'
import { messageParts } from './blocks.ts'
import { type LineKind, lineKind, noiseReason, type TranscriptLine, titleOf } from './line.ts'
import { attachmentPart, otherPart, systemPart, titlePart } from './others.ts'
import type { Part } from './part.ts'
import { advance, isRepeatedTitle, nextPlace, type Place, type Track } from './track.ts'

/**
 * The rows of one line, or why it has none. Never throws on odd input, except a RangeError for JSON nested too deeply.
 * `track` is what the lines before it in the file have left; a line without rows leaves nothing there.
 *
 * A row comes from a `user` or `assistant` line exactly when
 * `role IN ('user', 'assistant') AND attachment_type IS NULL`.
 */
export function projectLine(line: TranscriptLine, track: Track): readonly CapturedRow[] | SkipReason {
  const noise = noiseReason(line.type)
  if (noise !== undefined) return noise
  const sessionId = text(line.sessionId)
  if (sessionId === null) return 'no-session-id'
  const kind = lineKind(line)
  if (kind === 'title' && titleOf(line) === null) return 'no-content'
  if (kind === 'title' && isRepeatedTitle(track, sessionId, line)) return 'repeated-title'
  const parts = partsOf(kind, line)
  const place = nextPlace(track, sessionId, kind, line)
  // The client's own form of a tool result can be large: it stands once, beside the result it belongs to.
  const result = Math.max(
    parts.findIndex(part => part.partType === 'tool_result'),
    0,
  )
  const shared = { line, kind, place, parts: parts.length, sidecar: track.sidecar }
  const withResult = attributesText(shared, true)
  const without = parts.length > 1 ? attributesText(shared, false) : ''
  const frame = lineFrame(line, kind)
  // What a second line of a message has beyond the first would be mixed with that.
  const rows = parts.slice(0, place.firstParts ?? parts.length).map((part, index) => ({
    row: rowOf(line, kind, place, frame, part, index, index === result ? withResult : without),
    record: line,
  }))
  advance(track, place, line, parts.length)
  return rows
}

function partsOf(kind: LineKind, line: TranscriptLine): readonly Part[] {
  switch (kind) {
    case 'message': {
      const parts = messageParts((line.message as JsonObject)['content'])
      return line.isApiErrorMessage === true ? parts.map(asError) : parts
    }
    case 'attachment':
      return [attachmentPart(line.attachment as JsonObject)]
    case 'system':
      return [systemPart(line)]
    case 'title':
      return [titlePart(line)]
    case 'other':
      return [otherPart(line)]
  }
}

/** The client shows a failed request as an answer of the model. */
function asError(part: Part): Part {
  return { ...part, partType: part.partType === 'text' ? 'error' : part.partType, isError: true }
}

/** What all rows of a line say about its message. */
interface LineFrame {
  readonly role: string
  readonly model: string | null
  readonly providerUuid: string | null
  readonly status: string | null
  readonly usage: JsonObject
}

function lineFrame(line: TranscriptLine, kind: LineKind): LineFrame {
  const message = kind === 'message' && isObject(line.message) ? line.message : {}
  const usage = line.type === 'assistant' && isObject(message['usage']) ? message['usage'] : {}
  return {
    role: roleOf(line, kind),
    model: text(message['model']),
    providerUuid: text(message['id']),
    status: kind === 'other' ? null : statusText(line, message),
    usage,
  }
}

function roleOf(line: TranscriptLine, kind: LineKind): string {
  if (kind === 'message') return line.type === 'user' ? 'user' : 'assistant'
  const attachment = kind === 'attachment' && isObject(line.attachment) ? line.attachment['type'] : undefined
  // A prompt typed while the client was busy may stand nowhere else.
  return attachment === 'queued_command' ? 'user' : 'system'
}

function statusText(line: TranscriptLine, message: JsonObject): string | null {
  const status = Object.entries({
    stop_reason: message['stop_reason'],
    stop_sequence: message['stop_sequence'],
    stop_details: message['stop_details'],
    error: line.error,
    api_error_status: line.apiErrorStatus,
  }).filter(([, value]) => !isEmpty(value))
  return status.length === 0 ? null : JSON.stringify(Object.fromEntries(status))
}

function rowOf(
  line: TranscriptLine,
  kind: LineKind,
  place: Place,
  frame: LineFrame,
  part: Part,
  index: number,
  attributes: string,
): Row {
  return {
    session_id: place.sessionId,
    conversation_id: null,
    provider: 'anthropic',
    model: frame.model,
    conversation_started_at: place.startedAt,
    conversation_source: null,
    client_name: 'claude',
    cwd: text(line.cwd),
    git_branch: text(line.gitBranch),
    client_version: text(line.version),
    entrypoint: text(line.entrypoint),
    user_type: text(line.userType),
    permission_mode: text(line.permissionMode),
    is_sidechain: place.isSidechain,
    agent_id: place.agentId,
    parent_thread_id: null,
    message_id: place.messageId,
    previous_message_id: JSON.stringify(place.previousMessageId === null ? [] : [place.previousMessageId]),
    provider_uuid: frame.providerUuid,
    parent_uuid: text(line.parentUuid),
    logical_parent_uuid: text(line.logicalParentUuid),
    source_tool_assistant_uuid: text(line.sourceToolAssistantUUID),
    request_id: text(line.requestId),
    prompt_id: text(line.promptId),
    message_index: place.messageIndex,
    message_created_at: place.createdAt,
    role: frame.role,
    part_id: `${place.messageId}#${index}`,
    part_index: index,
    part_type: part.partType,
    provider_type: part.providerType,
    provider_subtype: part.providerSubtype,
    content_text: part.contentText,
    tool_name: part.toolName,
    tool_call_id: part.toolCallId,
    tool_args: part.toolArgs,
    caller_type: part.callerType,
    tool_result_for: part.toolResultFor,
    thinking_signature: part.thinkingSignature,
    attachment_type: part.attachmentType,
    hook_event: part.hookEvent,
    is_error: part.isError,
    is_compact_summary: flag(line.isCompactSummary),
    compact_metadata: kind === 'other' || isEmpty(line.compactMetadata) ? null : JSON.stringify(line.compactMetadata),
    status: frame.status,
    attributes,
    raw_frame: part.rawFrame,
    date: utcDay(place.createdAt),
    runtime_key: null,
    inference_id: null,
    input_tokens: count(frame.usage['input_tokens']),
    output_tokens: count(frame.usage['output_tokens']),
    cache_creation_input_tokens: count(frame.usage['cache_creation_input_tokens']),
    cache_read_input_tokens: count(frame.usage['cache_read_input_tokens']),
  }
}
