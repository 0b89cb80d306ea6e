import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { noCounts, skipReasons } from '../../src/sources/source.ts'

test('every reason to skip a line is a sentence, and is counted from zero', () => {
  for (const sentence of Object.values(skipReasons)) expect(sentence).toMatch(/^[A-Z].*\.$/)
  expect(Object.keys(noCounts().skipped)).toEqual(Object.keys(skipReasons))
  expect(Object.values(noCounts().skipped).every(count => count === 0)).toBe(true)
})

test('docs/capture.md has every reason to skip a line', () => {
  const page = readFileSync('docs/capture.md', 'utf8')
  const rows = Object.entries(skipReasons).map(([reason, sentence]) => `| \`${reason}\` | ${sentence} |\n`)
  expect(page).toContain(`| reason | |\n|---|---|\n${rows.join('')}\n`)
})
