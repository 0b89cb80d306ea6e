import { type CommandEntry, json, oneTable } from '../command.ts'
import type { OptionEntry } from '../option.ts'

const dryRun: OptionEntry = {
  flags: '--dry-run',
  description: 'say what would be done, and do nothing',
  env: 'HYP_DRY_RUN',
}

/** Commands that look at the table itself, or look after it. */
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
    name: 'table snapshots',
    summary: 'List the snapshots that a table keeps.',
    argument: oneTable,
    options: [json],
    examples: ['hyp table snapshots', 'hyp table snapshots orders --json'],
    exits: '0; 1 there is no table; 64 no such declared table',
    run: async (context, options, table) =>
      (await import('../commands/maintenance.ts')).runTableSnapshots(context, options, table),
  },
  {
    name: 'table compact',
    summary:
      'Write the small files of a table again as few large ones, and its manifests; the daemon does so by itself.',
    argument: oneTable,
    options: [dryRun, json],
    examples: ['hyp table compact --dry-run', 'hyp table compact orders'],
    exits: '0; 1 a part of it failed, or there is no table; 64 no such declared table; 75 try again',
    run: async (context, options, table) =>
      (await import('../commands/maintenance.ts')).runTableCompact(context, options, table),
  },
  {
    name: 'table expire',
    summary:
      'Let the snapshots of a table go that nothing keeps, and remove the files that only they needed; the daemon does so by itself.',
    argument: oneTable,
    options: [dryRun, json],
    examples: ['hyp table expire --dry-run', 'hyp table expire orders --json'],
    exits: '0; 1 a part of it failed, or there is no table; 64 no such declared table; 75 try again',
    run: async (context, options, table) =>
      (await import('../commands/maintenance.ts')).runTableExpire(context, options, table),
  },
  {
    name: 'table delete',
    summary: 'Delete rows of a table for good: queries do not see them any more, and no import brings them back.',
    argument: oneTable,
    options: [
      { flags: '--session <id>', description: 'all rows of a session', env: 'HYP_DELETE_SESSION' },
      {
        flags: '--before <time>',
        description: 'all rows before a day of UTC or an instant, not later than now',
        env: 'HYP_DELETE_BEFORE',
      },
      {
        flags: '--where <sql>',
        description: 'all rows that a condition is true for, as it would stand behind WHERE',
        env: 'HYP_DELETE_WHERE',
      },
      dryRun,
      {
        flags: '--purge',
        description: 'remove them from the disk at once, with all that the table was before; say where they are still',
        env: 'HYP_PURGE',
      },
      json,
    ],
    examples: [
      'hyp table delete --session 3f2a9c1e-5d1b-4c69-9f0e-2a7d7c1f0b44 --dry-run',
      'hyp table delete orders --where "customer = \'c-17\'" --purge',
    ],
    exits:
      '0 deleted, or there were none; 1 there is no table, a record cannot be read, or the condition cannot be asked; 64 the rows are not told by one of the three, or no such declared table; 75 try again; 78 a declaration is invalid; 130 interrupted',
    run: async (context, options, table) =>
      (await import('../commands/delete.ts')).runTableDelete(context, options, table),
  },
  {
    name: 'table relocate',
    summary: 'Make tables say where they lie, after their home was moved or copied, so that other programs find them.',
    argument: { name: 'table', required: false, description: 'a declared table; all of them by default' },
    options: [json, { flags: '--dry-run', description: 'say what would be written', env: 'HYP_DRY_RUN' }],
    examples: ['hyp table relocate', 'hyp table relocate orders --dry-run'],
    exits:
      '0; 1 there is no table, or it cannot be read; 64 no such declared table; 75 another process works on the home; 78 a declaration is invalid',
    run: async (context, options, table) =>
      (await import('../commands/relocate.ts')).runRelocate(context, options, table),
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
