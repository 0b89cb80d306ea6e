import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { HypError } from '../errors.ts'
import { newestRelease } from '../schema/builtin.ts'
import { type Home, resolveHome } from '../stores/home.ts'
import type { CliIo } from './io.ts'
import type { OptionValues } from './option.ts'

/** The home and release a command works with. */
export interface CommandContext {
  readonly io: CliIo
  readonly home: Home
  readonly release: number
  /** A command of ours as it can be pasted here: `npx hyp …` where `hyp` is not on the path, with the home where one was named. */
  readonly pasteable: (command: string) => string
}

export function commandContext(io: CliIo, options: OptionValues): CommandContext {
  const named = text(options['home'])
  const home = resolveHome(io.env, named, io.userHome)
  const flag = named === undefined || named === io.env['HYP_HOME'] ? '' : ` --home ${quoted(home.directory)}`
  const program = isOnPath(io.env) ? 'hyp' : 'npx hyp'
  return {
    io,
    home,
    release: releaseOf(text(options['asRelease'])),
    pasteable: command => command.replace(/^hyp\b/, `${program}${flag}`),
  }
}

function text(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function releaseOf(given: string | undefined): number {
  if (given === undefined) return newestRelease
  if (!/^\d+$/.test(given)) throw new HypError('USAGE', `--as-release takes a number, not ${JSON.stringify(given)}.`)
  return Number(given)
}

function isOnPath(env: CliIo['env']): boolean {
  return (env['PATH'] ?? '').split(delimiter).some(directory => directory !== '' && existsSync(join(directory, 'hyp')))
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
