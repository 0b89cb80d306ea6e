import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, unknown>>
  readonly bin: unknown
  readonly engines: unknown
  readonly os: unknown
  readonly files: readonly string[]
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest

test('every dependency is pinned to one version', () => {
  const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
  )
  expect(loose).toEqual([])
})

test('no package is both a runtime and a development dependency', () => {
  expect(Object.keys(manifest.dependencies).filter(name => name in manifest.devDependencies)).toEqual([])
})

test('each condition of exports is found: types first, default last', () => {
  expect(Object.keys(manifest.exports)).toEqual(['.', './package.json'])
  expect(Object.keys(manifest.exports['.'] as object)).toEqual(['types', 'default'])
})

test('the command, the engines and the systems are what the README promises', () => {
  expect(manifest.bin).toEqual({ hyp: 'bin/hyp.js' })
  expect(manifest.engines).toEqual({ node: '>=20.19' })
  expect(manifest.os).toEqual(['linux', 'darwin'])
})

test('only what a user needs is published', () => {
  expect(manifest.files).toEqual(['bin', 'dist', 'docs', 'CHANGELOG.md'])
})

test('installing the package runs nothing', () => {
  const hooks = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish']
  expect(Object.keys(manifest.scripts).filter(name => hooks.includes(name))).toEqual([])
})

test('what runs from dist is built first', () => {
  for (const name of ['prestart', 'predemo', 'prepack'])
    expect(manifest.scripts[name]).toContain('npm run --silent build')
})
