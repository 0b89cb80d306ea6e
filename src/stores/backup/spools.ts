import { join } from 'node:path'
import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import type { Home } from '../home.ts'
import type { Copier } from './copier.ts'

/** Those who add to spools while they are copied. */
export interface SpoolWriters {
  /** Closes what is written to, after everything that waits: what was acknowledged by now is in closed files then. */
  close(): Promise<void>
  /** Paths of segments that are still added to. */
  active(): ReadonlySet<string>
}

/** Nobody writes: the lock is held. */
export const noWriters: SpoolWriters = { close: async () => undefined, active: () => new Set<string>() }

/** What is added to in place, though never changed. */
const growing = '.ndjson'

/** What a process was writing that died. */
const unfinished = ['.part', '.tmp']

/**
 * Copies what waits on its way to the tables. Everything that was acknowledged
 * before is in it, or in the tables, which are copied afterwards: a segment goes
 * only when its rows are there.
 */
export async function copySpools(
  io: FileIO,
  home: Pick<Home, 'spool'>,
  to: string,
  copier: Copier,
  writers: SpoolWriters,
): Promise<void> {
  await writers.close()
  const segments = await namesIn(io, home.spool, '.seg')
  // Asked after they were listed: what was closed by then is never added to again.
  const active = writers.active()
  for (const path of segments) if (!active.has(path)) await copier.link(path, join(to, path.slice(home.spool.length)))
  // The keys of a segment that went meanwhile were kept before it went.
  for (const path of await namesIn(io, home.spool)) {
    if (path.endsWith('.seg') || unfinished.some(ending => path.endsWith(ending))) continue
    const target = join(to, path.slice(home.spool.length))
    if (path.endsWith(growing)) await copier.copy(path, target)
    else await copier.link(path, target)
  }
}

/** Copies a folder of files that are replaced and never changed. What vanishes meanwhile was removed for good. */
export async function copyFolder(
  io: FileIO,
  from: string,
  to: string,
  copier: Copier,
  keep: (path: string) => boolean = () => true,
): Promise<void> {
  for (const path of await namesIn(io, from)) {
    if (unfinished.some(ending => path.endsWith(ending)) || !keep(path)) continue
    await copier.link(path, join(to, path.slice(from.length)))
  }
}

async function namesIn(io: FileIO, directory: string, ending = ''): Promise<string[]> {
  return (await io.listFiles(directory)).flatMap(({ path }) => (path.endsWith(ending) ? [path] : [])).sort()
}
