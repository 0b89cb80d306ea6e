import type { CommandContext } from './context.ts'
import type { OptionEntry, OptionValues } from './option.ts'

/** One command: what help and documentation say of it, and what runs. */
export interface CommandEntry {
  /** Words behind `hyp`, e.g. `table show`. */
  readonly name: string
  readonly summary: string
  /** Words behind the name. */
  readonly argument?: ArgumentEntry
  readonly second?: ArgumentEntry
  readonly options?: readonly OptionEntry[]
  readonly examples: readonly [string, string]
  readonly exits: string
  readonly run: (
    context: CommandContext,
    options: OptionValues,
    argument: string | undefined,
    second: string | undefined,
  ) => Promise<number>
}

export interface ArgumentEntry {
  readonly name: string
  readonly required: boolean
  readonly description: string
}

export const json: OptionEntry = { flags: '--json', description: 'print one JSON document', env: 'HYP_JSON' }

/** The argument of commands that look at one table. */
export const oneTable: ArgumentEntry = {
  name: 'table',
  required: false,
  description: 'a declared table; ai_gateway_messages by default',
}
