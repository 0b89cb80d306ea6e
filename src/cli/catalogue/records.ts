import { type CommandEntry, json } from '../command.ts'

/** Commands of tasks and of the records they are kept in. */
export const recordCommands: readonly CommandEntry[] = [
  {
    name: 'tasks',
    summary: 'Show long work, such as imports: what runs, what ran, how it ended.',
    argument: { name: 'id', required: false, description: 'one task, with everything that happened to it' },
    options: [
      json,
      { flags: '--cancel', description: 'end the task; what it stored stays', env: 'HYP_CANCEL' },
      { flags: '--resume', description: 'begin the same work again, as a new task', env: 'HYP_RESUME' },
    ],
    examples: ['hyp tasks', 'hyp tasks 0198c0de-0000-7000-8000-000000000001 --resume'],
    exits:
      '0; 1 the task ended before it was to be cancelled, or is to be resumed and did not end or ended well; 4 the task was written by a later version; 64 there is no such task; 75 another process works on the home; else as hyp backfill',
    run: async (context, options, id) => (await import('../commands/tasks.ts')).runTasks(context, options, id),
  },
  {
    name: 'records',
    summary: 'Show the records of tasks and histories: how many, in which versions, and what is wrong with them.',
    options: [json],
    examples: ['hyp records', 'hyp records --json'],
    exits: '0',
    run: async (context, options) => (await import('../commands/records.ts')).runRecords(context, options),
  },
  {
    name: 'records migrate',
    summary: 'Store records of older versions in the present ones, each after a backup.',
    options: [json],
    examples: ['hyp records migrate', 'hyp records migrate --json'],
    exits:
      '0; 1 a record stays as it is, because it cannot be read, is newer, or cannot be backed up; 75 the daemon runs',
    run: async (context, options) => (await import('../commands/records.ts')).runRecordsMigrate(context, options),
  },
  {
    name: 'records gc',
    summary: 'Remove old backups of records: all but the newest three of each, and those of the last 30 days.',
    options: [json, { flags: '--dry-run', description: 'say what would be removed', env: 'HYP_DRY_RUN' }],
    examples: ['hyp records gc', 'hyp records gc --dry-run'],
    exits: '0; 75 the daemon runs',
    run: async (context, options) => (await import('../commands/records.ts')).runRecordsGc(context, options),
  },
  {
    name: 'records restore',
    summary: 'Put a backup in the place of a record, after a backup of what is there.',
    argument: { name: 'record', required: true, description: 'KIND/ID, as hyp records shows them' },
    options: [
      json,
      {
        flags: '--from <file>',
        description: 'the backup, by its name or path; by default the newest one that can be read',
        env: 'HYP_FROM',
      },
    ],
    examples: [
      'hyp records restore task/0198c0de-0000-7000-8000-000000000001',
      'hyp records restore task/mine --from mine.json.v2.bak',
    ],
    exits:
      '0; 1 the backup cannot be read; 4 the backup was written by a later version; 64 there is no backup, or no such kind; 75 the daemon runs',
    run: async (context, options, record = '') =>
      (await import('../commands/records.ts')).runRecordsRestore(context, options, record),
  },
]
