import { readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startDaemon } from '../../src/daemon/start.ts'
import { newestRelease } from '../../src/schema/builtin.ts'
import { homeAt } from '../../src/stores/home.ts'

/*
 * A daemon in whose process somebody reads every file of its home, which is
 * enough to lose a lock of POSIX. Reads at each line that it is given.
 */

export interface LockLosingTask {
  readonly home: string
}

export type LockLosingWord =
  | { readonly type: 'ready' }
  /** Files that were opened, read and closed. */
  | { readonly type: 'read'; readonly files: readonly string[] }

const { home } = JSON.parse(process.argv[2] as string) as LockLosingTask
const say = (word: LockLosingWord): void => void writeSync(1, `${JSON.stringify(word)}\n`)

await startDaemon({ home: homeAt(home), release: newestRelease, userHome: home, env: {}, onEvent: () => undefined })
say({ type: 'ready' })
createInterface({ input: process.stdin }).on('line', () => {
  const files = readdirSync(home, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
  for (const file of files) readFileSync(file)
  say({ type: 'read', files })
})
