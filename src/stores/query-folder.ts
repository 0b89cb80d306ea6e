import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

/** Removes the folders of queries that did not live to do it. Never throws. */
export async function removeDeadQueryFolders(home: Home): Promise<void> {
  const names = await readdir(home.run).catch(() => [])
  for (const name of names.filter(isOfDead))
    await rm(join(home.run, name), { recursive: true, force: true }).catch(() => undefined)
}

function isOfDead(name: string): boolean {
  const pid = Number(/^query-(\d+)-/.exec(name)?.[1])
  return !Number.isNaN(pid) && !isAlive(pid)
}
