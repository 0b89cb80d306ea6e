import { Command, CommanderError, Option } from 'commander'
import { errorCatalogue } from '../error-catalogue.ts'
import { HypError, toHypError } from '../errors.ts'
import { version } from '../version.ts'
import { commands, globalOptions } from './catalogue.ts'
import type { ArgumentEntry, CommandEntry } from './command.ts'
import { commandContext, pasteableIn } from './context.ts'
import type { CliIo } from './io.ts'
import type { OptionEntry, OptionValues } from './option.ts'
import { renderError } from './render/error.ts'

/**
 * Runs one command line and gives its exit status. Never throws and never exits.
 * @param args the words behind `hyp`
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  let status = 0
  let given: OptionValues = {}
  let help = ''
  const program = buildProgram(
    io,
    async (entry, options, words) => {
      given = options
      status = await entry.run(commandContext(io, options), options, words[0], words[1])
    },
    text => {
      help += text
    },
  )
  try {
    await program.parseAsync(args, { from: 'user' }).catch(async (error: unknown) => {
      // What was asked for, help or version; or the help of a group, in place of a command.
      if (!(error instanceof CommanderError) || (error.exitCode !== 0 && error.code !== 'commander.help')) throw error
      await io.stdout(help)
      status = error.exitCode === 0 ? 0 : errorCatalogue.USAGE.exit
    })
    return status
  } catch (error) {
    const known = error instanceof CommanderError ? misuse(error, args) : failureOf(error, io.signal)
    const render = (json: boolean): string =>
      renderError(known, { json, verbose: given['verbose'] === true, pasteable: pasteableIn(io, given) })
    if (asksForJson(given) || (error instanceof CommanderError && args.includes('--json')))
      await io.stdout(render(true)).catch(() => io.stderr(render(false)))
    else io.stderr(render(false))
    return errorCatalogue[known.code].exit
  }
}

/** A command line that is not understood, before there are any options to go by. */
function misuse({ message }: CommanderError, args: readonly string[]): HypError {
  const [first = '', ...rest] = message
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .split('\n')
  const sentence = [`${first.slice(0, 1).toUpperCase()}${first.slice(1)}.`, ...rest].join(' ')
  const meant = commands(runCli)
    .map(({ name }) => name)
    .filter(name => name.split(' ').every((word, index) => args[index] === word))
    .sort((a, b) => a.length - b.length)
    .at(-1)
  const help = meant === undefined ? 'hyp --help' : `hyp ${meant} --help`
  return new HypError('USAGE', sentence, { hint: `\`${help}\` tells what it takes.` })
}

/** Whatever failed because the command was interrupted, was interrupted; one that says so itself may know the way on. */
function failureOf(error: unknown, { aborted }: AbortSignal): HypError {
  const known = toHypError(error)
  return aborted && known.code !== 'INTERRUPTED' ? new HypError('INTERRUPTED', 'Interrupted.', { cause: error }) : known
}

/** `--json`, or `--format json` of a command that has both. */
function asksForJson(given: OptionValues): boolean {
  return given['json'] === true || ('json' in given && given['format'] === 'json')
}

type Execute = (entry: CommandEntry, options: OptionValues, words: readonly string[]) => Promise<void>

/**
 * The whole command line for commander, built from the catalogue.
 * @param print takes the help and the version that are asked for
 */
export function buildProgram(io: CliIo, execute: Execute, print: (text: string) => void): Command {
  const program = new Command('hyp')
    .description(
      'Keeps what your AI agents did on this machine in one Apache Iceberg table, queryable through every upgrade.',
    )
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: print,
      writeErr: text => io.stderr(text),
      // Told as all other errors are.
      outputError: () => undefined,
    })
  for (const option of globalOptions) program.addOption(commanderOption(option))
  for (const entry of commands(runCli)) {
    const words = entry.name.split(' ')
    const command = parentOf(program, words)
      .command(words.at(-1) as string)
      .description(entry.summary)
    const options = [...(entry.options ?? []), ...globalOptions]
    for (const option of options) command.addOption(commanderOption(option))
    for (const argument of [entry.argument, entry.second])
      if (argument !== undefined) command.argument(argumentWord(argument), argument.description)
    command.addHelpText(
      'after',
      `\nExamples:\n${entry.examples.map(example => `  $ ${example}`).join('\n')}\n\nExit status: ${entry.exits}`,
    )
    command.action(async () => execute(entry, valuesOf(command, options, io), command.args))
  }
  return program
}

/** An argument as help and documentation show it. */
export function argumentWord({ name, required }: ArgumentEntry): string {
  return required ? `<${name}>` : `[${name}]`
}

const groups: Readonly<Record<string, string>> = { table: 'Look at a table itself, look after it, or delete from it.' }

function parentOf(program: Command, words: readonly string[]): Command {
  const [group] = words
  if (words.length === 1 || group === undefined) return program
  return (
    program.commands.find(command => command.name() === group) ??
    program.command(group).description(groups[group] ?? '')
  )
}

function commanderOption({ flags, description, env, choices }: OptionEntry): Option {
  const option = new Option(flags, `${description} (environment: ${env})`)
  return choices === undefined ? option : option.choices(choices)
}

/** Options that say the same in two ways: the flag of one precedes the environment of the other. */
const twins: Readonly<Record<string, string>> = { json: 'format', format: 'json' }

/** Flag before environment. Not commander's own way: it would look into the process, not into what it was handed. */
function valuesOf(command: Command, options: readonly OptionEntry[], io: CliIo): OptionValues {
  const given = command.optsWithGlobals<OptionValues>()
  return Object.fromEntries(
    options.map(entry => {
      const option = commanderOption(entry)
      const name = option.attributeName()
      const twin = twins[name]
      const value = twin !== undefined && given[twin] !== undefined ? undefined : io.env[entry.env]
      return [name, given[name] ?? fromEnvironment(option, entry, value)]
    }),
  )
}

function fromEnvironment(
  option: Option,
  { env, choices }: OptionEntry,
  value: string | undefined,
): string | boolean | undefined {
  if (value === undefined || value === '') return undefined
  if (option.isBoolean()) return !['0', 'false', 'no'].includes(value.toLowerCase())
  if (choices !== undefined && !choices.includes(value)) {
    throw new HypError('CONFIG_INVALID', `${env} is ${JSON.stringify(value)}.`, {
      hint: `It takes ${choices.join(', ')}.`,
    })
  }
  return value
}
