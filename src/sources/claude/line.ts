import { isClosedObject } from '../closed.ts'
import { isObject, text } from '../json.ts'
import type { Line } from '../lines.ts'
import type { SkipReason } from '../source.ts'

/**
 * A line of a transcript, as far as it is looked at by name. Nothing about it is certain: every client version brings
 * new keys and new types of lines.
 */
export interface TranscriptLine {
  readonly type?: unknown
  readonly subtype?: unknown
  readonly uuid?: unknown
  readonly parentUuid?: unknown
  readonly logicalParentUuid?: unknown
  readonly sessionId?: unknown
  readonly agentId?: unknown
  readonly isSidechain?: unknown
  readonly timestamp?: unknown
  readonly cwd?: unknown
  readonly gitBranch?: unknown
  readonly version?: unknown
  readonly entrypoint?: unknown
  readonly userType?: unknown
  readonly permissionMode?: unknown
  readonly promptId?: unknown
  readonly requestId?: unknown
  readonly sourceToolAssistantUUID?: unknown
  readonly isCompactSummary?: unknown
  readonly compactMetadata?: unknown
  readonly isApiErrorMessage?: unknown
  readonly apiErrorStatus?: unknown
  readonly error?: unknown
  readonly message?: unknown
  readonly toolUseResult?: unknown
  readonly attachment?: unknown
  readonly content?: unknown
  readonly aiTitle?: unknown
  readonly customTitle?: unknown
  readonly [key: string]: unknown
}

/** What becomes of a line; `other` is a line of a type or shape that is not known yet, kept whole. */
export type LineKind = 'message' | 'attachment' | 'system' | 'title' | 'other'

const noise: ReadonlyMap<string, SkipReason> = new Map([
  ['progress', 'progress'],
  ['queue-operation', 'queue-operation'],
  ['summary', 'summary'],
  ...(
    [
      'last-prompt',
      'agent-name',
      'agent-setting',
      'permission-mode',
      'mode',
      'pr-link',
      'worktree-state',
      'bridge-session',
      'frame-link',
      'relocated',
      'atis-latch',
    ] as const
  ).map((type): [string, SkipReason] => [type, 'session-state']),
])

/** The reason to leave out every line of this type, if there is one. */
export function noiseReason(type: unknown): SkipReason | undefined {
  if (typeof type !== 'string') return undefined
  return type.startsWith('file-history-') ? 'file-history' : noise.get(type)
}

export function lineKind(line: TranscriptLine): LineKind {
  switch (line.type) {
    case 'user':
    case 'assistant':
      return isObject(line.message) ? 'message' : 'other'
    case 'attachment':
      return isObject(line.attachment) ? 'attachment' : 'other'
    case 'system':
      return 'system'
    case 'ai-title':
    case 'custom-title':
      return 'title'
    default:
      return 'other'
  }
}

/** The title a title line sets; null when it sets none. */
export function titleOf(line: TranscriptLine): string | null {
  return text(line.type === 'ai-title' ? line.aiTitle : line.customTitle)
}

const typeMember = Buffer.from('"type":"')
const quote = 0x22
const headBytes = 2048
const longestType = 64
const flatMembers = /^\s*\{(?:"[^"\\]*":(?:"(?:[^"\\]|\\.)*"|true|false|null|-?[\d.eE+-]+),)*$/

/**
 * Why a line gives no row, as far as that is told without parsing it: in some versions seven lines of ten are progress,
 * and file histories are long. Only where the type is that of the outermost object, and that is closed, so that no other
 * line, whatever it quotes, and none that is damaged is taken for one.
 */
export function noiseOf({ bytes, end: ending, isWhole }: Line): SkipReason | undefined {
  if (!isWhole) return undefined
  const at = bytes.indexOf(typeMember)
  if (at === -1 || at > headBytes) return undefined
  const start = at + typeMember.length
  let end = start
  while (end < start + longestType && bytes[end] !== quote) end++
  const reason = noiseReason(bytes.toString('latin1', start, end))
  if (reason === undefined) return undefined
  // Of a line that was cut only its beginning is there.
  const isTold = ending === 'cut' ? flatMembers.test(bytes.toString('latin1', 0, at)) : isClosedObject(bytes, at)
  return isTold ? reason : undefined
}
