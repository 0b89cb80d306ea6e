import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { HypError } from '../errors.ts'
import { newestRelease } from '../schema/builtin.ts'
import { type Home, resolveHome } from '../stores/home.ts'
import type { CliIo } from './io.ts'

/** The options that stand before or behind every command. */
export interface GlobalOptions {
  readonly home?: string
  readonly asRelease?: string
}

/** The home and release a command works with. */
export interface CommandContext {
  readonly io: CliIo
  readonly home: Home
  readonly release: number
  /** A command of ours as it can be pasted here: `npx hyp …` where `hyp` is not on the path, with the home where one was named. */
  readonly pasteable: (command: string) => string
}

export function commandContext(io: CliIo, options: GlobalOptions): CommandContext {
  const home = resolveHome(io.env, options.home, io.userHome)
  const named =
    options.home === undefined || options.home === io.env['HYP_HOME'] ? '' : ` --home ${quoted(home.directory)}`
  const program = isOnPath(io.env) ? 'hyp' : 'npx hyp'
  return {
    io,
    home,
    release: releaseOf(options.asRelease),
    pasteable: command => command.replace(/^hyp\b/, `${program}${named}`),
  }
}

function releaseOf(text: string | undefined): number {
  if (text === undefined) return newestRelease
  if (!/^\d+$/.test(text)) throw new HypError('USAGE', `--as-release takes a number, not ${JSON.stringify(text)}.`)
  return Number(text)
}

function isOnPath(env: CliIo['env']): boolean {
  return (env['PATH'] ?? '').split(delimiter).some(directory => directory !== '' && existsSync(join(directory, 'hyp')))
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
