import { existsSync } from 'node:fs'
import { isDamage, noteMalformed } from '../malformed.ts'
import {
  type CapturedRow,
  type HistoryFile,
  type MalformedLine,
  noCounts,
  type ReadCounts,
  type ReadOptions,
  type ReadPoint,
  type SkipReason,
  type SourceRead,
  type SourceReader,
  type Unreadable,
  type Whereabouts,
} from '../source.ts'
import { systemCode, unreadable } from '../unreadable.ts'
import { DamagedZst } from '../zst.ts'
import { laterPlaces } from './find.ts'
import { type ReadLine, readLine } from './line.ts'
import { projectRecord } from './project.ts'
import { missingParent } from './replay.ts'
import { openRollout, type Rollout, type RolloutLine, rolloutLines } from './rollout.ts'
import { isWaiting, newSettle, type Settle } from './settle.ts'
import { newThreads } from './threads.ts'
import { newTrack, type Track } from './track.ts'

/**
 * Reads rollouts, line by line; what one of them says of another is looked up there.
 *
 * @example
 * const read = openCodex({ home, env: {} }).read(file)
 * for await (const rows of read.captured) batch.push(...rows)
 * read.counts.skipped['replayed']
 */
export function openCodex(where: Whereabouts): SourceReader {
  const settle = newSettle(newThreads(where))
  return { read: (file, options = {}) => readRollout(file, options, settle) }
}

interface Reading {
  readonly counts: ReadCounts
  readonly malformed: MalformedLine[]
  readonly unreadable: Unreadable[]
  end: ReadPoint | undefined
  track: Track | undefined
  isDamaged: boolean
}

function readRollout(file: HistoryFile, options: ReadOptions, settle: Settle): SourceRead {
  const nothing = { end: undefined, track: undefined, isDamaged: false }
  const read: Reading = { counts: noCounts(), malformed: [], unreadable: [], ...nothing }
  return {
    captured: capture(file, options, read, settle),
    counts: read.counts,
    malformed: read.malformed,
    unreadable: read.unreadable,
    get end() {
      return read.end
    },
    get isDamaged() {
      return read.isDamaged
    },
    get waitsFor() {
      return read.track === undefined ? [] : missingIn(read.track)
    },
  }
}

function missingIn({ missingBase, replay }: Track): readonly string[] {
  const missing = missingBase ?? missingParent(replay)
  return missing === null ? [] : [missing]
}

async function* capture(
  file: HistoryFile,
  options: ReadOptions,
  read: Reading,
  settle: Settle,
): AsyncGenerator<readonly CapturedRow[]> {
  const { signal } = options
  signal?.throwIfAborted()
  let rollout: Rollout | undefined
  try {
    rollout = await openWhereItIs(file.path)
    const from = rollout.format === 'lines' ? options.from : undefined
    const track = (from?.memory as Track | undefined) ?? newTrack(file.path, rollout)
    read.track = track
    read.end = { offset: from?.offset ?? 0, line: from?.line ?? 0, memory: track }
    const onRead = (bytes: number): void => {
      read.counts.bytes = bytes
    }
    for await (const batch of rolloutLines(rollout, { ...options, from, onRead })) {
      for (const line of batch) {
        const found = readLine(line, track.isBare)
        if (typeof found !== 'string' && isWaiting(found, track)) await settle(track, signal)
        const outcome = captureLine(found, track)
        if (track.unsettled !== null) await settle(track, signal)
        note(read, file.path, line, outcome, track)
        if (rollout.format !== 'zst') read.counts.bytes = line.endOffset - (from?.offset ?? 0)
        if (typeof outcome !== 'string') yield outcome
      }
    }
    read.counts.bytes = Math.max(rollout.size - (from?.offset ?? 0), 0)
    if (rollout.format !== 'lines') read.end = undefined
  } catch (error) {
    read.end = undefined
    if (signal?.aborted === true) throw error
    if (!(error instanceof DamagedZst)) return void read.unreadable.push(unreadable(file.path, error))
    read.isDamaged = error.isSure
    read.unreadable.push({ path: file.path, reason: error.message })
  } finally {
    await rollout?.handle.close()
  }
}

/** The client may move a file between its being listed and read. */
async function openWhereItIs(path: string): Promise<Rollout> {
  try {
    return await openRollout(path)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    const place = laterPlaces(path).find(later => existsSync(later))
    if (place === undefined) throw error
    return openRollout(place)
  }
}

function note(
  read: Reading,
  path: string,
  line: RolloutLine,
  outcome: readonly CapturedRow[] | SkipReason,
  memory: Track,
): void {
  const { counts } = read
  counts.lines++
  // A newline that comes later belongs to the line it ends.
  const behind = line.isWhole ? line.number : line.number - 1
  if (outcome !== 'torn-tail') read.end = { offset: line.endOffset, line: behind, memory }
  else if (line.end === 'cut') read.end = { offset: line.endOffset, line: behind, memory, begun: line.bytes }
  if (typeof outcome !== 'string') {
    counts.rows += outcome.length
    return
  }
  counts.skipped[outcome]++
  noteMalformed(read.malformed, path, line.number, outcome)
}

function captureLine(found: ReadLine | SkipReason, track: Track): readonly CapturedRow[] | SkipReason {
  if (typeof found !== 'string') return projectRecord(found.record, found.line, found.ordinal, track)
  if (track.thread === null && isDamage(found)) track.isDamaged = true
  return found
}
