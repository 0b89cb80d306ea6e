import { findClaudeHistories } from './claude/find.ts'
import { readClaudeFile } from './claude/read.ts'
import type { Source, SourceReader, Whereabouts } from './source.ts'

/** Every client whose history can be read. */
export const sources = {
  claude: { find: findClaudeHistories, open: (_: Whereabouts): SourceReader => ({ read: readClaudeFile }) },
} satisfies Readonly<Record<string, Source>>

export type SourceName = keyof typeof sources

export const sourceNames = Object.keys(sources) as readonly SourceName[]
