import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { claudeTraps } from '../../scripts/make-history/claude/traps.ts'
import { codexTraps } from '../../scripts/make-history/codex/traps.ts'
import { type HistoryOptions, makeHistory } from '../../scripts/make-history/history.ts'
import { randomFrom } from '../../scripts/make-history/random.ts'
import { claudeSizes, codexSizes, fileSizes, type SizeProfile } from '../../scripts/make-history/sizes.ts'
import { makeTexts } from '../../scripts/make-history/texts.ts'

const mib = 2 ** 20

function folder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'hyp-make-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

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

async function made(
  options: Omit<HistoryOptions, 'directory'>,
): Promise<[truth: string, files: Record<string, string>]> {
  const directory = folder()
  return [JSON.stringify(await makeHistory({ ...options, directory })), digests(directory)]
}

test('the same seed makes the same history and another one another', async () => {
  const options = { claude: mib, claudeFiles: 12, codex: mib, codexFiles: 8, traps: true }
  const first = await made({ ...options, seed: 3 })
  expect(await made({ ...options, seed: 3 })).toEqual(first)
  const [truth] = await made({ ...options, traps: false, seed: 4 })
  expect(truth).not.toEqual(first[0])
}, 60_000)

test('what a history weighs is about what was asked for', async () => {
  const truth = await makeHistory({ directory: folder(), claude: 8 * mib, codex: 8 * mib })
  for (const tree of [truth.claude, truth.codex]) {
    expect(tree?.bytes).toBeGreaterThan(7 * mib)
    expect(tree?.bytes).toBeLessThan(11 * mib)
  }
})

test('every trap has files of its own, which say which it is', async () => {
  const directory = folder()
  await makeHistory({ directory, claude: 1, claudeFiles: 1, codex: 1, codexFiles: 1, traps: true })
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

test('texts are as long as asked for, in characters that are whole', () => {
  const texts = makeTexts('texts')
  const random = randomFrom('texts')
  for (const length of [1, 4, 100, 5000, 3_000_000]) {
    for (const text of [texts.prose(random, length), texts.output(random, length), texts.base64(random, length)]) {
      // Less the halves of characters at the ends of its pieces.
      expect(text.length).toBeGreaterThan(length - 30)
      expect(text.length).toBeLessThanOrEqual(Math.max(length, 4))
      expect(Buffer.from(text).toString() === text).toBe(true)
    }
  }
})
