import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { HypError } from '../../errors.ts'
import type { Home } from '../home.ts'

/**
 * Checks that a backup can be made at a directory: it is not there, or empty, and lies neither in the home nor around
 * it, nor in a table that lies elsewhere.
 * @throws HypError USAGE
 */
export async function checkDestination(home: Home, directory: string, tables: readonly string[]): Promise<void> {
  const refuse = (message: string, hint: string): never => {
    throw new HypError('USAGE', message, { hint, details: { directory } })
  }
  const found = await stat(directory).catch(() => undefined)
  if (found !== undefined && !found.isDirectory())
    refuse(`${directory} is a file.`, 'Name a directory that is not there yet.')
  if (found !== undefined && (await readdir(directory)).length > 0)
    refuse(
      `The directory ${directory} is not empty.`,
      'Name one that is not there yet, as a date in its name makes it: a backup is written over nothing.',
    )
  const broken = await brokenLink(resolve(directory))
  if (broken !== undefined)
    refuse(
      `${broken} is a symbolic link to what is not there.`,
      'Mount what it leads to, or name a directory elsewhere.',
    )
  const place = await realPlace(directory)
  for (const taken of [home.directory, ...tables]) {
    const real = await realPlace(taken)
    if (place === real || place.startsWith(`${real}/`) || real.startsWith(`${place}/`))
      refuse(
        `A backup of ${taken} cannot lie at ${directory}: one would hold the other.`,
        'Name a directory elsewhere.',
      )
  }
  // The backup takes its name when it is whole, and the root of a file system cannot be given another.
  if (found !== undefined && found.dev !== (await stat(dirname(place))).dev)
    refuse(`${directory} is the root of a file system.`, `Name a directory in it: ${join(directory, 'hyp')}.`)
}

/** The part of a path that is a link to nothing, as to a disk that is not mounted; nothing can be made behind it. */
async function brokenLink(path: string): Promise<string | undefined> {
  if ((await stat(path).catch(() => undefined)) !== undefined) return undefined
  const found = await lstat(path).catch(() => undefined)
  if (found?.isSymbolicLink() === true) return path
  return found !== undefined || dirname(path) === path ? undefined : brokenLink(dirname(path))
}

/** A path without symbolic links, though its last parts may not be there. */
export async function realPlace(path: string): Promise<string> {
  const whole = resolve(path)
  try {
    return await realpath(whole)
  } catch {
    return dirname(whole) === whole ? whole : join(await realPlace(dirname(whole)), basename(whole))
  }
}
