import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

/** What is installed into the scratch folder, once. */
const packages = ['pyiceberg[sql-sqlite,pyarrow]==0.12.0']

export const pyicebergVersion = '0.12.0'

/** A Python with PyIceberg; a sentence instead where there is none to be had. */
export function pythonWithPyIceberg(): { readonly program: string } | string {
  const folder = resolve('.scratch/bench-python')
  const program = `${folder}/bin/python`
  if (!existsSync(program)) {
    if (spawnSync('python3', ['-m', 'venv', folder], { stdio: 'ignore' }).status !== 0)
      return 'there is no python3 with venv on this machine'
  }
  const imports = (): boolean =>
    spawnSync(program, ['-c', 'import pyiceberg.catalog.sql, sqlalchemy, pyarrow'], { stdio: 'ignore' }).status === 0
  if (!imports()) {
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]
    spawnSync(program, install, { stdio: ['ignore', 'ignore', 'inherit'] })
    if (!imports()) return 'PyIceberg could not be installed: pip says why above'
  }
  return { program }
}

/** A program that answers each line with a line. */
export interface Dialogue {
  ask(line: string): Promise<string>
  end(): Promise<void>
}

/** Starts a program that says one line when it is ready. */
export async function dialogue(program: string, args: readonly string[]): Promise<Dialogue> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`${program} ended early`)
    return value
  }
  await answer()
  return {
    ask: line => {
      child.stdin.write(`${line}\n`)
      return answer()
    },
    end: async () => {
      child.stdin.end()
      await closed
    },
  }
}
