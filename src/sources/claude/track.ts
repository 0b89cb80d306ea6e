import { flag, type JsonObject, text } from '../json.ts'
import type { HistoryFile } from '../source.ts'
import { micros } from '../time.ts'
import { type AuxKind, agentOfFile, auxKindOf, derivedId } from './identity.ts'
import { type LineKind, type TranscriptLine, titleOf } from './line.ts'

/** Where a line stands: whose it is, which message it is, and when. */
export interface Place {
  readonly sessionId: string
  readonly agentId: string | null
  readonly auxKind: AuxKind | null
  readonly isSidechain: boolean | null
  readonly messageId: string
  /** Order within the session and agent, in the order of the file. */
  readonly messageIndex: number
  readonly previousMessageId: string | null
  /** Microseconds. */
  readonly createdAt: bigint
  /** `line`: its own time. Otherwise it has none, and this is the nearest that is known. */
  readonly createdAtFrom: 'line' | 'previous-line' | 'file'
  /** Microseconds: the first time of the session in this file. */
  readonly startedAt: bigint
}

/** What has to be remembered while one file is read from its beginning. */
export interface Track {
  readonly agentOfFile: string | null
  readonly sidecar: JsonObject | null
  readonly fileTime: bigint
  lastTime: bigint | null
  readonly started: Map<string, bigint>
  readonly indexes: Map<string, number>
  readonly chains: Map<string, string>
  readonly titles: Map<string, string>
  readonly occurrences: Map<string, number>
}

export function newTrack(file: HistoryFile, sidecar: JsonObject | null): Track {
  return {
    agentOfFile: agentOfFile(file.path),
    sidecar,
    fileTime: BigInt(Number.isFinite(file.mtimeMs) ? Math.trunc(file.mtimeMs) : 0) * 1000n,
    lastTime: null,
    started: new Map(),
    indexes: new Map(),
    chains: new Map(),
    titles: new Map(),
    occurrences: new Map(),
  }
}

/** Whether a title line only repeats the title that the session has; clients write it again at every save. */
export function isRepeatedTitle(track: Track, sessionId: string, line: TranscriptLine): boolean {
  const scope = JSON.stringify([sessionId, line.type])
  const title = titleOf(line) ?? ''
  if (track.titles.get(scope) === title) return true
  track.titles.set(scope, title)
  return false
}

/** The place of the next line that gives rows; `bytes` is the line as it stands in the file. */
export function nextPlace(
  track: Track,
  sessionId: string,
  kind: LineKind,
  line: TranscriptLine,
  bytes: Uint8Array,
): Place {
  const agentId = text(line.agentId) ?? track.agentOfFile
  const auxKind = kind === 'title' ? 'title' : auxKindOf(agentId)
  const isSidechain = auxKind === null ? flag(line.isSidechain) : true

  const time = micros(line.timestamp)
  const createdAt = time ?? track.lastTime ?? track.fileTime
  const createdAtFrom = time !== null ? 'line' : track.lastTime !== null ? 'previous-line' : 'file'
  if (time !== null) track.lastTime = time
  const startedAt = track.started.get(sessionId) ?? createdAt
  if (createdAtFrom !== 'file') track.started.set(sessionId, startedAt)

  const messageId = text(line.uuid) ?? uniqueId(track, sessionId, agentId, contentOf(kind, line, bytes))

  const scope = `${sessionId}\0${agentId ?? ''}`
  const messageIndex = track.indexes.get(scope) ?? 0
  track.indexes.set(scope, messageIndex + 1)

  // Old clients write subagents into the session's file without an agent id; they are a chain of their own as well.
  const chain = `${scope}\0${auxKind ?? ''}\0${isSidechain === true}`
  const previousMessageId = track.chains.get(chain) ?? null
  track.chains.set(chain, messageId)

  return {
    sessionId,
    agentId,
    auxKind,
    isSidechain,
    messageId,
    messageIndex,
    previousMessageId: previousMessageId === messageId ? null : previousMessageId,
    createdAt,
    createdAtFrom,
    startedAt,
  }
}

/** A title line is rewritten with its keys in any order, so only what it says counts. */
function contentOf(kind: LineKind, line: TranscriptLine, bytes: Uint8Array): Uint8Array | string {
  return kind === 'title' ? JSON.stringify([line.type, titleOf(line)]) : bytes
}

function uniqueId(track: Track, sessionId: string, agentId: string | null, content: Uint8Array | string): string {
  const first = derivedId(sessionId, agentId, content, 0)
  const occurrence = track.occurrences.get(first) ?? 0
  track.occurrences.set(first, occurrence + 1)
  return occurrence === 0 ? first : derivedId(sessionId, agentId, content, occurrence)
}
