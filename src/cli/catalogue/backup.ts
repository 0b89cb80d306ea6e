import { type CommandEntry, json } from '../command.ts'

/** Commands that copy the home and bring it back. */
export const backupCommands: readonly CommandEntry[] = [
  {
    name: 'backup',
    summary: 'Copy the home, also while the daemon runs; files that never change take no room on the same disk.',
    argument: { name: 'directory', required: true, description: 'where the copy goes: not there yet, or empty' },
    options: [json],
    examples: ['hyp backup ~/backups/hyp-2026-01-31', 'hyp backup /mnt/disk/hyp --json'],
    exits:
      '0 the copy is whole and durable; 1 the disk is full or failed, or a file of a table is missing; 64 the directory cannot be taken; 75 another process works on the home; 78 a declaration is invalid; 130 interrupted',
    run: async (context, options, directory = '') =>
      (await import('../commands/backup.ts')).runBackup(context, options, directory),
  },
  {
    name: 'restore',
    summary: 'Put a backup in the place of what is in the home; that is kept beside it.',
    argument: { name: 'directory', required: true, description: 'what hyp backup made' },
    options: [
      {
        flags: '--with-deleted',
        description: 'bring back rows that were deleted after the backup was made; otherwise they are deleted again',
        env: 'HYP_RESTORE_WITH_DELETED',
      },
      json,
    ],
    examples: ['hyp restore ~/backups/hyp-2026-01-31', 'hyp restore /mnt/disk/hyp --home ~/hyp'],
    exits:
      '0 restored; 1 the backup is not whole, or the disk is full or failed; 4 the backup was made by a later version; 64 there is no backup; 75 the daemon runs; 130 interrupted',
    run: async (context, options, directory = '') =>
      (await import('../commands/backup.ts')).runRestore(context, options, directory),
  },
]
