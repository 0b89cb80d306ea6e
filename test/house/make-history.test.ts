import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { claudeTraps } from '../../scripts/make-history/claude/traps.ts'
import { codexTraps } from '../../scripts/make-history/codex/traps.ts'
import type { HistoryOptions } from '../../scripts/make-history/history.ts'
import { randomFrom } from '../../scripts/make-history/random.ts'
import { claudeSizes, codexSizes, fileSizes, type SizeProfile } from '../../scripts/make-history/sizes.ts'
import { makeTexts } from '../../scripts/make-history/texts.ts'
import { madeHistory } from '../support/made-history.ts'

const mib = 2 ** 20

/** Every file with a digest of what is in it and its time. Compressed ones only by name: engines compress differently. */
function digests(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(name => {
    const path = join(directory, name)
    return existsSync(path) && statSync(path).isFile() && !name.includes('/around/')
  })
  return Object.fromEntries(
    files.sort().map(name => {
      const hash = createHash('sha256').update(name.endsWith('.zst') ? '' : readFileSync(join(directory, name)))
      return [name, hash.digest('hex')]
    }),
  )
}

async function told(
  options: Omit<HistoryOptions, 'directory'>,
): Promise<[truth: string, files: Record<string, string>]> {
  const { directory, truth } = await madeHistory(options)
  return [JSON.stringify(truth), digests(directory)]
}

test('the same seed makes the same history and another one another', async () => {
  const options = { claude: mib, claudeFiles: 12, codex: mib, codexFiles: 8, traps: true }
  const first = await told({ ...options, seed: 3 })
  expect(await told({ ...options, seed: 3 })).toEqual(first)
  const [truth] = await told({ ...options, traps: false, seed: 4 })
  expect(truth).not.toEqual(first[0])
})

test('what a history weighs is about what was asked for', async () => {
  const { truth } = await madeHistory({ claude: 8 * mib, codex: 8 * mib })
  for (const tree of [truth.claude, truth.codex]) {
    expect(tree?.bytes).toBeGreaterThan(7 * mib)
    expect(tree?.bytes).toBeLessThan(11 * mib)
  }
})

test('every trap has files of its own, which say which it is', async () => {
  const { directory } = await madeHistory({ claude: 1, claudeFiles: 1, codex: 1, codexFiles: 1, traps: true })
  const projects = readdirSync(join(directory, '.claude/projects')).flatMap(name => name.split('-trap-')[1] ?? [])
  expect(projects.sort()).toEqual(Object.keys(claudeTraps).sort())
  const rollouts = readdirSync(join(directory, '.codex'), { recursive: true, encoding: 'utf8' })
  const named = rollouts
    .filter(name => name.endsWith('.jsonl'))
    .flatMap(name => /"\/trap\/([a-z0-9-]+)/.exec(readFileSync(join(directory, '.codex', name), 'utf8'))?.[1] ?? [])
  // The files of these are compressed, hold one document, name no directory, or hold nothing.
  const silent = ['bare', 'compressed', 'document', 'empty', 'printed-document']
  expect([...new Set([...named, ...silent])].sort()).toEqual(Object.keys(codexTraps).sort())
})

test.each([
  ['Claude Code', claudeSizes, 1.2 * 1024 * mib, 3100],
  ['Codex', codexSizes, 3.4 * 1024 * mib, 2700],
])('sizes of files of %s are spread as those of real ones', (_, profile: SizeProfile, bytes, files) => {
  const sizes = fileSizes(profile, bytes, randomFrom('sizes'), files).sort((a, b) => a - b)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  expect(Math.abs(total / bytes - 1)).toBeLessThan(0.01)
  for (const [share, size] of profile.quantiles.slice(1)) {
    const found = sizes[Math.round(share * (files - 1))] as number
    expect(Math.abs(found / size - 1), `${share}`).toBeLessThan(0.05)
  }
})

test('texts are about as long as asked for, of whole sentences and lines', () => {
  const texts = makeTexts('texts').about('/home/ada/bakery')
  const random = randomFrom('texts')
  const kinds = ['request', 'prose', 'output', 'command', 'base64'] as const
  for (const kind of kinds) {
    for (const length of [200, 5000, 3_000_000]) {
      const text = texts[kind](random, length)
      // Half a sentence too much or too little for each piece.
      expect(Math.abs(text.length - length), `${kind} ${length}`).toBeLessThan(Math.max(100, length / 1000))
      expect(Buffer.from(text).toString() === text).toBe(true)
    }
    expect(texts[kind](random, 1)).not.toBe('')
  }
  for (let n = 0; n < 100; n++) {
    expect(texts.request(random, 300)).toMatch(/^[A-Z`][^]*[.?]$/)
    expect(texts.output(random, 300)).toMatch(/\n$/)
    expect(texts.base64(random, 300).length % 4).toBe(0)
  }
})

test('a few texts hold characters beyond ASCII, what programs print does not', () => {
  const texts = makeTexts('texts').about('/home/ada/letters')
  const random = randomFrom('texts')
  const beyond = (kind: 'request' | 'prose' | 'output' | 'command'): number =>
    Array.from({ length: 400 }, () => texts[kind](random, 500)).filter(text => /[^\0-\x7f]/.test(text)).length
  expect(beyond('prose')).toBeGreaterThan(8)
  expect(beyond('prose')).toBeLessThan(40)
  expect([beyond('request'), beyond('output'), beyond('command')]).toEqual([0, 0, 0])
})

test('texts are about what the project is about', () => {
  const texts = makeTexts('texts')
  const random = randomFrom('texts')
  expect(texts.about('/home/ada/bakery-tools').request(random, 3000)).toMatch(/bread|dough|flour|oven/)
  expect(texts.about('/home/ada/garden').request(random, 3000)).not.toMatch(/bread|dough|flour|oven/)
})

test('a fork goes on after what it copies', async () => {
  const made = await madeHistory({ claude: 4 * mib, claudeFiles: 80, seed: 2 })
  const { claude } = made.truth
  const projects = join(made.claude, 'projects')
  expect(claude?.totals.apiMessages).toBeLessThan(
    Object.values(claude?.sessions ?? {}).reduce((sum, session) => sum + session.apiMessages, 0),
  )
  for (const name of readdirSync(projects, { recursive: true, encoding: 'utf8' })) {
    if (!/^[^/]+\/[0-9a-f-]{36}\.jsonl$/.test(name)) continue
    const text = readFileSync(join(projects, name), 'utf8')
    const times = Array.from(text.matchAll(/"uuid":"[^"]*","timestamp":"([^"]*)"/g), ([, time]) => time as string)
    expect(times, name).toEqual([...times].sort())
  }
})
