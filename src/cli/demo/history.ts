import { appendFile, cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the build wrote it: scripts/make-demo.ts tells what is in it. */
const made = fileURLToPath(new URL('../../demo/', import.meta.url))

/** A made-up history of both clients in folders of its own. */
export interface DemoHistory {
  /** What `CLAUDE_CONFIG_DIR` and `CODEX_HOME` name. */
  readonly claude: string
  readonly codex: string
  /** One of its conversations goes on: lines are appended, as the client does. */
  readonly goOn: () => Promise<void>
}

/** Lays a copy of the history into a directory. @throws the error of the file system where nothing was built */
export async function layHistory(directory: string, from: string = made): Promise<DemoHistory> {
  await cp(join(from, 'earlier'), directory, { recursive: true })
  return { claude: join(directory, 'claude'), codex: join(directory, 'codex'), goOn }

  async function goOn(): Promise<void> {
    const later = join(from, 'later')
    for (const name of await readdir(later, { recursive: true }))
      if (name.endsWith('.jsonl')) await appendFile(join(directory, name), await readFile(join(later, name)))
  }
}
