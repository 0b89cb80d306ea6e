import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { globsOf, leftOut, suiteOf, suites } from '../../scripts/suites.ts'

test('every test file belongs to a suite, so that none is silently left out', () => {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter(name =>
    /\.(test|spec)\.\w+$/.test(name),
  )
  expect(files).not.toEqual([])
  expect(files.filter(file => suiteOf(file) === undefined || !file.endsWith('.test.ts'))).toEqual([])
})

test('no folder belongs to two suites', () => {
  const globs = suites.flatMap(globsOf)
  expect(globs).toEqual([...new Set(globs)])
})

test('what a quick run leaves out is named with its number of files', () => {
  const files = [
    'errors.test.ts',
    'interop/a.test.ts',
    'interop/deep/b.test.ts',
    'crash/kill.long.test.ts',
    'crash/c.test.ts',
  ]
  expect(leftOut(files)).toEqual(['crash-long (1 file)', 'interop (2 files)'])
})
