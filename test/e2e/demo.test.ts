import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commands } from '../../src/cli/catalogue.ts'
import { machine, type Outcome } from '../support/home.ts'

/** What a person sees of the demo, and how long it takes. */
interface Told extends Outcome {
  readonly ms: number
  readonly left: readonly string[]
}

async function tell(...words: readonly string[]): Promise<Told> {
  // Settings of the person who watches must not change the story.
  const here = machine({ env: { HYP_AS_RELEASE: '5', HYP_FORMAT: 'csv', HYP_EXIT_CODE: '1' } })
  const start = performance.now()
  const outcome = await here.hyp('demo', ...words)
  const ms = performance.now() - start
  expect(existsSync(here.home)).toBe(false)
  return { ...outcome, ms, left: readdirSync(here.directory).filter(name => name.startsWith('hyp-demo-')) }
}

test('the demo tells its story in under a minute, exits 0 and leaves nothing behind', async () => {
  const { status, ms, left, stderr, stdout } = await tell()
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(ms).toBeLessThan(60_000)
  expect(left).toEqual([])

  const sections = stdout.split(/^(?=\d\. )/m)
  expect(sections.map(text => text[0])).toEqual(['1', '2', '3', '4'])
  const [first, second, third, fourth] = sections as [string, string, string, string]

  expect(first).toMatch(/^table +ai_gateway_messages created in .*: release 9, /m)
  expect(first).toMatch(/^import +136 new rows from /m)
  // Both clients, a subagent, a cost that is known and one that is not.
  expect(first).toMatch(/^2026-\d\d-\d\d {2}claude {2}\S.* +\d+ +[1-9]\d* +[1-9]\d* +0\.\d+$/m)
  expect(first).toMatch(/^202\d-\d\d-\d\d {2}codex {3}\S.* +NULL$/m)

  expect(second).toMatch(/^ {2}\+ stop_reason {2}#\d+ {2}optional string {2}AD101 {2}add an optional column$/m)
  expectReceipt(second, 'stop_reason')
  expect(second).toMatch(/^\(null\) +150\nend_turn +1\ntool_use +2$/m)

  expect(third).toMatch(/:3:\d+ {2}\/columns\/0\/type {2}/)
  expect(third).toMatch(/:4:\d+ {2}\/columns\/1\/name {2}/)
  expect(third).toContain('(exit status 78)')

  expectReceipt(fourth, 'agent_id')
  expect(fourth).toMatch(/evolved in [\d.]+ ms: release 4 → 5, /)
  const plan = fourth.slice(fourth.indexOf('$ hyp plan'), fourth.indexOf('$ hyp apply'))
  expect(plan).toMatch(/^ {2}! \(partition\) +\S.*\n +BR205 {2}change the partition key$/m)
  expect(plan).toMatch(/^ {2}! \(identifier\) +\S.*\n +BR206 {2}change the row key \(identifier\)$/m)
  expect(plan).toMatch(/^Plan: \d+ in place, \d+ breaking\. Refused: nothing was written\.$/m)
  expect(fourth).toContain('(exit status 3)')
})

/** A receipt whose numbers can only come from the table: the rows, every data file, the nulls of the new column. */
function expectReceipt(section: string, column: string): void {
  const receipt = /^receipt\n(?: {2}.*\n)+/m.exec(section)?.[0] ?? ''
  const rows = /rows +(\d+) before, (\d+) after/.exec(receipt)
  expect(Number(rows?.[1])).toBeGreaterThan(0)
  expect(rows?.[2]).toBe(rows?.[1])
  const files = /data files +(\d+) of (\d+) files? byte for byte the same/.exec(receipt)
  expect(Number(files?.[1])).toBeGreaterThan(0)
  expect(files?.[2]).toBe(files?.[1])
  expect(receipt).toMatch(new RegExp(`null in old rows +.*\\b${column} ${rows?.[1]} of ${rows?.[1]}`))
  expect(receipt).toMatch(/took +[\d.]+ ms/)
  expect(receipt).toMatch(/re-read by icebird +same/)
}

test('the demo names only commands, options and documents that exist, and files that were kept with --keep', async () => {
  const { stdout, left } = await tell('--keep')
  const typed = Array.from(stdout.matchAll(/(?:\$ |npx |`|: )hyp (.+)$/gm), ([, words]) => words as string)
  expect(typed.length).toBeGreaterThan(10)
  const entries = commands(() => Promise.resolve(0))
  for (const words of typed) {
    const entry = entries.find(
      ({ name }) => words === name || words.startsWith(`${name} `) || words.startsWith(`${name}\``),
    )
    expect(entry?.name ?? words).toBe(entry?.name)
    const known = ['--as-release', ...(entry?.options ?? []).map(({ flags }) => flags.split(' ')[0])]
    for (const [option] of words.matchAll(/--[a-z-]+/g)) expect(known).toContain(option)
  }
  const documents = [...new Set(Array.from(stdout.matchAll(/docs\/[\w./-]+\w/g), ([path]) => path))]
  expect(documents).toContain('docs/rules.md')
  for (const path of documents) expect({ path, exists: existsSync(path) }).toEqual({ path, exists: true })
  expect(left).toHaveLength(1)
  expect(stdout).toContain(`Kept: `)
})

test('npm run demo is the demo, and npm start the daemon in plain lines, also into a file', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  expect(scripts['demo']).toBe('node bin/hyp.js demo')
  expect(scripts['start']).toBe('node bin/hyp.js daemon --log-format text')
})
