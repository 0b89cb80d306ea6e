import { claudePlaces, findClaudeHistories } from './claude/find.ts'
import { readClaudeFile } from './claude/read.ts'
import { codexPlaces, findCodexHistories } from './codex/find.ts'
import { openCodex } from './codex/read.ts'
import { threadsIn } from './codex/thread-files.ts'
import type { Source } from './source.ts'

export type SourceName = 'claude' | 'codex'

/** Every client whose history can be read. */
export const sources: Readonly<Record<SourceName, Source>> = {
  claude: { find: findClaudeHistories, open: () => ({ read: readClaudeFile }), places: claudePlaces },
  codex: { find: findCodexHistories, open: openCodex, places: codexPlaces, threadsIn },
}

export const sourceNames: readonly SourceName[] = Object.keys(sources) as SourceName[]
