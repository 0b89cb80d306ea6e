import { join } from 'node:path'
import { type Random, randomFrom } from '../make-history/random.ts'
import { makeSink } from '../make-history/sink.ts'
import { makeTexts, type Texts } from '../make-history/texts.ts'
import { keptFolder } from './scratch.ts'

/*
 * Histories of nothing but lines that give no row, as they make up most of some
 * versions' files: what hooks and programs show, and histories told once more.
 */

const megabytes = 400
const fileBytes = 20_000_000

/** Directories of the clients, by what is in them. */
export interface RowlessHistories {
  readonly progress: string
  readonly events: string
  readonly retold: string
}

export async function rowlessHistories(): Promise<RowlessHistories> {
  const folder = await keptFolder(`rowless-${megabytes}mb-1`, async made => {
    const random = randomFrom('rowless')
    const texts = makeTexts('rowless')
    writeFiles(join(made, 'progress/projects/-home-ada-house'), '', undefined, () => progress(random, texts))
    const rollouts = (name: string, line: () => string): void =>
      writeFiles(join(made, name, 'sessions/2026/02/11'), 'rollout-2026-02-11T13-38-53-', meta, line)
    rollouts('events', () => event(random, texts))
    rollouts('retold', () => (random.chance(0.5) ? ghost(random) : compacted(random, texts)))
  })
  return { progress: join(folder, 'progress'), events: join(folder, 'events'), retold: join(folder, 'retold') }
}

const timestamp = '2026-02-11T20:38:53.748Z'
const session = '019c8a4d-0330-71a2-b22b-785a3a27ed20'
const meta = JSON.stringify({ timestamp, type: 'session_meta', payload: { id: session, cwd: '/home/ada/house' } })

function writeFiles(directory: string, beginning: string, first: string | undefined, line: () => string): void {
  const sink = makeSink()
  for (let file = 0; file * fileBytes < megabytes * 1e6; file++) {
    const id = `019c8a4d-0330-71a2-b22b-${file.toString(16).padStart(12, '0')}`
    const out = sink.open(join(directory, `${beginning}${id}.jsonl`))
    if (first !== undefined) out.line(first)
    while (out.bytes < fileBytes) out.line(line())
    out.close(Date.parse(timestamp))
  }
}

/** What hooks and programs show while they run. */
function progress(random: Random, texts: Texts): string {
  const output = texts.output(random, random.size(700, 0.8))
  const hook = { type: 'hook_progress', hookEvent: 'PreToolUse', hookName: 'PreToolUse:Bash', command: '/hooks/a.sh' }
  const bash = { type: 'bash_progress', output, fullOutput: output, elapsedTimeSeconds: 2, totalLines: 5 }
  return JSON.stringify({
    parentUuid: random.uuid(),
    isSidechain: false,
    userType: 'external',
    cwd: '/home/ada/house',
    sessionId: session,
    version: '2.1.39',
    gitBranch: 'main',
    slug: 'a-quiet-morning',
    type: 'progress',
    data: random.chance(0.8) ? hook : bash,
    toolUseID: 'bash-progress-0',
    parentToolUseID: `toolu_01${random.hex(22)}`,
    uuid: random.uuid(),
    timestamp,
  })
}

/** What has an item of its own as well. */
function event(random: Random, texts: Texts): string {
  const text = texts.prose(random, random.size(400, 0.8))
  const payload = random.chance(0.5) ? { type: 'agent_reasoning', text } : { type: 'agent_message', message: text }
  return JSON.stringify({ timestamp, type: 'event_msg', payload })
}

/** The state of a work tree. */
function ghost(random: Random): string {
  const preexisting_untracked_files = Array.from({ length: random.size(400, 1) }, () => `build/${random.hex(16)}.o`)
  const ghost_commit = { id: random.hex(40), preexisting_untracked_files }
  return JSON.stringify({ timestamp, type: 'response_item', payload: { type: 'ghost_snapshot', ghost_commit } })
}

/** A history told once more. */
function compacted(random: Random, texts: Texts): string {
  const content = [{ type: 'input_text', text: texts.prose(random, random.size(200_000, 0.5)) }]
  const replacement_history = [{ type: 'message', role: 'user', content }]
  return JSON.stringify({ timestamp, type: 'compacted', payload: { message: '', replacement_history } })
}
