import { readdirSync, readFileSync } from 'node:fs'
import { type Command, CommanderError } from 'commander'
import { expect, test } from 'vitest'
import { commands } from '../../src/cli/catalogue.ts'
import type { CliIo } from '../../src/cli/io.ts'
import { buildProgram, runCli } from '../../src/cli/program.ts'
import { errorCatalogue } from '../../src/error-catalogue.ts'

const silent: CliIo = {
  stdout: () => Promise.resolve(),
  stderr: () => undefined,
  stdoutIsTerminal: false,
  stdin: async function* () {},
  stderrIsTerminal: false,
  columns: 100,
  env: {},
  userHome: '/nowhere',
  signal: new AbortController().signal,
  program: '/nowhere/hyp.js',
}

/** The program as it parses, and each of its commands by the words that call it. */
const program = buildProgram(
  silent,
  () => Promise.resolve(),
  () => undefined,
)
const entries = commands(runCli)
const leaves = new Map(leavesOf(program, []))

/** A command with others below it is one of its own, too, where it runs something. */
function leavesOf(command: Command, words: readonly string[]): [string, Command][] {
  const name = words.join(' ')
  const own: [string, Command][] =
    command.commands.length === 0 || entries.some(entry => entry.name === name) ? [[name, command]] : []
  return [...own, ...command.commands.flatMap(child => leavesOf(child, [...words, child.name()]))]
}

function optionsOf(command: Command): string[] {
  return command.options.map(option => option.flags).toSorted()
}

const page = readFileSync('docs/cli.md', 'utf8')
const sections = new Map(
  page
    .split(/^## hyp /m)
    .slice(1)
    .map(text => [text.slice(0, text.indexOf('\n')), text] as const),
)
const globals = flagsIn(page.slice(page.indexOf('## Options of every command'), page.indexOf('\n## hyp ')))

function flagsIn(text: string): string[] {
  return Array.from(text.matchAll(/^\| `(-[^`]+)` \|/gm), ([, flags]) => flags as string)
}

test('docs/cli.md has a section for each command that the program takes, and for nothing else', () => {
  expect(leaves.size).toBeGreaterThan(10)
  expect([...sections.keys()].toSorted()).toEqual([...leaves.keys()].toSorted())
})

test('each section has the options that its command takes, and no other', () => {
  for (const [name, command] of leaves) {
    const documented = [...globals, ...flagsIn(sections.get(name) ?? '')].toSorted()
    expect({ name, options: documented }).toEqual({ name, options: optionsOf(command) })
  }
})

test('help shows for each command its summary, both examples and what its exit statuses mean', () => {
  const known = new Set([0, 2, ...Object.values(errorCatalogue).map(({ exit }) => exit)])
  for (const { name, summary, examples, exits } of entries) {
    let help = ''
    leaves
      .get(name)
      ?.configureOutput({ writeOut: text => (help += text) })
      .outputHelp()
    expect(summary).toMatch(/^[A-Z].*\.$/)
    expect(help.replaceAll(/\s+/g, ' ')).toContain(summary)
    for (const example of examples) expect(help).toContain(`  $ ${example}\n`)
    expect(help).toContain(`Exit status: ${exits}`)
    const told = Array.from(exits.matchAll(/(?:^|[;,] |exit-code )(\d+)\b/g), ([, status]) => Number(status))
    expect(told).toContain(0)
    expect({ name, unknown: told.filter(status => !known.has(status)) }).toEqual({ name, unknown: [] })
  }
})

test('each example is understood by the program as the command it is an example of', async () => {
  for (const { name, examples } of entries) {
    for (const example of examples)
      expect({ example, runs: await understood(example) }).toEqual({ example, runs: name })
  }
})

test('no two options share a name in the environment unless they are the same option', () => {
  const options = entries.flatMap(({ options: own }) => own ?? [])
  for (const { env, flags, choices } of options) {
    expect(env).toMatch(/^HYP_[A-Z_]+$/)
    // Two of one name that take other words, as the formats of rows and of plans, are two options.
    const isSame = (other: (typeof options)[number]): boolean =>
      other.flags === flags && String(other.choices) === String(choices)
    expect(options.filter(other => other.env === env)).toEqual(options.filter(isSame))
  }
})

/** Which command a line would run; the complaint where it is not understood. */
async function understood(text: string): Promise<string> {
  let ran = 'nothing'
  const parser = buildProgram(
    silent,
    entry => {
      ran = entry.name
      return Promise.resolve()
    },
    () => undefined,
  )
  try {
    await parser.parseAsync(wordsOf(text).slice(1), { from: 'user' })
    return ran
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 'help' : error.message
    throw error
  }
}

/** A line's words as a shell takes them: quotes are all that the documents use. */
function wordsOf(text: string): string[] {
  return Array.from(
    text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  )
}

const documents = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).map(name => `docs/${name}`),
]
  .filter(name => name.endsWith('.md'))
  .map(name => ({ name, text: readFileSync(name, 'utf8') }))

test.each(documents)('every command and option that $name names exists', async ({ text }) => {
  for (const line of typed(text)) {
    const runs = await understood(line)
    // Within a sentence a command may stand without the words it needs, and a group for its commands.
    const known = leaves.has(runs) || /^help$|missing/.test(runs) || isGroup(line)
    expect({ line, understood: known ? true : runs }).toEqual({ line, understood: true })
  }
})

/** Lines with our commands: of shell blocks, and of code within a sentence. */
function typed(text: string): string[] {
  const blocks = Array.from(text.matchAll(/^```sh\n([^]*?)^```/gm), ([, body]) => body as string).flatMap(body =>
    body.split('\n'),
  )
  const spans = Array.from(
    text.replaceAll(/^```[^]*?^```/gm, '').matchAll(/`([^`\n]+)`/g),
    ([, code]) => code as string,
  )
  return [...blocks, ...spans]
    .map(line =>
      line
        .replace(/^npx /, '')
        .replace(/ > \S+$/, '')
        .replaceAll('\\|', '|'),
    )
    .filter(line => /^hyp (?:[a-z]|--)/.test(line))
    .flatMap(alternatives)
    .map(line => line.replaceAll(/…|[<[][\w|-]+[>\]]/g, 'x').replace(/--as-release [A-Z]$/, '--as-release 5'))
}

/** `hyp table show|files` stands for two lines. */
function alternatives(line: string): string[] {
  const [choice] = /(?<=^hyp (?:\w+ )?)[a-z]+(?:\|[a-z]+)+/.exec(line) ?? []
  if (choice === undefined) return [line]
  return choice.split('|').map(word => line.replace(choice, word))
}

function isGroup(line: string): boolean {
  const [, first] = line.split(' ')
  return line.split(' ').length === 2 && program.commands.some(command => command.name() === first)
}
