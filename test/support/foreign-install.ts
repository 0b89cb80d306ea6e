import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** What is installed, and no other version: what engines say is compared to the last digit. */
export const pythonPackages: readonly string[] = [
  'pyiceberg[pyarrow,sql-sqlite]==0.12.0',
  'pyarrow==26.0.1',
  'fastavro==1.13.1',
]
export const chdbVersion = '3.4.0'

const folder = join(import.meta.dirname, '..', '..', '.scratch', 'interop')

/** Where the foreign engines are. */
export interface Installed {
  readonly python: string
  readonly chdb: string
}

const run = promisify(execFile)

/**
 * Installs the foreign engines into `.scratch/interop` unless they are there.
 * @returns where they are, or the reason why they are not
 */
export async function installForeign(): Promise<Installed | { readonly missing: string }> {
  await mkdir(folder, { recursive: true })
  const release = await lock()
  try {
    const python = join(folder, 'python')
    await once(python, pythonPackages.join(' '), async () => {
      await run('python3', ['-m', 'venv', python])
      await run(join(python, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--retries', '1', ...pythonPackages])
    })
    const chdb = join(folder, 'chdb')
    await once(chdb, chdbVersion, async () => {
      await mkdir(chdb)
      await writeFile(join(chdb, 'package.json'), '{ "private": true }\n')
      const quiet = ['--no-audit', '--no-fund', '--fetch-retries=1', '--loglevel=error']
      await run('npm', ['install', ...quiet, `chdb@${chdbVersion}`], { cwd: chdb })
    })
    return { python: join(python, 'bin', 'python'), chdb: join(chdb, 'node_modules', 'chdb') }
  } catch (error) {
    return { missing: reason(error) }
  } finally {
    await release()
  }
}

/** Does what makes a folder, unless it was done to the end before. */
async function once(place: string, what: string, install: () => Promise<void>): Promise<void> {
  const mark = join(place, 'installed')
  const before = await readFile(mark, 'utf8').catch(() => undefined)
  if (before === what) return
  await rm(place, { recursive: true, force: true })
  await install()
  await writeFile(mark, what)
}

/** Test files run at the same time; one of them installs, the others wait. */
async function lock(): Promise<() => Promise<void>> {
  const held = join(folder, 'lock')
  for (;;) {
    try {
      await mkdir(held)
      return () => rm(held, { recursive: true, force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const since = statSync(held, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - since > 10 * 60_000) await rm(held, { recursive: true, force: true })
    await sleep(200)
  }
}

function reason(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string }
  const lines = (stderr ?? '').split('\n').filter(line => line.trim() !== '')
  return lines.at(-1) ?? message
}
