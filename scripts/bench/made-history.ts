import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type HistoryOptions, type HistoryTruth, makeHistory } from '../make-history/history.ts'
import { keptFolder } from './scratch.ts'

/** A made-up history on the disk. */
export interface MadeHistory {
  /** What `CLAUDE_CONFIG_DIR` and `CODEX_HOME` would name. */
  readonly claude: string
  readonly codex: string
  readonly truth: HistoryTruth
}

const mib = 2 ** 20

/** What somebody has who used Claude Code a lot: 1.2 GiB in 3 100 files. */
export const muchClaude: Sizes = { claude: Math.round(1.2 * 1024 * mib), claudeFiles: 3100 }

/** What somebody has who used Codex a lot: 3.4 GiB in 2 700 files. */
export const muchCodex: Sizes = { codex: Math.round(3.4 * 1024 * mib), codexFiles: 2700 }

/** Small files of both clients, 5 000 together. */
export const manyFiles: Sizes = { claude: 25 * mib, claudeFiles: 2500, codex: 25 * mib, codexFiles: 2500 }

type Sizes = Omit<HistoryOptions, 'directory'>

/** Makes a history, or takes the one that a run before this one made. */
export async function madeHistory(sizes: Sizes): Promise<MadeHistory> {
  const name = createHash('sha256').update(JSON.stringify(sizes)).update(generator()).digest('hex').slice(0, 12)
  const directory = await keptFolder(`made-${name}`, async folder => {
    const truth = await makeHistory({ ...sizes, directory: folder })
    await writeFile(join(folder, 'truth.json'), JSON.stringify(truth))
  })
  const truth = JSON.parse(readFileSync(join(directory, 'truth.json'), 'utf8')) as HistoryTruth
  return { claude: join(directory, '.claude'), codex: join(directory, '.codex'), truth }
}

/** Every file of the generator: a history of another one is another history. */
function generator(): string {
  const folder = fileURLToPath(new URL('../make-history/', import.meta.url))
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => /\.[jt]s$/.test(name))
  return names
    .sort()
    .map(name => `${name}\n${readFileSync(join(folder, name), 'utf8')}`)
    .join('\n')
}
