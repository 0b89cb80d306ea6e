import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

let done = false

/** Vitest's global set-up of every suite that starts processes: what they run is as new as its source. */
export default function buildOnce(): void {
  if (done) return
  done = true
  if (isOlder('dist/cli/main.js', ['src', 'scripts/make-history', 'scripts/make-demo.ts', 'tsconfig.build.json']))
    run('build')
  if (isOlder('.build/scripts/build-once.js', ['src', 'scripts', 'test/support', 'tsconfig.scripts.json']))
    run('build:scripts')
}

function run(script: string): void {
  const { status } = spawnSync('npm', ['run', '--silent', script], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error(`npm run ${script} failed; what the compiler says stands above`)
}

/** Also true where the product is absent. */
function isOlder(product: string, sources: readonly string[]): boolean {
  const built = statSync(join(root, product), { throwIfNoEntry: false })?.mtimeMs ?? 0
  return sources.some(source => newest(join(root, source)) > built)
}

function newest(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return 0
  // A folder's own time counts as well: it tells of a file that was removed.
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map(name => newest(join(path, name))))
}
