import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/*
 * A small history as Claude Code leaves it, written for the demo: three
 * sessions, one of them a fork of another, and a subagent. Nobody said any of this.
 */

type Line = Readonly<Record<string, unknown>>

const version = '2.1.200'
const first = Date.UTC(2026, 9, 5, 9, 0, 0)

interface Session {
  readonly id: string
  readonly cwd: string
  readonly branch: string
  readonly agent?: string
}

/** Lines of one session, a minute apart, each behind the one before. */
function conversation(session: Session, startMinute: number, turns: readonly (readonly Line[])[]): Line[] {
  let parent: string | null = null
  let minute = startMinute
  return turns.flat().map((turn, index) => {
    const uuid = `${session.id.slice(0, 8)}-${session.agent ?? '0000'}-4000-8000-${String(index + 1).padStart(12, '0')}`
    const line = {
      parentUuid: parent,
      isSidechain: session.agent !== undefined,
      userType: 'external',
      cwd: session.cwd,
      sessionId: session.id,
      ...(session.agent === undefined ? {} : { agentId: session.agent }),
      version,
      gitBranch: session.branch,
      ...turn,
      uuid,
      timestamp: new Date(first + minute++ * 60_000).toISOString(),
    }
    parent = uuid
    return line
  })
}

function prompt(content: string): Line[] {
  return [{ type: 'user', message: { role: 'user', content }, permissionMode: 'default' }]
}

/** One answer: a line for each block, as the client writes them, with the output count growing from line to line. */
function answer(id: string, stop: string, output: number, blocks: readonly Line[]): Line[] {
  return blocks.map((block, index) => ({
    type: 'assistant',
    requestId: `req_${id}`,
    message: {
      id: `msg_${id}`,
      type: 'message',
      role: 'assistant',
      model: 'claude-example-1',
      content: [block],
      stop_reason: stop,
      usage: {
        input_tokens: 12,
        cache_creation_input_tokens: 850,
        cache_read_input_tokens: 14_200,
        output_tokens: Math.ceil((output * (index + 1)) / blocks.length),
      },
    },
  }))
}

function text(content: string): Line {
  return { type: 'text', text: content }
}

function call(id: string, name: string, input: Line): Line {
  return { type: 'tool_use', id: `toolu_${id}`, name, input }
}

function result(id: string, content: string): Line[] {
  return [
    {
      type: 'user',
      message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: `toolu_${id}`, content }] },
    },
  ]
}

const garden: Session = { id: '5a1de5e0-0000-4000-8000-000000000001', cwd: '/home/ada/garden', branch: 'main' }
const kitchen: Session = { id: 'c00c1e5a-0000-4000-8000-000000000002', cwd: '/home/ada/kitchen', branch: 'recipes' }

const gardenTurns = [
  prompt('Which beds need water today?'),
  answer('01', 'tool_use', 180, [
    text('I will look at the moisture log.'),
    call('01', 'Read', { file_path: 'moisture.csv' }),
  ]),
  result('01', 'bed,percent\nroses,18\ntomatoes,61\nbeans,35'),
  answer('02', 'end_turn', 96, [text('Roses are at 18 % and need water now; beans can wait a day.')]),
  prompt('Send somebody to check the valve by the roses.'),
  answer('03', 'tool_use', 240, [
    call('02', 'Task', { description: 'Check the valve', prompt: 'Look whether the valve by the roses opens.' }),
  ]),
  result('02', 'The valve opens and closes.'),
  answer('04', 'end_turn', 74, [text('The valve works. Watering starts at six.')]),
]

const agentTurns = [
  prompt('Look whether the valve by the roses opens.'),
  answer('05', 'tool_use', 60, [call('03', 'Bash', { command: 'valve status roses' })]),
  result('03', 'ok'),
  answer('06', 'end_turn', 41, [text('The valve opens and closes.')]),
]

const kitchenTurns = [
  prompt('Turn the bread recipe into grams.'),
  answer('07', 'end_turn', 310, [text('500 g flour, 350 g water, 10 g salt, 5 g yeast.')]),
  prompt('And for two loaves?'),
  answer('08', 'end_turn', 120, [text('Twice of everything: 1000 g flour, 700 g water, 20 g salt, 10 g yeast.')]),
]

/** What is said after the user added a column. */
const laterTurns = [
  prompt('How long does it bake?'),
  answer('09', 'end_turn', 88, [text('35 minutes at 230 °C, the first ten with steam.')]),
]

/** Writes the history below a Claude Code configuration directory. */
export async function writeTranscripts(claude: string): Promise<void> {
  const history = conversation(garden, 0, gardenTurns)
  const forked = history.slice(0, 5).map(line => ({ ...line, sessionId: 'f0f0f0f0-0000-4000-8000-000000000003' }))
  await writeLines(join(claude, 'projects/-home-ada-garden', `${garden.id}.jsonl`), history)
  await writeLines(
    join(claude, 'projects/-home-ada-garden', garden.id, 'subagents/agent-0a9e.jsonl'),
    conversation({ ...garden, agent: '0a9e' }, 6, agentTurns),
  )
  await writeLines(join(claude, 'projects/-home-ada-garden', 'f0f0f0f0-0000-4000-8000-000000000003.jsonl'), forked)
  await writeLines(
    join(claude, 'projects/-home-ada-kitchen', `${kitchen.id}.jsonl`),
    conversation(kitchen, 90, kitchenTurns),
  )
}

/** The kitchen's session goes on. */
export async function continueTranscript(claude: string): Promise<void> {
  await writeLines(
    join(claude, 'projects/-home-ada-kitchen', `${kitchen.id}.jsonl`),
    conversation(kitchen, 90, [...kitchenTurns, ...laterTurns]),
  )
}

async function writeLines(path: string, lines: readonly Line[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, lines.map(line => `${JSON.stringify(line)}\n`).join(''))
}
