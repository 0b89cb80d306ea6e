import { HypError } from '../../errors.ts'
import type { ResultFormat } from '../../query/format/format.ts'
import { type CommandEntry, json } from '../command.ts'

/** Commands that bring rows in and read them. */
export const dataCommands: readonly CommandEntry[] = [
  {
    name: 'backfill',
    summary: 'Load the history of an agent; what is stored already is not stored again.',
    argument: { name: 'source', required: false, description: 'whose history: claude (the default)' },
    options: [json],
    examples: ['hyp backfill claude', 'hyp backfill claude --json'],
    exits:
      '0 loaded; 3 the declaration breaks the table; 4 the table is newer; 75 another process works on the home; 78 a declaration is invalid; 130 interrupted',
    run: async (context, options, argument = 'claude') => {
      const { sourceNames } = await import('../../sources/catalogue.ts')
      const source = sourceNames.find(name => name === argument)
      if (source === undefined)
        throw new HypError('USAGE', `There is no history of ${JSON.stringify(argument)}.`, {
          hint: `There is ${sourceNames.join(', ')}.`,
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
    examples: ['hyp query "SELECT count(*) FROM ai_gateway_messages"', 'hyp query --format csv "SELECT * FROM usage"'],
    exits: '0; 1 the query failed; 64 it is not one SELECT; 130 interrupted',
    run: async (context, options, argument = '') =>
      (await import('../commands/query.ts')).runQuery(context, argument, options['format'] as ResultFormat | undefined),
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
