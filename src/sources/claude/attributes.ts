import { isEmpty, isObject, type JsonObject, put, text } from '../json.ts'
import type { LineKind, TranscriptLine } from './line.ts'
import type { Place } from './track.ts'

type Held = (value: unknown) => boolean
const held: Held = () => true
const heldText: Held = value => typeof value === 'string'
const heldFlag: Held = value => typeof value === 'boolean'

/** Members of a line that have a column, and whether the column could take the value. The others go to `attributes`. */
const columns: Readonly<Record<string, Held>> = {
  type: heldText,
  uuid: heldText,
  parentUuid: heldText,
  logicalParentUuid: heldText,
  sessionId: heldText,
  agentId: heldText,
  isSidechain: heldFlag,
  timestamp: heldText,
  cwd: heldText,
  gitBranch: heldText,
  version: heldText,
  entrypoint: heldText,
  userType: heldText,
  permissionMode: heldText,
  promptId: heldText,
  requestId: heldText,
  sourceToolAssistantUUID: heldText,
  isCompactSummary: heldFlag,
  compactMetadata: held,
  apiErrorStatus: held,
  error: held,
  toolUseResult: held,
}

const columnsOfKind: Readonly<Record<Exclude<LineKind, 'other'>, Readonly<Record<string, Held>>>> = {
  message: { message: held },
  attachment: { attachment: held },
  system: { subtype: heldText, content: heldText },
  title: { aiTitle: heldText, customTitle: heldText },
}

/** Members of a message with a column or a place of their own; what else it brings stands under `claude.message`. */
const messageMembers: ReadonlySet<string> = new Set([
  'id',
  'type',
  'role',
  'model',
  'content',
  'usage',
  'stop_reason',
  'stop_sequence',
  'stop_details',
])

/** What the rows of one line say under `attributes`. */
export interface Shared {
  readonly line: TranscriptLine
  readonly kind: LineKind
  readonly place: Place
  /** How many parts the line has. */
  readonly parts: number
  readonly sidecar: JsonObject | null
}

/** JSON text of `attributes`, for the rows of one line. */
export function attributesText({ line, kind, place, parts, sidecar }: Shared, withToolUseResult: boolean): string {
  const claude: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  // An unknown line stands in raw_frame as a whole.
  if (kind !== 'other') copyRest(claude, line, columnsOfKind[kind])
  const message = kind === 'message' && isObject(line.message) ? line.message : {}
  const rest = Object.entries(message).filter(([key, value]) => !messageMembers.has(key) && !isEmpty(value))
  put(claude, 'message', Object.fromEntries(rest))
  if (withToolUseResult && kind !== 'other') put(claude, 'tool_use_result', line.toolUseResult)
  put(claude, 'aux_kind', place.auxKind)
  // Of a message with more parts than one, all rows tell how many: so a part of another line can be told.
  if (parts > 1) claude['parts'] = parts
  if (place.createdAtFrom !== 'line') {
    put(claude, 'created_at_from', place.createdAtFrom)
    put(claude, 'timestamp', line.timestamp)
  }
  if (sidecar !== null) {
    put(claude, 'agent_type', text(sidecar['agentType']))
    put(claude, 'spawned_by_tool_use_id', text(sidecar['toolUseId']))
    put(claude, 'agent_meta', sidecar)
  }
  const attributes: Record<string, unknown> = {}
  put(attributes, 'claude', claude)
  put(attributes, 'client', { name: 'claude', version: text(line.version) ?? undefined })
  put(attributes, 'usage', message['usage'])
  put(attributes, 'gateway', { source: 'backfill' })
  return JSON.stringify(attributes)
}

function copyRest(claude: Record<string, unknown>, line: TranscriptLine, ofKind: Readonly<Record<string, Held>>): void {
  for (const key of Object.keys(line)) {
    const value = line[key]
    if (isEmpty(value)) continue
    const taken = Object.hasOwn(columns, key) ? columns[key] : Object.hasOwn(ofKind, key) ? ofKind[key] : undefined
    if (taken?.(value) !== true) claude[snakeCase(key)] = value
  }
}

const knownNames = new Map<string, string>()

/** `sourceToolUseID` → `source_tool_use_id`, like every name in the table. */
function snakeCase(key: string): string {
  const known = knownNames.get(key)
  if (known !== undefined) return known
  const name = key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
  // Clients have some dozens of keys; a hostile file must not fill the memory.
  if (knownNames.size < 1000) knownNames.set(key, name)
  return name
}
