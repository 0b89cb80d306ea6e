import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const clone = mkdtempSync(join(tmpdir(), 'hyp-clone-'))

afterAll(() => rmSync(clone, { recursive: true, force: true }))

test('npm ci in a fresh clone warns of nothing, and the compiler runs', () => {
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) cpSync(name, join(clone, name))
  const install = spawnSync('npm', ['ci'], { cwd: clone, encoding: 'utf8' })
  expect(install.status, install.stderr).toBe(0)
  // Settings of the person who runs this are his own affair.
  const warnings = install.stderr.split('\n').filter(line => /warn|deprecated/i.test(line) && !/ config /.test(line))
  expect(warnings).toEqual([])
  expect(execFileSync('node_modules/.bin/tsc', ['--version'], { cwd: clone, encoding: 'utf8' })).toMatch(/^Version 7\./)
})
