import { join } from 'node:path'
import { randomFrom } from '../random.ts'
import type { Sink } from '../sink.ts'
import type { Texts } from '../texts.ts'
import { openTranscript } from './chain.ts'
import type { ClaudeTally } from './tally.ts'
import { agentTraps } from './traps/agents.ts'
import { contentTraps } from './traps/contents.ts'
import { damageTraps } from './traps/damage.ts'
import { identityTraps } from './traps/identity.ts'
import type { Trap } from './traps/trap.ts'
import { usageTraps } from './traps/usage.ts'
import { eras, versionNumber } from './versions.ts'

/** By the name of the project in which it lies, behind `-trap-`. */
export const claudeTraps: Readonly<Record<string, Trap>> = {
  ...usageTraps,
  ...identityTraps,
  ...agentTraps,
  ...contentTraps,
  ...damageTraps,
}

export interface TrapOptions {
  readonly directory: string
  readonly seed: string
  readonly texts: Texts
  readonly sink: Sink
}

export function writeClaudeTraps(
  { directory, seed, texts, sink }: TrapOptions,
  tally: ClaudeTally,
  traps = claudeTraps,
): void {
  for (const [name, trap] of Object.entries(traps)) {
    const random = randomFrom(`${seed}:trap:${name}`)
    const project = `projects/-trap-${name}`
    const nameOf = (file: string): string => `${project}/${file}`
    trap({
      tally,
      nameOf,
      pathOf: file => join(directory, nameOf(file)),
      session: (version = '2.1.177') => ({
        id: random.uuid(),
        era: { ...(eras.at(-1) as (typeof eras)[number]), version, progress: 0 },
        version: versionNumber(version),
        cwd: `/trap/${name}`,
        branch: 'main',
        entrypoint: 'cli',
        slug: 'a-trap',
        model: 'claude-example-1',
      }),
      begin: (session, { path = `${session.id}.jsonl`, agent = null } = {}) => ({
        session,
        agent,
        sidechain: agent !== null,
        random,
        texts,
        out: openTranscript(sink.open(join(directory, nameOf(path))), nameOf(path), tally),
        parent: null,
        ms: Date.UTC(2026, 5, 1) + random.between(0, 86_400_000),
        context: 10_000,
      }),
    })
  }
}
