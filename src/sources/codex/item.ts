import { isEmpty, type JsonObject, text } from '../json.ts'
import { joinedText, messageParts } from './content.ts'
import { emptyPart, type Part } from './part.ts'
import { toolCallPart, toolResultPart } from './tools.ts'

/** A response item, as it becomes rows. */
export interface Item {
  readonly type: string | null
  readonly role: 'user' | 'assistant' | 'system' | 'tool'
  /** Never empty. */
  readonly parts: readonly Part[]
  readonly nativeId: string | null
  readonly status: string | null
  readonly isCompactSummary: boolean
  /** What no column holds, under the client's own names. */
  readonly rest: JsonObject
}

/** What an item of any kind brings; one of an unknown kind stands whole in `rawFrame`. */
export function itemOf(item: JsonObject): Item {
  const type = text(item['type'])
  const known = type === null ? untypedKind(item) : kindOf(type)
  if (known === undefined) {
    return make(
      item,
      roleOf(item['role'], 'system'),
      [{ ...emptyPart, rawFrame: JSON.stringify(item) }],
      Object.keys(item),
    )
  }
  return known(item)
}

/** Whether a line without an envelope is one of the items that are known. */
export function isKnownItem(type: string): boolean {
  return type === 'ghost_snapshot' || kindOf(type) !== undefined
}

type Kind = (item: JsonObject) => Item

/** Some clients write messages without saying that they are. */
function untypedKind(item: JsonObject): Kind | undefined {
  return text(item['role']) !== null && item['content'] !== undefined ? kinds['message'] : undefined
}

function kindOf(type: string): Kind | undefined {
  if (Object.hasOwn(kinds, type)) return kinds[type]
  // Every kind of call there was is named like this, and so are those that will come.
  if (type.endsWith('_call')) return toolCall
  return type.endsWith('_call_output') ? toolResult : undefined
}

const kinds: Readonly<Record<string, Kind>> = {
  message: item => message(item, roleOf(item['role'], 'system')),
  agent_message: item => message(item, 'assistant'),
  reasoning,
  tool_search_output: toolResult,
  compaction,
  compaction_summary: compaction,
  context_compaction: compaction,
}

function message(item: JsonObject, role: Item['role']): Item {
  return make(item, role, messageParts(item['content']), ['role', 'content'])
}

/** Its texts stand one under the other; where it brings more than a summary, which is which is told by the frame. */
function reasoning(item: JsonObject): Item {
  const { encrypted_content: signature, ...open } = item
  const texts = [joinedText(item['summary']), joinedText(item['content'])].filter(found => found !== null)
  const isPlain = isEmpty(item['content']) && isEmptyOr(Array.isArray, item['summary'])
  const part: Part = {
    ...emptyPart,
    partType: 'reasoning',
    contentText: texts.length === 0 ? null : texts.join('\n'),
    thinkingSignature: text(signature),
    rawFrame: isPlain ? null : JSON.stringify(open),
  }
  return make(item, 'assistant', [part], ['summary', 'content', 'encrypted_content'])
}

function isEmptyOr(is: (value: unknown) => boolean, value: unknown): boolean {
  return isEmpty(value) || is(value)
}

function compaction(item: JsonObject): Item {
  const part: Part = {
    ...emptyPart,
    contentText: joinedText(item['summary']) ?? joinedText(item['content']) ?? joinedText(item['message']),
    thinkingSignature: text(item['encrypted_content']),
  }
  return { ...make(item, 'system', [part], ['encrypted_content']), isCompactSummary: true }
}

function toolCall(item: JsonObject): Item {
  const { part, told } = toolCallPart(item)
  return make(item, 'assistant', [part], told)
}

function toolResult(item: JsonObject): Item {
  const { part, told, rest } = toolResultPart(item)
  const made = make(item, 'tool', [part], told)
  return { ...made, rest: { ...made.rest, ...rest } }
}

function make(item: JsonObject, role: Item['role'], parts: readonly Part[], told: readonly string[]): Item {
  return {
    type: text(item['type']),
    role,
    parts,
    nativeId: text(item['id']),
    status: text(item['status']),
    isCompactSummary: false,
    rest: restOf(item, told),
  }
}

/** Members of every item that have a place of their own. */
const common: ReadonlySet<string> = new Set(['type', 'id', 'status', 'timestamp'])

function restOf(item: JsonObject, told: readonly string[]): JsonObject {
  const rest: Record<string, unknown> = {}
  for (const key of Object.keys(item)) {
    const value = item[key]
    if (isEmpty(value) || told.includes(key)) continue
    // A status that is no text has no column.
    if (common.has(key) && typeof value === 'string') continue
    rest[key] = value
  }
  return rest
}

/** What the client says of itself and of its setting is the system's part, whatever it calls that role. */
function roleOf(role: unknown, otherwise: Item['role']): Item['role'] {
  if (role === 'user' || role === 'assistant' || role === 'tool') return role
  return role === 'developer' || role === 'system' ? 'system' : otherwise
}

/** A report of tokens as an item that has no message. */
export const usageItem: Item = {
  type: 'token_count',
  role: 'system',
  parts: [{ ...emptyPart, partType: 'usage', providerSubtype: 'token_count' }],
  nativeId: null,
  status: null,
  isCompactSummary: false,
  rest: {},
}
