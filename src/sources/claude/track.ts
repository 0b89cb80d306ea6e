import type { Stats } from 'node:fs'
import { canonicalJson } from '../../schema/fingerprint.ts'
import { flag, type JsonObject, text } from '../json.ts'
import { newOccurrences, type Occurrences } from '../occurrences.ts'
import { hasDay, micros } from '../time.ts'
import { type AuxKind, agentOfFile, auxKindOf, derivedId, type FileAgent, uuidDigest } from './identity.ts'
import { type LineKind, type TranscriptLine, titleOf } from './line.ts'

/** Where a line stands: whose it is, which message it is, and when. */
export interface Place {
  readonly sessionId: string
  readonly agentId: string | null
  readonly auxKind: AuxKind | null
  readonly isSidechain: boolean | null
  readonly messageId: string
  /** The id that the first line of the same content has; null for a line with a uuid. */
  readonly derivedId: string | null
  /** Tells the line's uuid in its session; null for a line without. */
  readonly uuidDigest: string | null
  /** How many parts the first line of this message has; null where this line is that. */
  readonly firstParts: number | null
  /** Order within the session and agent, in the order of the file; side calls without an agent count for themselves. */
  readonly messageIndex: number
  readonly previousMessageId: string | null
  /** Microseconds. */
  readonly createdAt: bigint
  /** `line`: its own time. Otherwise it has none, and this is the nearest that is known before it. */
  readonly createdAtFrom: 'line' | 'previous-line' | 'file'
  /** Microseconds: the first time of the session and agent in this file. */
  readonly startedAt: bigint
}

/** What has to be remembered while one file is read from its beginning. */
export interface Track {
  readonly agentOfFile: FileAgent | null
  /** Microseconds: when the file was made, which does not change when it grows. */
  readonly fileTime: bigint
  sidecar: JsonObject | null
  lastTime: bigint | null
  readonly started: Map<string, bigint>
  readonly indexes: Map<string, number>
  readonly chains: Map<string, string>
  readonly titles: Map<string, string>
  readonly occurrences: Occurrences
  /** How many parts the first line of each uuid has. */
  readonly parts: Occurrences
}

export function newTrack(path: string, times: Pick<Stats, 'birthtimeMs' | 'mtimeMs'>): Track {
  return {
    agentOfFile: agentOfFile(path),
    fileTime: BigInt(Math.trunc(fileTimeMs(times))) * 1000n,
    sidecar: null,
    lastTime: null,
    started: new Map(),
    indexes: new Map(),
    chains: new Map(),
    titles: new Map(),
    occurrences: newOccurrences(),
    parts: newOccurrences(),
  }
}

/** A copy is made later than what is in it, but may keep the time of its last change. */
function fileTimeMs({ birthtimeMs, mtimeMs }: Pick<Stats, 'birthtimeMs' | 'mtimeMs'>): number {
  const known = [birthtimeMs, mtimeMs].filter(ms => ms > 0 && hasDay(ms))
  return known.length === 0 ? 0 : Math.min(...known)
}

/** Whether a title line only repeats the title that the session has; clients write it again at every save. */
export function isRepeatedTitle(track: Track, sessionId: string, line: TranscriptLine): boolean {
  return track.titles.get(titleScope(sessionId, line)) === titleOf(line)
}

function titleScope(sessionId: string, line: TranscriptLine): string {
  return JSON.stringify([sessionId, line.type])
}

/** The place of the next line that gives rows; nothing is remembered of it yet. */
export function nextPlace(track: Track, sessionId: string, kind: LineKind, line: TranscriptLine): Place {
  const agentId = text(line.agentId) ?? fileAgentOf(track, line)
  const auxKind = kind === 'title' ? 'title' : auxKindOf(agentId)
  const isSidechain = auxKind === null ? flag(line.isSidechain) : true
  const scope = scopeOf(sessionId, agentId)

  const time = micros(line.timestamp)
  const createdAt = time ?? track.lastTime ?? track.fileTime
  const identity = identityOf(track, sessionId, agentId, kind, line)
  const previousMessageId = track.chains.get(chainOf(scope, auxKind, isSidechain)) ?? null
  return {
    sessionId,
    agentId,
    auxKind,
    isSidechain,
    ...identity,
    messageIndex: track.indexes.get(seriesOf(scope, auxKind)) ?? 0,
    previousMessageId: previousMessageId === identity.messageId ? null : previousMessageId,
    createdAt,
    createdAtFrom: time !== null ? 'line' : track.lastTime !== null ? 'previous-line' : 'file',
    startedAt: track.started.get(scope) ?? createdAt,
  }
}

function fileAgentOf({ agentOfFile: agent }: Track, line: TranscriptLine): string | null {
  return agent !== null && (agent.isSure || line.isSidechain === true) ? agent.id : null
}

/** Remembers the line of this place, which has so many parts, so that the next ones follow it. */
export function advance(track: Track, place: Place, line: TranscriptLine, parts: number): void {
  const { sessionId, agentId, auxKind, isSidechain, messageId } = place
  const scope = scopeOf(sessionId, agentId)
  if (place.createdAtFrom === 'line') {
    track.lastTime = place.createdAt
    if (!track.started.has(scope)) track.started.set(scope, place.createdAt)
  }
  track.indexes.set(seriesOf(scope, auxKind), place.messageIndex + 1)
  track.chains.set(chainOf(scope, auxKind, isSidechain), messageId)
  if (auxKind === 'title') track.titles.set(titleScope(sessionId, line), titleOf(line) ?? '')
  if (place.derivedId !== null) track.occurrences.add(place.derivedId)
  if (place.uuidDigest !== null && place.firstParts === null) track.parts.add(place.uuidDigest, parts)
}

function identityOf(
  track: Track,
  sessionId: string,
  agentId: string | null,
  kind: LineKind,
  line: TranscriptLine,
): Pick<Place, 'messageId' | 'derivedId' | 'uuidDigest' | 'firstParts'> {
  const uuid = text(line.uuid)
  if (uuid !== null) {
    const told = uuidDigest(sessionId, uuid)
    const firstParts = track.parts.count(told)
    return { messageId: uuid, derivedId: null, uuidDigest: told, firstParts: firstParts === 0 ? null : firstParts }
  }
  // A title is written again with other members beside it, so only what it says counts.
  const content = kind === 'title' ? JSON.stringify([line.type, titleOf(line)]) : canonicalJson(line)
  const first = derivedId(sessionId, agentId, content, 0)
  const before = track.occurrences.count(first)
  const messageId = before === 0 ? first : derivedId(sessionId, agentId, content, before)
  return { messageId, derivedId: first, uuidDigest: null, firstParts: null }
}

function scopeOf(sessionId: string, agentId: string | null): string {
  return `${sessionId}\0${agentId ?? ''}`
}

/** What is numbered together. */
function seriesOf(scope: string, auxKind: AuxKind | null): string {
  return auxKind === null ? scope : `${scope}\0${auxKind}`
}

/** Old clients write subagents into the session's file without an agent id; they are a chain of their own as well. */
function chainOf(scope: string, auxKind: AuxKind | null, isSidechain: boolean | null): string {
  return `${scope}\0${auxKind ?? ''}\0${isSidechain === true}`
}
