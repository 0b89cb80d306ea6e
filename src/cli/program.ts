import { Command, CommanderError, Option } from 'commander'
import { errorCatalogue, HypError, toHypError } from '../errors.ts'
import { version } from '../version.ts'
import { type CommandContext, commandContext, type GlobalOptions } from './context.ts'
import type { CliIo } from './io.ts'
import { renderError } from './render/error.ts'

type Run = (context: CommandContext) => Promise<number>

/**
 * Runs one command line and gives its exit status. Never throws and never exits.
 * @param args the words behind `hyp`
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  let status = 0
  const verbose = args.includes('--verbose')
  const asJson = args.includes('--json')
  const program = buildProgram(io, async (options, run) => {
    status = await run(commandContext(io, options))
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : errorCatalogue.USAGE.exit
    const known = io.signal.aborted ? new HypError('INTERRUPTED', 'Interrupted.', { cause: error }) : toHypError(error)
    if (asJson) await io.stdout(renderError(known, { json: true, verbose }))
    else io.stderr(renderError(known, { json: false, verbose }))
    return errorCatalogue[known.code].exit
  }
}

/** The whole command line, as data for commander. Commands are loaded when they run. */
export function buildProgram(io: CliIo, execute: (options: GlobalOptions, run: Run) => Promise<void>): Command {
  const program = new Command('hyp')
    .description(
      'Keeps what your AI agents did on this machine in one Apache Iceberg table, queryable through every upgrade.',
    )
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: text => void io.stdout(text), writeErr: text => io.stderr(text) })
    .showHelpAfterError('(hyp --help lists the commands)')
    .addOption(new Option('--home <directory>', 'where hyp keeps everything').env('HYP_HOME'))
    .addOption(
      new Option('--as-release <n>', 'run as an earlier release of the built-in declaration').env('HYP_AS_RELEASE'),
    )
    .addOption(new Option('--verbose', 'show the stack of an error').env('HYP_VERBOSE'))

  const add = (parent: Command, name: string, summary: string, examples: readonly string[], exits: string): Command => {
    const command = parent
      .command(name)
      .description(summary)
      .addOption(new Option('--home <directory>', 'where hyp keeps everything').env('HYP_HOME'))
      .addOption(
        new Option('--as-release <n>', 'run as an earlier release of the built-in declaration').env('HYP_AS_RELEASE'),
      )
      .addOption(new Option('--verbose', 'show the stack of an error').env('HYP_VERBOSE'))
      .addHelpText(
        'after',
        `\nExamples:\n${examples.map(example => `  $ ${example}`).join('\n')}\n\nExit status: ${exits}`,
      )
    return command
  }
  const json = (command: Command): Command => command.option('--json', 'print one JSON document')
  const run = (
    command: Command,
    load: (context: CommandContext, options: Record<string, unknown>, args: string[]) => Promise<number>,
  ): void => {
    command.action(async () => {
      const options = command.optsWithGlobals<Record<string, unknown>>()
      await execute(options as GlobalOptions, context => load(context, options, command.args))
    })
  }

  run(
    add(
      program,
      'daemon',
      'Run in the foreground: evolve the table, import histories, answer commands.',
      ['hyp daemon', 'hyp daemon --as-release 5 --log-format json'],
      '0 stopped; 4 the table is newer; 75 another daemon runs; 78 a declaration is invalid',
    ).addOption(
      new Option('--log-format <format>', 'text for people, json for programs; by default as the output is a terminal')
        .choices(['text', 'json'])
        .env('HYP_LOG_FORMAT'),
    ),
    async (context, options) => (await import('./commands/daemon.ts')).runDaemon(context, options),
  )
  run(
    add(
      program,
      'start',
      'Start the daemon in the background.',
      ['hyp start', 'hyp start --as-release 5'],
      '0 it runs; 4, 75, 78 as hyp daemon',
    ),
    async context => (await import('./commands/start.ts')).runStart(context),
  )
  run(
    add(
      program,
      'stop',
      'Stop the daemon.',
      ['hyp stop', 'hyp stop --home /srv/hyp'],
      '0 it does not run any more; 69 it did not stop',
    ),
    async context => (await import('./commands/start.ts')).runStop(context),
  )
  run(
    json(
      add(
        program,
        'status',
        'Show whether the daemon runs, the table, and why the import waits when it does.',
        ['hyp status', 'hyp status --json'],
        '0',
      ),
    ),
    async (context, options) => (await import('./commands/status.ts')).runStatus(context, options),
  )
  run(
    json(
      add(
        program,
        'backfill',
        'Load the history of an agent; what is stored already is not stored again.',
        ['hyp backfill claude', 'hyp backfill claude --json'],
        '0 loaded; 3 the declaration breaks the table; 75 another process works on the home',
      ),
    ).argument('[source]', 'claude', 'claude'),
    async (context, options, args) => {
      const { sourceNames } = await import('../ingest/backfill.ts')
      const source = args[0] ?? 'claude'
      const known = sourceNames.find(name => name === source)
      if (known === undefined)
        throw new HypError('USAGE', `There is no history of ${JSON.stringify(source)}.`, {
          hint: `There is ${sourceNames.join(', ')}.`,
        })
      return (await import('./commands/backfill.ts')).runBackfillCommand(context, known, options)
    },
  )
  run(
    json(
      add(
        program,
        'plan',
        'Show what the declaration would change in the table. Reads only.',
        ['hyp plan', 'hyp plan --exit-code'],
        '0; with --exit-code 2 changes or drift, 3 breaking, 4 the table is newer; 78 a declaration is invalid',
      ),
    ).option('--exit-code', 'let the exit status tell the verdict'),
    async (context, options) => (await import('./commands/plan.ts')).runPlan(context, options),
  )
  run(
    json(
      add(
        program,
        'apply',
        'Bring the table to its declaration, in place or not at all.',
        ['hyp apply', 'hyp apply --expect 0123456789abcdef'],
        '0 applied or nothing to do; 3 refused, breaking; 4 refused, newer; 75 another plan than expected, or another process works on the home',
      ),
    ).option('--expect <plan-id>', 'apply only the plan with this id'),
    async (context, options) => (await import('./commands/apply.ts')).runApply(context, options),
  )
  run(
    json(
      add(
        program,
        'history',
        'Show every evolution of the table.',
        ['hyp history', 'hyp history --json'],
        '0; 1 there is no table',
      ),
    ),
    async (context, options) => (await import('./commands/history.ts')).runHistory(context, options),
  )
  const table = program.command('table').description('Look at the table itself.')
  run(
    json(
      add(
        table,
        'show',
        'Show the columns, keys and counts of the table.',
        ['hyp table show', 'hyp table show --json'],
        '0; 1 there is no table',
      ),
    ),
    async (context, options) => (await import('./commands/table.ts')).runTableShow(context, options),
  )
  run(
    json(
      add(
        table,
        'files',
        'List the live data files.',
        ['hyp table files', 'hyp table files --json'],
        '0; 1 there is no table',
      ),
    ),
    async (context, options) => (await import('./commands/table.ts')).runTableFiles(context, options),
  )
  run(
    json(
      add(
        table,
        'verify',
        'Read every file again and hold it against its manifest, and all rows against icebird.',
        ['hyp table verify', 'hyp table verify --json'],
        '0 all is well; 1 damage was found',
      ),
    ),
    async (context, options) => (await import('./commands/table.ts')).runTableVerify(context, options),
  )
  return program
}
