import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string }

/** A user's project: outside the checkout, so that nothing is found in a parent folder. */
const project = mkdtempSync(join(tmpdir(), 'hyp-package-'))
const packed = join(project, `${manifest.name}-${manifest.version}.tgz`)

// As a user: no CI, none of the folders that vitest.config.ts names.
const { CI: _ci, HYP_HOME: _hyp, CLAUDE_CONFIG_DIR: _claude, CODEX_HOME: _codex, ...inherited } = process.env
const env = { ...inherited, HOME: join(project, 'home') }

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: project, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

describe('the packed package', () => {
  let files: string[]

  beforeAll(() => {
    mkdirSync(env.HOME)
    // Without scripts: dist is as new as the source already, and other suites are running from it.
    const report = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    files = filesOf(JSON.parse(report))
    writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }')
    run('npm', 'install', '--omit=dev', '--no-audit', '--no-fund', packed)
  })

  afterAll(() => rmSync(project, { recursive: true, force: true }))

  test('holds the command, the library, the documents and nothing of the workshop', () => {
    const wanted = [
      'bin/hyp.js',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/cli/main.js',
      'docs/errors.md',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
    ]
    expect(files).toEqual(expect.arrayContaining(wanted))
    expect(
      files.filter(name => !/^(bin|dist|docs)\/|^(README|CHANGELOG)\.md$|^LICENSE$|^package\.json$/.test(name)),
    ).toEqual([])
    expect(files.filter(name => /test|\.ts$/.test(name) && !name.endsWith('.d.ts'))).toEqual([])
  })

  test('passes publint', () => {
    const publint = join(process.cwd(), 'node_modules/.bin/publint')
    expect(run(publint, '--strict', packed)).toContain('All good!')
  })

  test('says its version', () => {
    expect(run('node_modules/.bin/hyp', '--version').trim()).toBe(manifest.version)
    expect(run('npx', '--no', '--', 'hyp', '--version').trim()).toBe(manifest.version)
  })

  test('is a library that can be imported', () => {
    expect(run('node', '--input-type=module', '-e', "console.log(typeof await import('hyp'))").trim()).toBe('object')
  })

  test('plays the demo with its runtime dependencies alone', () => {
    expect(run('node_modules/.bin/hyp', 'demo')).not.toBe('')
  })
})

/** npm 12 names the packages of the report, earlier ones list them. */
function filesOf(report: unknown): string[] {
  const [packedPackage] = Object.values(
    report as Readonly<Record<string, { readonly files: { readonly path: string }[] }>>,
  )
  return packedPackage?.files.map(file => file.path) ?? []
}
