import { join } from 'node:path'
import { randomFrom } from '../random.ts'
import type { Sink } from '../sink.ts'
import type { Texts } from '../texts.ts'
import { type CodexEra, codexEras } from './eras.ts'
import { rolloutPath } from './paths.ts'
import { openRollout, type Thread } from './rollout.ts'
import type { CodexTally } from './tally.ts'
import { damageTraps } from './traps/damage.ts'
import { itemTraps } from './traps/items.ts'
import { placeTraps } from './traps/places.ts'
import { replayTraps } from './traps/replay.ts'
import type { Trap, TrapPlace } from './traps/trap.ts'
import { usageTraps } from './traps/usage.ts'
import { timeUuid } from './turn.ts'

/** By name; the working directory of its threads is `/trap/NAME`. */
export const codexTraps: Readonly<Record<string, Trap>> = {
  ...usageTraps,
  ...replayTraps,
  ...placeTraps,
  ...itemTraps,
  ...damageTraps,
}

export interface TrapOptions {
  readonly directory: string
  readonly seed: string
  readonly texts: Texts
  readonly sink: Sink
}

/** When the threads of traps began; each a minute after the one before. */
const first = Date.UTC(2026, 7, 1, 3)

export async function writeCodexTraps(
  { directory, seed, texts, sink }: TrapOptions,
  tally: CodexTally,
  traps = codexTraps,
): Promise<void> {
  let threads = 0
  for (const [name, trap] of Object.entries(traps)) {
    const random = randomFrom(`${seed}:trap:${name}`)
    const started = new Map<string, number>()
    const startOf = ({ id }: Thread): number => started.get(id) ?? first
    const pathOf: TrapPlace['pathOf'] = (thread, archived = false, ending = 'jsonl') =>
      rolloutPath(thread.id, startOf(thread), archived, ending)
    await trap({
      pathOf,
      absolute: path => join(directory, path),
      thread: (version = '0.125.0', more = {}) => {
        const ms = first + 60_000 * threads++
        const id = timeUuid(ms, random.hex(20))
        started.set(id, ms)
        return {
          id,
          sessionId: id,
          parentThreadId: null,
          forkedFrom: null,
          era: eraOf(version),
          cwd: `/trap/${name}`,
          branch: 'main',
          model: 'gpt-example-1-codex',
          source: 'cli',
          ...more,
        }
      },
      begin: (thread, { path = pathOf(thread), ...more } = {}) =>
        openRollout({
          thread,
          random,
          texts,
          tally,
          ms: startOf(thread),
          file: sink.open(join(directory, path)),
          path,
          ...more,
        }),
    })
  }
}

function eraOf(version: string): CodexEra {
  const era = codexEras.find(known => known.version === version)
  if (era === undefined) throw new Error(`there is no era ${version}`)
  return era
}
