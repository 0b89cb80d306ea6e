import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { shellWord } from '../daemon/shell-word.ts'
import { HypError } from '../errors.ts'
import { builtinReleases, newestRelease } from '../schema/builtin.ts'
import { type Home, resolveHome } from '../stores/home.ts'
import type { CliIo } from './io.ts'
import type { OptionValues } from './option.ts'

/** The home and release a command works with. */
export interface CommandContext {
  readonly io: CliIo
  readonly home: Home
  readonly release: number
  /** The release if it was named, in words or in the environment: what a running daemon must then be. */
  readonly namedRelease: number | undefined
  /** A command of ours as it can be pasted into any terminal. */
  readonly pasteable: (command: string) => string
  /** The same for any machine: with the release that was named, and nothing of this terminal. */
  readonly retyped: (command: string) => string
}

export function commandContext(io: CliIo, options: OptionValues): CommandContext {
  // A variable that is not set makes it so, and the usual home is not what was meant then.
  if (options['home'] === '')
    throw new HypError('USAGE', '--home is empty.', { hint: 'Name a directory, or leave it out.' })
  const namedRelease = releaseOf(text(options['asRelease']))
  return {
    io,
    home: homeOf(io, options),
    release: namedRelease ?? newestRelease,
    namedRelease,
    pasteable: pasteableIn(io, options),
    retyped: commands => eachOf(commands, command => withRelease(command, namedRelease)),
  }
}

/**
 * Makes of a command of ours one that can be pasted into any terminal: `npx hyp …` where `hyp` is not on the path, with
 * the home where it is not the usual one. HYP_HOME may have been set for this process only.
 */
export function pasteableIn(io: CliIo, options: OptionValues): (command: string) => string {
  const { directory } = homeOf(io, options)
  const usual = resolveHome({ ...io.env, HYP_HOME: undefined }, undefined, io.userHome)
  const flag = directory === usual.directory ? '' : ` --home ${shellWord(directory)}`
  const program = isOnPath(io.env) ? 'hyp' : 'npx hyp'
  const given = text(options['asRelease'])
  const release = given !== undefined && /^\d+$/.test(given) ? Number(given) : undefined
  // The demo has a home of its own, and a command may be of another home.
  const named = (command: string): boolean => command === 'hyp demo' || command.startsWith('hyp --home ')
  return commands =>
    eachOf(commands, command =>
      withRelease(command, release).replace(/^hyp\b/, () => (named(command) ? program : `${program}${flag}`)),
    )
}

/** Changes each of several commands that have `&&` between them. */
function eachOf(commands: string, change: (command: string) => string): string {
  return commands
    .split(/ && (?=hyp )/)
    .map(change)
    .join(' && ')
}

/** Commands that do another thing as another release. */
const releaseCommand = /^hyp (?:plan|apply|adopt|backfill|daemon|start|status)\b/

/** A command with the release that was named, unless it names one itself: without it, it would be of the newest. */
function withRelease(command: string, release: number | undefined): string {
  // A release that does not exist is no way on.
  if (release === undefined || !builtinReleases.includes(release)) return command
  if (!releaseCommand.test(command) || / --as-release\b/.test(command)) return command
  return `${command} --as-release ${release}`
}

function homeOf(io: CliIo, options: OptionValues): Home {
  return resolveHome(io.env, text(options['home']), io.userHome)
}

function text(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function releaseOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  if (!/^\d+$/.test(given)) throw new HypError('USAGE', `--as-release takes a number, not ${JSON.stringify(given)}.`)
  return Number(given)
}

function isOnPath(env: CliIo['env']): boolean {
  return (env['PATH'] ?? '').split(delimiter).some(directory => directory !== '' && existsSync(join(directory, 'hyp')))
}
