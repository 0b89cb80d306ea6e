import type { Stats } from 'node:fs'
import { isObject, type JsonObject, text } from '../json.ts'
import { newOccurrences, type Occurrences } from '../occurrences.ts'
import { hasDay, micros } from '../time.ts'
import { threadOfName } from './file-name.ts'
import { afterMeta, afterTurn, own, type Replay, replayOf } from './replay.ts'
import { isOwnMeta, type Thread, threadOf } from './thread.ts'
import type { Reported } from './usage.ts'

/** The settings of the latest turn. */
export interface Turn {
  readonly id: string | null
  readonly cwd: string | null
  readonly model: string | null
  readonly permissionMode: string | null
  /** What all rows of the turn say of it beside the columns. */
  readonly attributes: JsonObject
}

/** What has to be remembered while one file is read from its beginning. */
export interface Track {
  readonly fileThread: string | null
  readonly fileTime: bigint
  thread: Thread | null
  /** Lines have no envelope. */
  isBare: boolean
  /** A line before the thread's description could not be read: it may have been that description. */
  isDamaged: boolean
  turn: Turn
  replay: Replay
  /** The thread whose history comes before this file's and was not found; null where none is missing. */
  missingBase: string | null
  /** The file of another thread has to be asked before the next line: that of the parent, or the one that goes before. */
  unsettled: 'parent' | 'base' | null
  /** How many records there were. */
  records: number
  messages: number
  previousMessageId: string | null
  lastTime: bigint | null
  startedAt: bigint | null
  /** Some row was given. */
  hasRows: boolean
  readonly seen: Occurrences
  reported: Reported | null
}

const noTurn: Turn = { id: null, cwd: null, model: null, permissionMode: null, attributes: {} }

export function newTrack(path: string, stats: Pick<Stats, 'mtimeMs'>): Track {
  return {
    fileThread: threadOfName(path),
    fileTime: BigInt(hasDay(stats.mtimeMs) ? Math.trunc(stats.mtimeMs) : 0) * 1000n,
    thread: null,
    isBare: false,
    isDamaged: false,
    turn: noTurn,
    replay: own,
    missingBase: null,
    unsettled: null,
    records: 0,
    messages: 0,
    previousMessageId: null,
    lastTime: null,
    startedAt: null,
    hasRows: false,
    seen: newOccurrences(),
    reported: null,
  }
}

/** The file's thread; the first line that needs it decides, if none described the thread before. Null: it has none. */
export function threadIn(track: Track): Thread | null {
  track.thread ??= threadOf({}, track.fileThread)
  return track.thread
}

/** Takes the description of a thread: the first is the file's own, later ones came with a copy of another's history. */
export function takeMeta(track: Track, meta: JsonObject, timestamp: unknown, isBare: boolean): void {
  if (track.thread === null && isOwnMeta(meta, track.fileThread, track.isDamaged)) {
    track.thread = threadOf(meta, track.fileThread)
    if (track.thread === null) return
    track.isBare = isBare
    track.startedAt = track.thread.startedAt ?? micros(timestamp)
    track.replay = replayOf(track.thread)
    track.unsettled = track.replay.by === 'turns' ? 'parent' : track.thread.base !== null ? 'base' : null
    return
  }
  const thread = threadIn(track)
  if (thread === null) return
  track.replay = afterMeta(track.replay, thread, meta, track.hasRows)
  track.unsettled = track.replay.by === 'turns' && track.replay.parent === undefined ? 'parent' : null
}

/** Takes the beginning of a turn, and its settings where the line tells them. */
export function takeTurn(track: Track, turnId: string | null, context: JsonObject | null): void {
  track.replay = afterTurn(track.replay, turnId)
  if (context === null) {
    track.turn = { ...track.turn, id: turnId ?? track.turn.id }
    return
  }
  const sandbox = context['sandbox_policy']
  const mode = isObject(sandbox) ? (text(sandbox['type']) ?? text(sandbox['mode'])) : text(sandbox)
  const effort = text(context['effort'])
  track.turn = {
    id: turnId ?? track.turn.id,
    cwd: text(context['cwd']) ?? track.turn.cwd,
    model: text(context['model']) ?? track.turn.model,
    permissionMode: text(context['approval_policy']),
    attributes: { ...(effort === null ? {} : { effort }), ...(mode === null ? {} : { sandbox: mode }) },
  }
}

/** Where and when a message stands. */
export interface Place {
  readonly messageId: string
  /** Order within the thread. */
  readonly messageIndex: number
  readonly previousMessageId: string | null
  /** Microseconds. */
  readonly createdAt: bigint
  /** Whose time that is; `file`: nothing in the file tells one. */
  readonly createdAtFrom: 'line' | 'item' | 'previous-line' | 'thread' | 'file'
  /** Microseconds: the first time of the thread. */
  readonly startedAt: bigint
  readonly isFirst: boolean
}

/** The place of the next message; `isSaid`: others follow it, as they do not follow a report of tokens. */
export function nextPlace(
  track: Track,
  messageId: string,
  times: { readonly line: unknown; readonly item: unknown },
  isSaid: boolean,
): Place {
  const [createdAt, createdAtFrom] = timeOf(track, times)
  if (createdAtFrom === 'line' || createdAtFrom === 'item') track.lastTime = createdAt
  if (createdAtFrom !== 'file') track.startedAt ??= createdAt
  const place: Place = {
    messageId,
    messageIndex: track.messages,
    previousMessageId: track.previousMessageId,
    createdAt,
    createdAtFrom,
    startedAt: track.startedAt ?? createdAt,
    isFirst: !track.hasRows,
  }
  track.messages++
  if (isSaid) track.previousMessageId = messageId
  track.hasRows = true
  return place
}

function timeOf(
  { lastTime, startedAt, fileTime }: Track,
  times: { readonly line: unknown; readonly item: unknown },
): readonly [bigint, Place['createdAtFrom']] {
  const line = micros(times.line)
  if (line !== null) return [line, 'line']
  const item = micros(times.item)
  if (item !== null) return [item, 'item']
  if (lastTime !== null) return [lastTime, 'previous-line']
  return startedAt === null ? [fileTime, 'file'] : [startedAt, 'thread']
}
