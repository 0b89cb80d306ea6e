import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { byPath } from '../order.ts'
import { randomFrom } from '../random.ts'
import type { Sink } from '../sink.ts'
import { makeUpFor } from '../sizes.ts'
import { projectName } from '../themes.ts'
import { keepUpTo, momentIn, type TreeOptions } from '../tree.ts'
import { type Chain, type KeptLine, openTranscript, type Session } from './chain.ts'
import { type AgentPlan, copiedBytes, planClaude, type SessionPlan } from './plan.ts'
import { type ClaudeTally, makeClaudeTally } from './tally.ts'
import { longLineTrap } from './traps/damage.ts'
import { writeClaudeTraps } from './traps.ts'
import type { ClaudeTruth } from './truth.ts'
import { newCourse, type Spawn, writeAgentTurns, writeDelta, writeSpawn, writeSummaries, writeTurn } from './turn.ts'
import { versionNumber } from './versions.ts'

/** Writes a tree as Claude Code leaves it. @returns what is in it */
export function writeClaudeTree(options: TreeOptions): ClaudeTruth {
  const tally = makeClaudeTally()
  let earlier: Earlier | undefined
  let planned = 0
  for (const plan of planClaude(options.bytes, options.files, options.seed)) {
    const bytes = makeUpFor(tally.truth.bytes - planned, plan.bytes)
    earlier = writeSession(options, tally, { ...plan, bytes }, earlier)
    planned += plan.bytes + plan.agents.reduce((sum, agent) => sum + agent.bytes, 0)
  }
  if (options.traps) writeClaudeTraps(options, tally)
  if (options.longLine !== undefined)
    writeClaudeTraps(options, tally, { 'line-too-long': longLineTrap(options.longLine) })
  writeOtherFiles(options.directory)
  // In the order in which files are found.
  tally.truth.malformed.sort(byPath)
  return tally.truth
}

/** A session that the next one may go on from. */
interface Earlier {
  readonly session: Session
  readonly lines: readonly KeptLine[]
  /** When it ended. */
  readonly ms: number
}

function writeSession(
  { directory, seed, texts: allTexts, sink }: TreeOptions,
  tally: ClaudeTally,
  plan: SessionPlan,
  earlier: Earlier | undefined,
): Earlier {
  const random = randomFrom(`${seed}:session:${plan.number}`)
  const base = plan.begins === 'anew' ? undefined : earlier
  const anew = momentIn(plan.era.days, random)
  const ms = base === undefined ? anew : base.ms + 60_000
  const project = random.chance(0.7) ? random.between(0, 12) : random.between(12, 60)
  const cwd = base?.session.cwd ?? `/home/ada/${projectName(project)}`
  const texts = allTexts.about(cwd)
  const fresh: Session = {
    id: random.uuid(),
    era: plan.era,
    version: versionNumber(plan.era.version),
    cwd,
    branch: random.chance(0.6) ? 'main' : texts.slug(random),
    entrypoint: random.pick(['cli', 'cli', 'cli', 'sdk-ts', 'claude-vscode']),
    slug: texts.slug(random),
    model: random.pick(plan.era.models),
  }
  const session = base === undefined ? fresh : { ...base.session, id: fresh.id }
  const kept = keepUpTo<KeptLine>(copiedBytes)
  const folder = `projects/${session.cwd.replaceAll(/[^A-Za-z0-9-]/g, '-')}`
  const path = `${folder}/${session.id}.jsonl`
  const out = openTranscript(sink.open(join(directory, path)), path, tally, plan.isCopied ? kept.keep : undefined)
  const chain: Chain = {
    session,
    agent: null,
    sidechain: false,
    random,
    texts,
    out,
    parent: null,
    ms,
    context: random.between(9000, 25_000),
  }
  writeSummaries(chain)
  if (base !== undefined) copyLines(chain, base, plan)

  const course = newCourse()
  const waiting = plan.agents.filter(({ kind }) => kind !== 'aside')
  const spawns = new Map<string, Spawn>()
  while (out.bytes < plan.bytes - 1500 || course.turns === 0) {
    const agent = waiting.shift()
    writeTurn(chain, course, plan.bytes, () => {
      if (agent !== undefined) spawns.set(agent.id, writeSpawn(chain, agent.id))
      else if (plan.era.layout === 'inline' && random.chance(0.1)) writeSpawn(chain, null)
    })
    if (random.chance(0.2)) writeDelta(chain)
  }
  out.close(chain.ms)
  for (const agent of plan.agents)
    writeAgent({ ...chain }, agent, { directory, folder, sink, tally }, spawns.get(agent.id))
  return { session, lines: kept.lines, ms: chain.ms }
}

/** The lines of another session: a fork renames them, what old clients resumed did not. */
function copyLines(chain: Chain, base: Earlier, plan: SessionPlan): void {
  const { session, out } = chain
  for (const { text, effect } of base.lines) {
    if (out.bytes > plan.bytes * 0.7) break
    if (plan.begins === 'resume') out.text(text, effect, 'copy')
    else {
      const renamed = text.replace(`"sessionId":"${base.session.id}"`, `"sessionId":"${session.id}"`)
      out.text(renamed, effect.kind === 'skipped' ? effect : { ...effect, session: session.id }, 'fork')
    }
  }
}

interface AgentPlace {
  readonly directory: string
  readonly folder: string
  readonly sink: Sink
  readonly tally: ClaudeTally
}

function writeAgent(main: Chain, plan: AgentPlan, place: AgentPlace, spawn: Spawn | undefined): void {
  const { session, random, texts } = main
  const { directory, folder, sink, tally } = place
  const nested = `${folder}/${session.id}/subagents`
  const workflow = `${nested}/workflows/wf-${random.hex(6)}`
  const where = session.era.layout === 'flat' ? folder : plan.kind === 'workflow' ? workflow : nested
  const path = `${where}/agent-${plan.id}.jsonl`
  const out = openTranscript(sink.open(join(directory, path)), path, tally)
  const chain: Chain = { ...main, agent: plan.id, sidechain: true, out, parent: null, context: 12_000 }
  writeAgentTurns(chain, plan.bytes)
  out.close(chain.ms)
  if (session.era.layout !== 'nested' || plan.kind === 'aside') return
  const known = spawn !== undefined && random.chance(0.25)
  const meta = {
    agentType: random.pick(['general-purpose', 'Explore', 'Plan']),
    ...(known ? { toolUseId: spawn.toolUseId, description: texts.title(random) } : {}),
  }
  writeFileSync(join(directory, path.replace(/\.jsonl$/, '.meta.json')), JSON.stringify(meta))
  if (plan.kind !== 'workflow') return
  const journal = [
    { type: 'started', agentId: plan.id },
    { type: 'result', agentId: plan.id, message: { role: 'assistant', content: 'done' } },
  ]
  writeFileSync(join(directory, where, 'journal.jsonl'), journal.map(line => `${JSON.stringify(line)}\n`).join(''))
}

/** Files beside the transcripts that are none. */
function writeOtherFiles(directory: string): void {
  const prompt = { display: 'Water the garden', pastedContents: {}, timestamp: 1_750_000_000_000, project: '/home/ada' }
  const files: Readonly<Record<string, string>> = {
    'history.jsonl': `${JSON.stringify(prompt)}\n`,
    'projects/-home-ada-garden/sessions-index.json': '{"version":1,"entries":[]}',
    'projects/-home-ada-garden/tool-results/result.jsonl': '{"type":"user","sessionId":"none"}\n',
    'projects/-home-ada-garden/memory/notes.jsonl': '{"type":"user","sessionId":"none"}\n',
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), content)
  }
}
