import { HypError } from '../../errors.ts'
import type { ResultFormat } from '../../query/format/format.ts'
import { type CommandEntry, json } from '../command.ts'

/** Commands that bring rows in and read them. */
export const dataCommands: readonly CommandEntry[] = [
  {
    name: 'backfill',
    summary: 'Load what agents left on this machine; what is stored already is not stored again.',
    argument: { name: 'source', required: false, description: 'whose history: claude or codex; both by default' },
    options: [
      {
        flags: '--since <time>',
        description: 'only messages from then on: 2026-01-31, a day of UTC, or 2026-01-31T09:00:00Z',
        env: 'HYP_SINCE',
      },
      { flags: '--until <time>', description: 'only messages until then; a day as a whole', env: 'HYP_UNTIL' },
      {
        flags: '--claude-dir <directory>',
        description: "Claude Code's own directory, where it is not ~/.claude",
        env: 'HYP_CLAUDE_DIR',
      },
      {
        flags: '--codex-dir <directory>',
        description: "Codex's own directory, where it is not ~/.codex",
        env: 'HYP_CODEX_DIR',
      },
      { flags: '--dry-run', description: 'read and count everything, and write nothing', env: 'HYP_DRY_RUN' },
      json,
    ],
    examples: ['hyp backfill', 'hyp backfill claude --since 2026-01-01 --dry-run'],
    exits:
      '0 loaded, or kept in the spool where the declaration breaks the table; 4 the table is newer; 64 no such history; 75 another process works on the home; 78 a declaration is invalid; 130 interrupted',
    run: async (context, options, argument = 'all') => {
      const { backfillScopes } = await import('../../ingest/backfill/backfill-request.ts')
      const source = backfillScopes.find(scope => scope === argument)
      if (source === undefined)
        throw new HypError('USAGE', `There is no history of ${JSON.stringify(argument)}.`, {
          hint: `There is ${backfillScopes.join(', ')}.`,
        })
      return (await import('../commands/backfill.ts')).runBackfillCommand(context, source, options)
    },
  },
  {
    name: 'ingest',
    summary: 'Store rows of your own in a declared table: durable when it says so, and each once.',
    argument: { name: 'table', required: true, description: 'a declared table' },
    second: {
      name: 'file',
      required: false,
      description: 'rows as NDJSON, a JSON array or an Arrow stream; - is the standard input, the default',
    },
    options: [
      json,
      { flags: '--partial', description: 'store the rows that fit where others do not', env: 'HYP_PARTIAL' },
      {
        flags: '--idempotency-key <key>',
        description: 'the same rows under the same key are stored once, for a day',
        env: 'HYP_IDEMPOTENCY_KEY',
      },
    ],
    examples: ['hyp ingest orders orders.ndjson', 'hyp ingest orders - --partial'],
    exits:
      '0 stored; 1 rows do not fit, or the disk failed; 64 no such declared table, or the file cannot be read; 75 another process works on the home; 78 a declaration is invalid; 130 interrupted',
    run: async (context, options, table = '', file = '-') =>
      (await import('../commands/ingest.ts')).runIngest(context, options, table, file),
  },
  {
    name: 'query',
    summary:
      'Run one SELECT over the declared tables and the views sessions, messages, usage, tool_calls, files_touched.',
    argument: { name: 'sql', required: true, description: 'a SELECT, or WITH … SELECT' },
    options: [
      {
        flags: '--format <format>',
        description: 'how rows are printed; table by default',
        env: 'HYP_FORMAT',
        choices: ['table', 'json', 'ndjson', 'csv', 'arrow'],
      },
    ],
    examples: ['hyp query "SELECT count(*) FROM ai_gateway_messages"', 'hyp query --format csv "SELECT * FROM usage"'],
    exits: '0; 1 the query failed; 64 it is not one SELECT; 78 a mistake in prices.json; 130 interrupted',
    run: async (context, options, argument = '') =>
      (await import('../commands/query.ts')).runQuery(context, argument, options['format'] as ResultFormat | undefined),
  },
  {
    name: 'show',
    summary: 'Show a session as a conversation: prompts, answers, tool calls in short, subagents indented.',
    argument: {
      name: 'session',
      required: true,
      description: 'the id of a session or of a thread of Codex, or its beginning',
    },
    options: [json, { flags: '--full', description: 'leave nothing out, and cut nothing', env: 'HYP_FULL' }],
    examples: ['hyp show 3f2a9c1e', 'hyp show 3f2a9c1e --full'],
    exits:
      '0; 1 the table cannot be read; 64 no session has that id, or several; 78 a mistake in prices.json; 130 interrupted',
    run: async (context, options, argument = '') =>
      (await import('../commands/show.ts')).runShow(context, options, argument),
  },
  {
    name: 'spool',
    summary: 'Show the rows on their way to the tables: waiting, held, rejected, damaged, since when and why.',
    options: [json],
    examples: ['hyp spool', 'hyp spool --json'],
    exits: '0; 78 a declaration is invalid',
    run: async (context, options) => (await import('../commands/spool.ts')).runSpool(context, options),
  },
]
