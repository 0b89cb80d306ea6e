import { type Random, randomFrom } from '../random.ts'
import { claudeSizes, fileSizes } from '../sizes.ts'
import { type Era, eras, versionNumber } from './versions.ts'

/** A subagent's transcript, or that of a call the client makes for itself. */
export interface AgentPlan {
  readonly id: string
  readonly bytes: number
  readonly kind: 'agent' | 'workflow' | 'aside'
}

export interface SessionPlan {
  readonly number: number
  readonly era: Era
  readonly bytes: number
  readonly agents: readonly AgentPlan[]
  /** Begins with what the session before it holds: as another session, or under its name, as old clients resumed. */
  readonly begins: 'anew' | 'fork' | 'resume'
  /** Whether the session after it begins so. */
  readonly isCopied: boolean
}

/** A copy holds so much of its original at most, which is kept in memory meanwhile. */
export const copiedBytes = 1_000_000

/** Divides bytes into sessions and their subagents. */
export function planClaude(bytes: number, files: number | undefined, seed: string): SessionPlan[] {
  const random = randomFrom(`${seed}:plan`)
  const sizes = fileSizes(claudeSizes, bytes, random, files)
  const plans: (SessionPlan & { isCopied: boolean })[] = []
  for (let next = 0; next < sizes.length; ) {
    const before = plans.at(-1)
    const begins = beginning(random, before)
    const era = begins === 'anew' ? eraOf(random) : (before?.era ?? eraOf(random))
    const main = sizes[next++] as number
    const agents: AgentPlan[] = []
    if (era.layout !== 'inline' && begins === 'anew')
      while (next < sizes.length && (sizes[next] as number) < 3_000_000 && random.chance(0.5))
        agents.push(agentOf(random, era, sizes[next++] as number))
    if (before !== undefined && begins !== 'anew') before.isCopied = true
    plans.push({ number: plans.length, era, bytes: main, agents, begins, isCopied: false })
  }
  return plans
}

function beginning(random: Random, before: SessionPlan | undefined): SessionPlan['begins'] {
  if (before === undefined || !random.chance(0.06)) return 'anew'
  return before.era.version.startsWith('1.') ? 'resume' : 'fork'
}

function eraOf(random: Random): Era {
  let left = random.between(0, 100)
  return eras.find(({ share }) => (left -= share) < 0) ?? (eras.at(-1) as Era)
}

function agentOf(random: Random, { layout, version }: Era, bytes: number): AgentPlan {
  if (layout === 'flat') return { id: random.hex(8), bytes, kind: 'agent' }
  if (random.chance(0.15)) {
    const purpose = random.pick(['acompact', 'aprompt_suggestion'])
    return { id: `${purpose}-${random.hex(6)}`, bytes, kind: 'aside' }
  }
  const id = versionNumber(version) < 2_001_080 ? `a${random.hex(6)}` : random.hex(17)
  return { id, bytes, kind: random.chance(0.1) ? 'workflow' : 'agent' }
}
