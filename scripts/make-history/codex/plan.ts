import { type Random, randomFrom } from '../random.ts'
import { codexSizes, fileSizes } from '../sizes.ts'
import { type CodexEra, codexEras } from './eras.ts'

/** How a thread begins: a fork copies the turns of the one before it, or names them; a child may copy them as well. */
export type Beginning = 'anew' | 'fork' | 'base' | 'child' | 'copying-child'

export interface ThreadPlan {
  readonly number: number
  readonly era: CodexEra
  readonly bytes: number
  readonly begins: Beginning
  /** Whether a thread after it goes on from it. */
  readonly isContinued: boolean
  /** Moved to the archive, and compressed. */
  readonly archived: boolean
  readonly compressed: boolean
}

/** So much of a thread is kept for those that copy it. */
export const copiedBytes = 1_500_000

export function planCodex(bytes: number, files: number | undefined, seed: string): ThreadPlan[] {
  const random = randomFrom(`${seed}:plan`)
  const plans: (ThreadPlan & { isContinued: boolean })[] = []
  for (const size of fileSizes(codexSizes, bytes, random, files)) {
    const origin = plans.findLast(({ begins }) => begins === 'anew')
    const begins = beginning(random, origin)
    if (origin !== undefined && begins !== 'anew') origin.isContinued = true
    const era = begins === 'anew' || origin === undefined ? eraOf(random, size) : origin.era
    plans.push({
      number: plans.length,
      era,
      bytes: size,
      begins,
      isContinued: false,
      archived: random.chance(0.1),
      compressed: era.format === 'envelope' && size < 8_000_000 && random.chance(0.04),
    })
  }
  return plans
}

function beginning(random: Random, origin: ThreadPlan | undefined): Beginning {
  if (origin?.era.turnIds !== true) return 'anew'
  const { history, version } = origin.era
  if (random.chance(0.05)) return history === 'paginated' ? 'base' : 'fork'
  if (!random.chance(0.2)) return 'anew'
  return version === '0.142.0' && random.chance(0.5) ? 'copying-child' : 'child'
}

function eraOf(random: Random, bytes: number): CodexEra {
  let left = random.between(0, 100)
  const era = codexEras.find(({ share }) => (left -= share) < 0)
  // Nobody had long conversations in the oldest versions.
  if (era === undefined || (era.format !== 'envelope' && bytes > 4_000_000)) return codexEras.at(-3) as CodexEra
  return era
}
