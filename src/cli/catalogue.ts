import { HypError } from '../errors.ts'
import type { ResultFormat } from '../query/format/format.ts'
import type { CommandContext } from './context.ts'
import type { RunCli } from './io.ts'
import type { OptionEntry, OptionValues } from './option.ts'

/** One command: what help and documentation say of it, and what runs. */
export interface CommandEntry {
  /** Words behind `hyp`, e.g. `table show`. */
  readonly name: string
  readonly summary: string
  readonly argument?: { readonly name: string; readonly required: boolean; readonly description: string }
  readonly options?: readonly OptionEntry[]
  readonly examples: readonly [string, string]
  readonly exits: string
  readonly run: (context: CommandContext, options: OptionValues, argument: string | undefined) => Promise<number>
}

/** Options that every command takes. */
export const globalOptions: readonly OptionEntry[] = [
  { flags: '--home <directory>', description: 'where hyp keeps everything', env: 'HYP_HOME' },
  {
    flags: '--as-release <n>',
    description: 'run as an earlier release of the built-in declaration',
    env: 'HYP_AS_RELEASE',
  },
  { flags: '--verbose', description: 'show the stack of an error', env: 'HYP_VERBOSE' },
]

const oneTable = {
  name: 'table',
  required: false,
  description: 'a declared table; ai_gateway_messages by default',
} as const

const json: OptionEntry = { flags: '--json', description: 'print one JSON document', env: 'HYP_JSON' }

/** Every command. Each is loaded when it runs. */
export function commands(runCli: RunCli): readonly CommandEntry[] {
  return [
    {
      name: 'daemon',
      summary: 'Run in the foreground: evolve the tables, import histories, answer commands.',
      options: [
        {
          flags: '--log-format <format>',
          description: 'text for people, json for programs; by default as the output is a terminal',
          env: 'HYP_LOG_FORMAT',
          choices: ['text', 'json'],
        },
      ],
      examples: ['hyp daemon', 'hyp daemon --as-release 5 --log-format json'],
      exits: '0 stopped; 4 the table is newer; 75 another process works on the home; 78 a declaration is invalid',
      run: async (context, options) =>
        (await import('./commands/daemon.ts')).runDaemon(context, options['logFormat'] as 'text' | 'json' | undefined),
    },
    {
      name: 'start',
      summary: 'Start the daemon in the background.',
      examples: ['hyp start', 'hyp start --as-release 5'],
      exits: '0 it runs; 4, 75, 78 as hyp daemon',
      run: async context => (await import('./commands/start.ts')).runStart(context),
    },
    {
      name: 'stop',
      summary: 'Stop the daemon.',
      examples: ['hyp stop', 'hyp stop --home /srv/hyp'],
      exits: '0 it does not run any more; 69 it did not stop',
      run: async context => (await import('./commands/start.ts')).runStop(context),
    },
    {
      name: 'status',
      summary: 'Show whether the daemon runs, every table, and why the import waits when it does.',
      options: [json],
      examples: ['hyp status', 'hyp status --json'],
      exits: '0; 69 the daemon does not answer; 78 no daemon runs and a declaration is invalid',
      run: async (context, options) => (await import('./commands/status.ts')).runStatus(context, options),
    },
    {
      name: 'backfill',
      summary: 'Load the history of an agent; what is stored already is not stored again.',
      argument: { name: 'source', required: false, description: 'whose history: claude (the default)' },
      options: [json],
      examples: ['hyp backfill claude', 'hyp backfill claude --json'],
      exits:
        '0 loaded; 3 the declaration breaks the table; 4 the table is newer; 75 another process works on the home; 78 a declaration is invalid; 130 interrupted',
      run: async (context, options, argument = 'claude') => {
        const { sourceNames } = await import('../ingest/backfill.ts')
        const source = sourceNames.find(name => name === argument)
        if (source === undefined)
          throw new HypError('USAGE', `There is no history of ${JSON.stringify(argument)}.`, {
            hint: `There is ${sourceNames.join(', ')}.`,
          })
        return (await import('./commands/backfill.ts')).runBackfillCommand(context, source, options)
      },
    },
    {
      name: 'plan',
      summary: 'Show what the declarations would change in their tables. Reads only.',
      argument: {
        name: 'table',
        required: false,
        description: 'one declared table of the home; by default all of them',
      },
      options: [
        json,
        {
          flags: '--format <format>',
          description: 'text by default; github prints annotations, markdown a note; json is --json',
          env: 'HYP_PLAN_FORMAT',
          choices: ['text', 'json', 'github', 'markdown'],
        },
        { flags: '--exit-code', description: 'let the exit status tell the worst verdict', env: 'HYP_EXIT_CODE' },
        {
          flags: '--declare <file>',
          description: 'a declaration file in place of those of the home',
          env: 'HYP_DECLARE',
        },
        {
          flags: '--against <file>',
          description: 'plan against the table that another declaration file makes; needs no table',
          env: 'HYP_AGAINST',
        },
        {
          flags: '--table <path>',
          description: 'plan for any Iceberg table, by its directory or a metadata file; with --declare',
          env: 'HYP_TABLE',
        },
      ],
      examples: ['hyp plan --exit-code', 'hyp plan --against base.json --declare schema/orders.json --format github'],
      exits:
        '0; with --exit-code 2 changes or drift, 3 breaking, 4 a table is newer; 1 a table cannot be read, or there is none at the path; 64 no such declared table; 78 a declaration is invalid',
      run: async (context, options, table) => (await import('./commands/plan.ts')).runPlan(context, options, table),
    },
    {
      name: 'apply',
      summary: 'Bring tables to their declarations, each in place or not at all.',
      argument: { name: 'table', required: false, description: 'one declared table; by default all of them' },
      options: [
        json,
        {
          flags: '--expect <plan-id>',
          description: 'apply only the plan with this id, whichever table it is of',
          env: 'HYP_EXPECT',
        },
      ],
      examples: ['hyp apply', 'hyp apply --expect 0123456789abcdef'],
      exits:
        '0 applied or nothing to do; else the worst of 1 a table cannot be read, 3 refused, breaking, 4 refused, newer; 64 no such declared table; 75 another plan than expected, or another process works on the home; 78 a declaration is invalid',
      run: async (context, options, table) => (await import('./commands/apply.ts')).runApply(context, options, table),
    },
    {
      name: 'adopt',
      summary: 'Take a table that another program made or changed as it is.',
      argument: {
        name: 'table',
        required: true,
        description:
          'the directory of an Iceberg table, taken under its declaration or one that is written for it; or a declared table, whose present shape becomes what later changes are held against',
      },
      options: [
        json,
        {
          flags: '--name <name>',
          description: 'the name to declare it by; by default its directory’s',
          env: 'HYP_NAME',
        },
      ],
      examples: ['hyp adopt ai_gateway_messages', 'hyp adopt /srv/warehouse/orders --name orders'],
      exits:
        '0 adopted, or nothing to do; 1 there is no table; 3 refused, with everything in the way; 4 refused, newer; 64 the name is that of another table; 75 another process works on the home; 78 a declaration is invalid',
      run: async (context, options, target = '') =>
        (await import('./commands/adopt.ts')).runAdopt(context, options, target),
    },
    {
      name: 'query',
      summary: 'Run one SELECT over the declared tables and the view usage.',
      argument: { name: 'sql', required: true, description: 'a SELECT, or WITH … SELECT' },
      options: [
        {
          flags: '--format <format>',
          description: 'how rows are printed; table by default',
          env: 'HYP_FORMAT',
          choices: ['table', 'json', 'ndjson', 'csv', 'arrow'],
        },
      ],
      examples: [
        'hyp query "SELECT count(*) FROM ai_gateway_messages"',
        'hyp query --format csv "SELECT * FROM usage"',
      ],
      exits: '0; 1 the query failed; 64 it is not one SELECT; 130 interrupted',
      run: async (context, options, argument = '') =>
        (await import('./commands/query.ts')).runQuery(
          context,
          argument,
          options['format'] as ResultFormat | undefined,
        ),
    },
    {
      name: 'history',
      summary: 'Show what hyp did to a table: its creation, every evolution, repair and adoption.',
      argument: oneTable,
      options: [json],
      examples: ['hyp history', 'hyp history orders --json'],
      exits: '0; 1 there is no table; 64 no such declared table',
      run: async (context, options, table) =>
        (await import('./commands/history.ts')).runHistory(context, options, table),
    },
    {
      name: 'rules',
      summary: 'List the rules by which changes are judged, or show one whole.',
      argument: { name: 'code', required: false, description: 'one rule, by its code' },
      options: [json],
      examples: ['hyp rules', 'hyp rules BR202'],
      exits: '0; 64 there is no such rule',
      run: async (context, options, code) => (await import('./commands/rules.ts')).runRules(context, options, code),
    },
    {
      name: 'table show',
      summary: 'Show the columns, keys and counts of a table.',
      argument: oneTable,
      options: [json],
      examples: ['hyp table show', 'hyp table show orders --json'],
      exits: '0; 1 there is no table; 64 no such declared table',
      run: async (context, options, table) =>
        (await import('./commands/table.ts')).runTableShow(context, options, table),
    },
    {
      name: 'table files',
      summary: 'List the live files of a table.',
      argument: oneTable,
      options: [json],
      examples: ['hyp table files', 'hyp table files orders --json'],
      exits: '0; 1 there is no table; 64 no such declared table',
      run: async (context, options, table) =>
        (await import('./commands/table.ts')).runTableFiles(context, options, table),
    },
    {
      name: 'table verify',
      summary: 'Read every file of a table again and hold it against its manifest, and all rows against icebird.',
      argument: oneTable,
      options: [json],
      examples: ['hyp table verify', 'hyp table verify orders --json'],
      exits: '0 all is well; 1 damage was found, or there is no table; 64 no such declared table',
      run: async (context, options, table) =>
        (await import('./commands/table.ts')).runTableVerify(context, options, table),
    },
    {
      name: 'demo',
      summary: 'Show the whole story in a temporary home, on a made-up history.',
      options: [{ flags: '--keep', description: 'keep the temporary home', env: 'HYP_KEEP' }],
      examples: ['hyp demo', 'hyp demo --keep'],
      exits: '0 told to the end',
      run: async (context, options) => (await import('./commands/demo.ts')).runDemo(context.io, runCli, options),
    },
  ]
}
