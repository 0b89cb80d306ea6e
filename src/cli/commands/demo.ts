import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Daemon } from '../../daemon/daemon.ts'
import { startDaemon } from '../../daemon/start.ts'
import { HypError } from '../../errors.ts'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import { builtinTable, newestRelease } from '../../schema/builtin.ts'
import { homeAt } from '../../stores/home.ts'
import { openCatalog } from '../../stores/table/catalog.ts'
import type { CommandContext } from '../context.ts'
import { type Evidence, gatherEvidence, receiptOf } from '../demo/evidence.ts'
import { type DemoHistory, layHistory } from '../demo/history.ts'
import type { CliIo, RunCli } from '../io.ts'
import type { OptionValues } from '../option.ts'
import { renderEvent } from '../render/event.ts'

const ownColumn = `{
  "columns": [
    { "name": "stop_reason", "type": "string", "from": "/message/stop_reason", "doc": "Why the model stopped." }
  ]
}
`

/** Of a start: the query to paste has nowhere to go here, and what lines were skipped is told by the first one. */
const untold = { first: /^query /, later: /^query |^skipped | {9,}\d+ {2}\S/ }

/** The product's story in a temporary home, told with the commands themselves. */
export async function runDemo(context: CommandContext, runCli: RunCli, options: OptionValues): Promise<number> {
  const { io } = context
  const directory = await mkdtemp(join(tmpdir(), 'hyp-demo-'))
  const say = (text = ''): Promise<void> => io.stdout(`${text}\n`)
  const stages: Stage[] = []
  try {
    const history = await layHistory(directory)
    const open = (home: string): Stage => {
      const opened = stage(io, runCli, history, home, say)
      stages.push(opened)
      return opened
    }
    const act = open(join(directory, 'hyp'))

    await say('1. Start: a table is created and the history is loaded (all of it was made up for this demo).')
    await act.restart(newestRelease)
    await act.command([
      'query',
      'SELECT started_at::DATE AS day, client_name AS client, left(title, 48) AS title, prompts, tool_calls AS tools, agents, round(cost, 3) AS usd FROM sessions ORDER BY started_at, ended_at',
    ])
    await say('   NULL is a cost that is unknown: the model has no price in the list, or the client told no tokens.')

    await say('\n2. Add a column of your own: a file with one line, a look at the plan, a restart.')
    await act.writeSchema(ownColumn)
    await act.command(['plan'])
    await act.evolve(newestRelease)
    await say('\n   The conversation goes on; the next line fills the column.')
    await history.goOn()
    await act.command(['backfill'])
    await act.command([
      'query',
      "SELECT coalesce(stop_reason, '(null)') AS stop_reason, count(*) AS parts FROM ai_gateway_messages GROUP BY 1 ORDER BY 1",
    ])

    await say('\n3. A mistake in that file is told with its line, and changes nothing.')
    await act.stop()
    await act.writeSchema(
      '{\n  "columns": [\n    { "name": "stop_reason", "type": "text" },\n    { "name": "Role", "type": "string", "required": true }\n  ]\n}\n',
    )
    await act.command(['plan'])
    // Mended, so that a home that is kept works.
    await act.declare(ownColumn)

    await say('\n4. Releases: a table of release 4 goes to 5 in place, and 6 is refused.')
    const releases = open(join(directory, 'releases', 'hyp'))
    await releases.restart(4)
    await releases.evolve(5)
    await releases.restart(6)
    await releases.command(['plan', '--as-release', '6'])
    await releases.command(['apply', '--as-release', '6'])
    await say('   The daemon stays up, and reads go on:')
    await releases.command(['query', 'SELECT count(*) AS parts FROM ai_gateway_messages'])
    await releases.command(['history'])
    await say(
      options['keep'] === true
        ? `\nKept: ${directory}\nIts home is ${join(directory, 'hyp')}, to be named with --home.`
        : `\nThe demo’s files were removed. To keep your own history: ${context.pasteable('hyp start')}`,
    )
    return 0
  } finally {
    for (const opened of stages) await opened.stop()
    if (options['keep'] !== true) await rm(directory, { recursive: true, force: true })
  }
}

interface Stage {
  /** Stops the daemon where one runs and starts it as a release; the import is done when it returns. */
  restart(release: number): Promise<void>
  /** A restart that evolves the table, and its receipt. */
  evolve(release: number): Promise<void>
  stop(): Promise<void>
  declare(text: string): Promise<void>
  /** Declares, and shows the file. */
  writeSchema(text: string): Promise<void>
  command(args: readonly string[]): Promise<void>
}

function stage(
  io: CliIo,
  runCli: RunCli,
  { claude, codex }: DemoHistory,
  directory: string,
  say: (text?: string) => Promise<void>,
): Stage {
  const home = homeAt(directory)
  // Without the settings of the person who watches; the home is the usual one, so that no command has to name it.
  const foreign = Object.entries(io.env).filter(([name]) => !name.startsWith('HYP_'))
  const env = {
    ...Object.fromEntries(foreign),
    XDG_DATA_HOME: dirname(directory),
    CLAUDE_CONFIG_DIR: claude,
    CODEX_HOME: codex,
  }
  const plain: CliIo = {
    ...io,
    env,
    stderr: tell,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
  }
  let daemon: Daemon | undefined
  let starting = false
  let starts = 0
  const load = (): Promise<Table> => openCatalog(home, { table: builtinTable }).load()

  return { restart, evolve, stop, declare, writeSchema, command }

  /** Whether it could be written is told by what is said next. */
  function tell(text: string): void {
    void io.stdout(text).catch(() => undefined)
  }

  function heedSignal(): void {
    if (io.signal.aborted)
      throw new HypError('INTERRUPTED', 'The demo was interrupted.', {
        hint: 'It touched nothing but files of its own. Run it again, and it begins anew.',
      })
  }

  async function stop(): Promise<void> {
    await daemon?.stop(null)
    daemon = undefined
  }

  async function restart(release: number): Promise<void> {
    await stop()
    await say(`$ hyp daemon${release === newestRelease ? '' : ` --as-release ${release}`}`)
    starting = true
    const hidden = starts++ === 0 ? untold.first : untold.later
    daemon = await startDaemon({
      home,
      release,
      userHome: io.userHome,
      env,
      onEvent: event => {
        // What happens later is shown by the command that asks for it.
        if (!starting || (event.type === 'backfill' && event.event.type === 'progress')) return
        for (const line of renderEvent(event, typed => typed).lines) if (!hidden.test(line)) tell(`${line}\n`)
      },
    })
    // A daemon whose declaration is refused says so and waits; the story goes on.
    await daemon
      .backfill({ source: 'all' }, () => undefined)
      .catch((error: unknown) => {
        if (!(error instanceof HypError) || error.code !== 'SCHEMA_BREAKING') throw error
      })
    starting = false
    heedSignal()
  }

  async function evolve(release: number): Promise<void> {
    const before: Evidence = await gatherEvidence(await load())
    await restart(release)
    for (const line of await receiptOf(before, await load())) await say(line)
  }

  async function declare(text: string): Promise<void> {
    await mkdir(home.schema, { recursive: true })
    await writeFile(join(home.schema, `${builtinTable}.json`), text)
  }

  async function writeSchema(text: string): Promise<void> {
    await declare(text)
    await say(`$ cat schema/${builtinTable}.json\n${text.trimEnd()}`)
  }

  async function command(args: readonly string[]): Promise<void> {
    await say(`$ hyp ${args.map(word => (/[^\w./-]/.test(word) ? `"${word}"` : word)).join(' ')}`)
    const status = await runCli(args, plain)
    heedSignal()
    if (status !== 0) await say(`(exit status ${status})`)
  }
}
