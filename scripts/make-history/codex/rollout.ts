import type { Random } from '../random.ts'
import type { OutFile } from '../sink.ts'
import type { Texts } from '../texts.ts'
import type { CodexEra } from './eras.ts'
import type { CodexEffect, CodexTally } from './tally.ts'
import { type CodexUsage, noCodexUsage, type ThreadIdentity } from './truth.ts'

export type Payload = Readonly<Record<string, unknown>>

export interface Thread extends ThreadIdentity {
  readonly era: CodexEra
  readonly cwd: string
  readonly branch: string
  readonly model: string
  readonly source: unknown
}

/** A line as it stands, and the turn and totals that it leaves: kept for threads that copy it. */
export interface KeptItem {
  readonly text: string
  readonly effect: CodexEffect
  readonly turn: number
  readonly totals: CodexUsage
  readonly ordinal: number
}

/** A file being written for a thread, and where the thread stands. */
export interface Rollout {
  readonly thread: Thread
  readonly random: Random
  readonly texts: Texts
  readonly file: OutFile
  readonly tally: CodexTally
  readonly keep: ((item: KeptItem) => void) | undefined
  /** Milliseconds since 1970. */
  ms: number
  /** Of the next line, where lines are numbered. */
  ordinal: number
  turnId: string
  turns: number
  totals: CodexUsage
  /** Tokens of the conversation so far. */
  context: number
  compactedAt: number
}

export interface RolloutOptions extends Pick<Rollout, 'thread' | 'random' | 'texts' | 'file' | 'tally' | 'ms'> {
  /** Relative to the client's directory. */
  readonly path: string
  readonly keep?: ((item: KeptItem) => void) | undefined
  /** The thread was counted already. */
  readonly copy?: boolean
}

export function openRollout({ path, keep, copy, ...place }: RolloutOptions): Rollout {
  place.tally.begin(path, place.thread, copy)
  return {
    ...place,
    keep,
    ordinal: 0,
    turnId: '',
    turns: 0,
    totals: noCodexUsage(),
    context: place.random.between(6000, 14_000),
    compactedAt: 0,
  }
}

export function closeRollout(rollout: Rollout, path?: string): void {
  rollout.tally.end(rollout.file.bytes, path)
  rollout.file.close(rollout.ms)
}

/** A line as it stands. */
export function writeText(rollout: Rollout, text: string, effect: CodexEffect): void {
  rollout.file.line(text)
  rollout.tally.count(effect, rollout.file.lines)
  rollout.keep?.({ text, effect, turn: rollout.turns, totals: { ...rollout.totals }, ordinal: rollout.ordinal })
}

/** Bytes as they stand, with an effect for each line that is not blank. */
export function writeRaw(rollout: Rollout, content: string | Uint8Array, effects: readonly CodexEffect[] = []): void {
  const before = rollout.file.lines
  rollout.file.raw(content)
  for (const [index, effect] of effects.entries()) rollout.tally.count(effect, before + 1 + index)
}

/** A line of the rollout. */
export function write(rollout: Rollout, type: string, payload: Payload, effect: CodexEffect): void {
  writeText(rollout, lineOf(rollout, type, payload), effect)
}

export function lineOf(rollout: Rollout, type: string, payload: Payload): string {
  const { era } = rollout.thread
  rollout.ms += rollout.random.between(20, 4000)
  if (era.format !== 'envelope') return JSON.stringify(payload)
  const timestamp = new Date(rollout.ms).toISOString()
  const ordinal = era.history === 'paginated' ? { ordinal: rollout.ordinal++ } : {}
  return JSON.stringify({ timestamp, ...ordinal, type, payload })
}

export function writeItem(rollout: Rollout, payload: Payload, more: { rows?: number; prompt?: boolean } = {}): void {
  const item = String(payload['type'])
  write(rollout, 'response_item', payload, { kind: 'item', item, rows: 1, ...more })
}

/** An event; some versions write every one twice, and those before envelopes had none. */
export function writeEvent(rollout: Rollout, payload: Payload, effect: CodexEffect = skipped('client-event')): void {
  const { format, doubled } = rollout.thread.era
  if (format !== 'envelope') return
  write(rollout, 'event_msg', payload, effect)
  if (doubled) write(rollout, 'event_msg', payload, effect.kind === 'usage' ? skipped('unchanged-usage') : effect)
}

export function skipped(reason: string): CodexEffect {
  return { kind: 'skipped', reason }
}
