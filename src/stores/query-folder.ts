import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { isAlive } from './alive.ts'
import type { Home } from './home.ts'

/*
 * What a query has to write down for itself holds what messages say, so it lies in the home where it can, under a name
 * that tells whose it is.
 */

const prefix = 'query-'

/** Where folders of queries may be, the best place first: the home may be full, or somebody's who only lets us read. */
export function queryPlaces(home: Home): readonly string[] {
  return [join(home.run, prefix), join(tmpdir(), `hyp-${prefix}`)]
}

/** A new private folder for one query, to be removed by whoever made it. */
export function makeQueryFolder(place: string): Promise<string> {
  return mkdtemp(`${place}${process.pid}-`)
}

/** The folders of queries in a home, of those too that did not live to remove them. Never throws. */
export async function queryFoldersIn({ run }: Home): Promise<string[]> {
  const names = await readdir(run).catch(() => [])
  return names.filter(name => pidOf(name) !== undefined).map(name => join(run, name))
}

/** Removes the folders of queries that did not live to do it. Never throws. */
export async function removeDeadQueryFolders(home: Home): Promise<void> {
  for (const folder of await queryFoldersIn(home))
    if (!isAlive(pidOf(basename(folder)) as number))
      await rm(folder, { recursive: true, force: true }).catch(() => undefined)
}

function pidOf(name: string): number | undefined {
  const [, pid] = /^query-(\d+)-/.exec(name) ?? []
  return pid === undefined ? undefined : Number(pid)
}
