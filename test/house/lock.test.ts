import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { completeLock, type Lock, missingBinaries } from '../../scripts/lock/complete.ts'

const text = readFileSync('package-lock.json', 'utf8')
const lock = JSON.parse(text) as Lock
const names = Object.keys(lock.packages).map(path => path.replace(/^.*node_modules\//, ''))

/** Packages with a native part, and the names of its binaries by platform. */
const natives = {
  '@duckdb/node-bindings': (os: string, cpu: string) => `@duckdb/node-bindings-${os}-${cpu}`,
  libsql: (os: string, cpu: string) => `@libsql/${os}-${cpu}${os === 'linux' ? '-gnu' : ''}`,
  typescript: (os: string, cpu: string) => `@typescript/typescript-${os}-${cpu}`,
  '@biomejs/biome': (os: string, cpu: string) => `@biomejs/cli-${os}-${cpu}`,
  oxlint: (os: string, cpu: string) => `@oxlint/binding-${os}-${cpu}${os === 'linux' ? '-gnu' : ''}`,
  'oxlint-tsgolint': (os: string, cpu: string) => `@oxlint-tsgolint/${os}-${cpu}`,
  'oxc-parser': (os: string, cpu: string) => `@oxc-parser/binding-${os}-${cpu}${os === 'linux' ? '-gnu' : ''}`,
}

test.each(Object.entries(natives))('the lock holds %s for every platform we support', (name, binary) => {
  expect(names).toContain(name)
  for (const os of ['linux', 'darwin']) {
    for (const cpu of ['x64', 'arm64']) expect(names).toContain(binary(os, cpu))
  }
})

// `npm ci` refuses a lock that lacks an optional binary, also one of another platform.
test('the lock lacks no optional binary: npm run lock', () => {
  expect(missingBinaries(lock).map(([name]) => name)).toEqual([])
})

test('the lock names no host', () => {
  expect(text).not.toMatch(/"resolved"|https?:\/\/[^"]*\.tgz/)
})

test('nothing in the lock is deprecated or runs a script when it is installed', () => {
  expect(text).not.toMatch(/"deprecated"|"hasInstallScript"/)
})

test('a binary that a lock lacks is added for its platform, at the version its package names', () => {
  const lacking: Lock = {
    packages: {
      '': {},
      'node_modules/quick': {
        version: '1.2.3',
        dev: true,
        optionalDependencies: { '@quick/linux-x64-musl': '1.2.3', '@quick/darwin-arm64': '1.2.3' },
      },
    },
  }
  const { completed, added } = completeLock(lacking)
  expect(added).toEqual(['@quick/linux-x64-musl', '@quick/darwin-arm64'])
  expect(completed.packages['node_modules/@quick/linux-x64-musl']).toEqual({
    version: '1.2.3',
    os: ['linux'],
    cpu: ['x64'],
    libc: ['musl'],
    dev: true,
    optional: true,
  })
  expect(missingBinaries(completed)).toEqual([])
})
