import { findClaudeHistories } from './claude/find.ts'
import { readClaudeFile } from './claude/read.ts'
import type { Source } from './source.ts'

export type SourceName = 'claude'

/** Every client whose history can be read. */
export const sources: Readonly<Record<SourceName, Source>> = {
  claude: { find: findClaudeHistories, open: () => ({ read: readClaudeFile }) },
}

export const sourceNames: readonly SourceName[] = Object.keys(sources) as SourceName[]
