import { backupCommands } from './catalogue/backup.ts'
import { dataCommands } from './catalogue/data.ts'
import { recordCommands } from './catalogue/records.ts'
import { demoCommand, runCommands } from './catalogue/run.ts'
import { schemaCommands } from './catalogue/schema.ts'
import { tableCommands } from './catalogue/table.ts'
import type { CommandEntry } from './command.ts'
import type { RunCli } from './io.ts'
import type { OptionEntry } from './option.ts'

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

/** Every command, in the order of the help. Each is loaded when it runs. */
export function commands(runCli: RunCli): readonly CommandEntry[] {
  return [
    ...runCommands,
    ...dataCommands,
    ...schemaCommands,
    ...tableCommands,
    ...backupCommands,
    ...recordCommands,
    demoCommand(runCli),
  ]
}
