import { join } from 'node:path'
import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import type { Home } from '../home.ts'

/** What a home consists of, besides what a running process keeps in `run/`. Everything else in it is somebody else's. */
export const homeParts = ['config.json', 'prices.json', 'schema', 'records', 'spool', 'quarantine', 'tables'] as const

/** Settings, which a person edits. */
export const settings = ['config.json', 'prices.json'] as const

/** Paths in a home that are no part of it, and so not in a backup. */
export async function othersIn(io: FileIO, home: Home): Promise<string[]> {
  const own: readonly string[] = [...homeParts, 'run', 'backup.json']
  const names = await io.list(home.directory)
  return names
    .filter(name => !own.includes(name))
    .sort()
    .map(name => join(home.directory, name))
}
