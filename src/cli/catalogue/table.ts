import { type CommandEntry, json, oneTable } from '../command.ts'

/** Commands that look at the table itself. */
export const tableCommands: readonly CommandEntry[] = [
  {
    name: 'table show',
    summary: 'Show the columns, keys and counts of a table.',
    argument: oneTable,
    options: [json],
    examples: ['hyp table show', 'hyp table show orders --json'],
    exits: '0; 1 there is no table; 64 no such declared table',
    run: async (context, options, table) =>
      (await import('../commands/table.ts')).runTableShow(context, options, table),
  },
  {
    name: 'table files',
    summary: 'List the live files of a table.',
    argument: oneTable,
    options: [json],
    examples: ['hyp table files', 'hyp table files orders --json'],
    exits: '0; 1 there is no table; 64 no such declared table',
    run: async (context, options, table) =>
      (await import('../commands/table.ts')).runTableFiles(context, options, table),
  },
  {
    name: 'table verify',
    summary: 'Read every file of a table again and hold it against its manifest, and all rows against icebird.',
    argument: oneTable,
    options: [json],
    examples: ['hyp table verify', 'hyp table verify orders --json'],
    exits: '0 all is well; 1 damage was found, or there is no table; 64 no such declared table',
    run: async (context, options, table) =>
      (await import('../commands/table.ts')).runTableVerify(context, options, table),
  },
]
