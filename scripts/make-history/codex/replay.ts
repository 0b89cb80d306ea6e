import { type KeptItem, type Rollout, skipped, type Thread, writeText } from './rollout.ts'
import type { CodexEffect } from './tally.ts'

/** A thread that later ones may go on from. */
export interface Origin {
  readonly thread: Thread
  readonly meta: string
  readonly items: readonly KeptItem[]
  readonly ms: number
}

/** The whole turns of another thread, stamped anew; the totals go on from there. */
export function replay(
  rollout: Rollout,
  origin: Pick<Origin, 'meta' | 'items'>,
  limit = Number.POSITIVE_INFINITY,
): void {
  if (origin.meta !== '') writeText(rollout, origin.meta, skipped('thread-context'))
  const last = origin.items.at(-1)?.turn ?? 0
  const complete = origin.items.filter(({ turn }) => turn > 0 && (turn < last || limit === Number.POSITIVE_INFINITY))
  let turns = 0
  for (const { text, effect, turn, totals } of complete) {
    if (turn > turns && rollout.file.bytes > limit) break
    turns = Math.max(turns, turn)
    rollout.ms += 3
    const stamped = text.replace(/"timestamp":"[^"]*"/, `"timestamp":"${new Date(rollout.ms).toISOString()}"`)
    writeText(rollout, stamped, copied(effect))
    rollout.totals = { ...totals }
  }
  rollout.turns = turns
  rollout.tally.replayed(turns)
}

/** What a line is in a thread that only repeats it: what gave a row is a copy, the rest is what it was. */
export function copied(effect: CodexEffect): CodexEffect {
  return effect.kind === 'skipped' ? effect : skipped('replayed')
}
