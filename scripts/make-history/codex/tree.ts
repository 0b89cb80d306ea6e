import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { byPath } from '../order.ts'
import { randomFrom } from '../random.ts'
import { makeUpFor } from '../sizes.ts'
import { projectName } from '../themes.ts'
import { keepUpTo, momentIn, type TreeOptions } from '../tree.ts'
import { compress } from '../zstd.ts'
import { writeDocument } from './document.ts'
import { rolloutPath } from './paths.ts'
import { copiedBytes, planCodex, type ThreadPlan } from './plan.ts'
import { type Origin, replay } from './replay.ts'
import { closeRollout, type KeptItem, openRollout, type Thread } from './rollout.ts'
import { type CodexTally, makeCodexTally } from './tally.ts'
import { longLineTrap } from './traps/damage.ts'
import { writeCodexTraps } from './traps.ts'
import type { CodexTruth } from './truth.ts'
import { metaOf, timeUuid, writeMeta, writeTurn } from './turn.ts'

/** Writes a tree as Codex leaves it. @returns what is in it */
export async function writeCodexTree(options: TreeOptions): Promise<CodexTruth> {
  const tally = makeCodexTally()
  let origin: Origin | undefined
  let planned = 0
  for (const plan of planCodex(options.bytes, options.files, options.seed)) {
    const bytes = makeUpFor(tally.truth.bytes - planned, plan.bytes)
    const written = await writeThread(options, tally, { ...plan, bytes }, origin)
    planned += plan.bytes
    if (plan.begins === 'anew') origin = written
  }
  if (options.traps) await writeCodexTraps(options, tally)
  if (options.longLine !== undefined)
    await writeCodexTraps(options, tally, { 'line-too-long': longLineTrap(options.longLine) })
  // In the order in which files are found; none of them is in the archive.
  tally.truth.malformed.sort(byPath)
  const prompt = { session_id: origin?.thread.id, ts: 1_750_000_000, text: 'Water the garden' }
  writeFileSync(join(options.directory, 'history.jsonl'), `${JSON.stringify(prompt)}\n`)
  return tally.truth
}

async function writeThread(
  { directory, seed, texts: allTexts, sink }: TreeOptions,
  tally: CodexTally,
  plan: ThreadPlan,
  origin: Origin | undefined,
): Promise<Origin> {
  const random = randomFrom(`${seed}:thread:${plan.number}`)
  const ms = plan.begins === 'anew' || origin === undefined ? momentIn(plan.era.days, random) : origin.ms + 60_000
  const thread = threadOf(
    plan,
    origin?.thread,
    timeUuid(ms, random.hex(20)),
    `/home/ada/${projectName(random.between(0, 30))}`,
  )
  const texts = allTexts.about(thread.cwd)
  const kept = keepUpTo<KeptItem>(copiedBytes)
  const path = rolloutPath(thread.id, ms, plan.archived, plan.era.format === 'document' ? 'json' : 'jsonl')
  const file = sink.open(join(directory, path))
  const rollout = openRollout({
    thread,
    random,
    texts,
    file,
    tally,
    ms,
    path,
    keep: plan.isContinued ? kept.keep : undefined,
  })
  if (plan.era.format === 'document') {
    writeDocument(rollout, plan.bytes)
    closeRollout(rollout)
    return { thread, meta: '', items: kept.lines, ms: rollout.ms }
  }
  const base = plan.begins === 'base' && origin !== undefined ? historyBase(origin) : undefined
  if (base !== undefined) rollout.ordinal = base.end_ordinal_exclusive
  writeMeta(rollout, base === undefined ? {} : { history_base: base })
  if (origin !== undefined && (plan.begins === 'fork' || plan.begins === 'copying-child'))
    replay(rollout, origin, plan.bytes * 0.6)
  do writeTurn(rollout, plan.bytes)
  while (file.bytes < plan.bytes - 2000)
  const meta = JSON.stringify({ timestamp: new Date(ms).toISOString(), type: 'session_meta', payload: metaOf(rollout) })
  closeRollout(rollout, plan.compressed ? `${path}.zst` : path)
  if (plan.compressed) await compress(join(directory, path))
  return { thread, meta, items: kept.lines, ms: rollout.ms }
}

function historyBase({ thread, items }: Origin): { thread_id: string; end_ordinal_exclusive: number } {
  return { thread_id: thread.id, end_ordinal_exclusive: items.at(-1)?.ordinal ?? 1 }
}

function threadOf({ begins, era, number }: ThreadPlan, origin: Thread | undefined, id: string, cwd: string): Thread {
  const model = ['gpt-5-codex', 'gpt-example-2'][number % 2] as string
  const fresh = { id, era, cwd, branch: 'main', model, parentThreadId: null, forkedFrom: null }
  if (origin === undefined || begins === 'anew')
    return { ...fresh, sessionId: id, source: number % 3 === 0 ? 'vscode' : 'cli' }
  if (begins === 'fork' || begins === 'base')
    return { ...fresh, cwd: origin.cwd, sessionId: id, forkedFrom: origin.id, source: 'cli' }
  const thread_spawn = { parent_thread_id: origin.id, depth: 1, agent_nickname: 'Ada', agent_role: 'explorer' }
  return {
    ...fresh,
    cwd: origin.cwd,
    sessionId: origin.sessionId,
    parentThreadId: origin.id,
    source: { subagent: { thread_spawn } },
  }
}
