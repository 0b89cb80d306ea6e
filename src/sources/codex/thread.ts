import { isEmpty, isObject, type JsonObject, text } from '../json.ts'
import { micros } from '../time.ts'

/** Whose a rollout is, as its first description of itself says. */
export interface Thread {
  readonly threadId: string
  readonly sessionId: string
  readonly parentThreadId: string | null
  readonly forkedFrom: string | null
  /** The history before this file's, which is not copied into it. */
  readonly base: { readonly threadId: string; readonly endOrdinal: number; readonly told: JsonObject } | null
  /** From this line number on the history is a subagent's own. */
  readonly ownFrom: number | null
  /** How it was started, e.g. `cli` or `subagent/review`. */
  readonly source: string | null
  readonly isSidechain: boolean
  readonly cwd: string | null
  readonly gitBranch: string | null
  readonly gitRemote: string | null
  readonly headSha: string | null
  readonly clientVersion: string | null
  readonly originator: string | null
  /** Microseconds. */
  readonly startedAt: bigint | null
  /** What all rows of the thread say of it beside the columns. */
  readonly attributes: JsonObject
  /** What else the client says of it; the first row of the thread keeps it. */
  readonly description: JsonObject
}

/** A thread by what it says of itself; null if it has no name, neither there nor by `fileThread`, its file's. */
export function threadOf(meta: JsonObject, fileThread: string | null): Thread | null {
  const threadId = text(meta['id']) ?? fileThread ?? text(meta['session_id'])
  if (threadId === null) return null
  const { source } = meta
  const git = isObject(meta['git']) ? meta['git'] : {}
  return {
    threadId,
    sessionId: text(meta['session_id']) ?? threadId,
    parentThreadId: text(meta['parent_thread_id']) ?? spawnedBy(source),
    forkedFrom: text(meta['forked_from_id']),
    base: baseOf(meta['history_base']),
    ownFrom: ordinalIn(meta['subagent_history_start_ordinal']),
    source: sourceText(source),
    isSidechain: meta['thread_source'] === 'subagent' || (isObject(source) && !isEmpty(source['subagent'])),
    cwd: text(meta['cwd']),
    gitBranch: text(git['branch']),
    gitRemote: text(git['repository_url']),
    headSha: text(git['commit_hash']),
    clientVersion: text(meta['cli_version']),
    originator: text(meta['originator']),
    startedAt: micros(meta['timestamp']),
    attributes: attributesOf(meta),
    description: descriptionOf(meta),
  }
}

/**
 * Whether the first description in a file is the file's own: unless a damaged line before it may have been that, and
 * the file's name differs.
 */
export function isOwnMeta(meta: JsonObject, fileThread: string | null, isDamaged: boolean): boolean {
  return !isDamaged || fileThread === null || text(meta['id']) === fileThread
}

function spawnedBy(source: unknown): string | null {
  const subagent = isObject(source) ? source['subagent'] : undefined
  const spawn = isObject(subagent) ? subagent['thread_spawn'] : undefined
  return isObject(spawn) ? text(spawn['parent_thread_id']) : null
}

function baseOf(value: unknown): Thread['base'] {
  if (!isObject(value)) return null
  const threadId = text(value['thread_id'])
  const endOrdinal = ordinalIn(value['end_ordinal_exclusive'])
  return threadId === null ? null : { threadId, endOrdinal: endOrdinal ?? Number.MAX_SAFE_INTEGER, told: value }
}

function ordinalIn(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}

/** The word the client gives, or the path of names into what it gives in place of a word. */
function sourceText(source: unknown): string | null {
  if (!isObject(source)) return text(source)
  const [kind, ...others] = Object.keys(source)
  if (kind === undefined || others.length > 0) return null
  const value = source[kind]
  if (typeof value === 'string') return `${kind}/${value}`
  const [inner, ...more] = isObject(value) ? Object.keys(value) : []
  if (!isObject(value) || inner === undefined || more.length > 0) return kind
  const word = value[inner]
  return typeof word === 'string' ? `${kind}/${inner}/${word}` : `${kind}/${inner}`
}

const named = ['forked_from_id', 'thread_source', 'agent_nickname', 'agent_role', 'agent_path', 'model_provider']

function attributesOf(meta: JsonObject): JsonObject {
  const told = named.map((name): [string, unknown] => [name, meta[name]])
  const source: [string, unknown] = ['source', isObject(meta['source']) ? meta['source'] : undefined]
  return Object.fromEntries([...told, source].filter(([, value]) => !isEmpty(value)))
}

/** The prompts and tools of the client itself are long, and the same in all threads of a version. */
const elsewhere: ReadonlySet<string> = new Set([
  ...named,
  'type',
  'source',
  'id',
  'session_id',
  'cwd',
  'originator',
  'cli_version',
  'history_base',
  'instructions',
  'base_instructions',
  'user_instructions',
  'dynamic_tools',
])

function descriptionOf(meta: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(meta).filter(([name, value]) => !elsewhere.has(name) && !isEmpty(value)))
}
