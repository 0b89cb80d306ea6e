import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { commands, globalOptions } from '../../src/cli/catalogue.ts'
import { runCli } from '../../src/cli/program.ts'

const documents = ['README.md', 'CHANGELOG.md', ...below('docs', '.md')].map(name => ({
  name,
  text: readFileSync(name, 'utf8'),
}))

function below(directory: string, end: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(end))
    .map(name => `${directory}/${name}`)
    .toSorted()
}

test('the documents are looked at', () => {
  expect(documents.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['README.md', 'docs/cli.md', 'docs/house.md']),
  )
})

test.each(documents)('every link in $name leads to a file and a heading that exist', ({ name, text }) => {
  const prose = text.replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`\n]+`/g, 'code')
  const links = Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => target as string)
  const broken = links.filter(target => !/^[a-z]+:/.test(target) && !leads(name, target))
  expect(broken).toEqual([])
})

function leads(from: string, target: string): boolean {
  const [path = '', heading] = target.split('#')
  const file = path === '' ? from : normalize(join(dirname(from), path))
  if (!existsSync(file)) return false
  return heading === undefined || headings(file).includes(heading)
}

/** Headings as anchors. */
function headings(file: string): string[] {
  return Array.from(readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm), ([, title]) =>
    (title as string)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test.each(documents)('every file of the project that $name names is there', ({ text }) => {
  const spans = Array.from(text.matchAll(/`([^`\n]+)`/g), ([, code]) => code as string)
  const paths = spans.filter(
    code => /^(?:docs|src|test|scripts|bin|\.ci)\/[\w./-]+$/.test(code) && !/[A-Z]{3}/.test(code),
  )
  expect(paths.filter(path => !existsSync(path))).toEqual([])
})

test.each(documents)('every npm script that $name names is in package.json', ({ text }) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  const named = Array.from(text.matchAll(/npm run ([\w:]+)/g), ([, script]) => script as string)
  expect(named.filter(script => scripts[script] === undefined)).toEqual([])
})

/** Variables of ours and of the agents whose histories are read; what every program reads, such as PATH, is not told. */
const ours = /\b(?:HYP_[A-Z][A-Z_]*[A-Z]|CLAUDE_CONFIG_DIR|XDG_DATA_HOME|CODEX_HOME)\b/g

test('every environment variable in the documents is read by the program or its tools, and the reverse', () => {
  const read = new Set(
    [...below('src', '.ts'), ...below('scripts', '.ts'), 'vitest.config.ts'].flatMap(name =>
      Array.from(
        readFileSync(name, 'utf8').matchAll(/env(?:ironment)?\[?\.?'?\[?'([A-Z_]+)'\]|\b(HYP_TEST\w*|CODEX_HOME)\b/g),
        ([, first, second]) => (first ?? second) as string,
      ),
    ),
  )
  const options = [...globalOptions, ...commands(runCli).flatMap(entry => entry.options ?? [])]
  for (const { env } of options) read.add(env)
  const told = new Set(documents.flatMap(({ text }) => text.match(ours) ?? []))
  const known = [...read].filter(name => name.match(ours) !== null)
  expect(known).toEqual(
    expect.arrayContaining(['HYP_HOME', 'HYP_JSON', 'CLAUDE_CONFIG_DIR', 'XDG_DATA_HOME', 'HYP_TEST']),
  )
  expect([...told].toSorted()).toEqual([...new Set(known)].toSorted())
})

test('docs/concepts.md explains at most 15 words', () => {
  const words = readFileSync('docs/concepts.md', 'utf8').match(/^\| (?!word |---)/gm) ?? []
  expect(words.length).toBeGreaterThan(0)
  expect(words.length).toBeLessThanOrEqual(15)
})
