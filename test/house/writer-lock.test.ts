import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => ({ name: `src/${name}`, text: readFileSync(`src/${name}`, 'utf8') }))

function filesWith(pattern: RegExp): string[] {
  return sources.filter(({ text }) => pattern.test(text)).map(({ name }) => name)
}

// Whoever opens and closes that file in the process of its holder takes the lock away from him.
test('only the file that takes the lock names the lock file', () => {
  expect(filesWith(/\bhome\.lock\b/)).toEqual(['src/daemon/lock.ts'])
  expect(filesWith(/'lock'|\brun\/lock'/)).toEqual(['src/stores/home.ts'])
})

test('the file that takes the lock opens nothing but through SQLite', () => {
  const text = sources.find(({ name }) => name === 'src/daemon/lock.ts')?.text
  expect(text).toContain("from 'libsql'")
  expect(text).not.toMatch(/node:fs|localFileIO|\bopen\(/)
})
