import { rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import type { Home } from '../home.ts'
import { homeParts } from './parts.ts'
import { removeFolder } from './remove-folder.ts'

/*
 * A restore is prepared beside what is in the home, and decided by one rename.
 * What is left then are renames, which whoever takes the lock next goes on with
 * if this process does not come to their end: nobody ever works on a home that
 * is half the one and half the other.
 */

const unfinished = /^restore-.+\.partial$/
const decided = /^restore-(.+)\.ready$/

/** Where what is to be restored is prepared. @param name of this restore; no other had it */
export function preparing(home: Home, name: string): string {
  return join(home.directory, `restore-${name}.partial`)
}

function decidedPlace(home: Home, name: string): string {
  return join(home.directory, `restore-${name}.ready`)
}

/** Where what was in the home is kept. */
function asideOf(home: Home, name: string): string {
  return join(home.directory, `before-restore-${name}`)
}

/** Folders with what was in a home before it was restored. */
export async function beforeRestoresIn(io: FileIO, home: Home): Promise<string[]> {
  const names = await io.list(home.directory)
  return names
    .filter(name => name.startsWith('before-restore-'))
    .sort()
    .map(name => join(home.directory, name))
}

/** What restores left in a home that were not decided, or are over. */
export async function undecidedIn(io: FileIO, home: Home): Promise<string[]> {
  return (await io.list(home.directory)).filter(name => unfinished.test(name)).map(name => join(home.directory, name))
}

/** Decides a restore: from here on it is gone on with. All that was prepared is durable. */
export async function decide(io: FileIO, home: Home, name: string): Promise<void> {
  await io.rename(preparing(home, name), decidedPlace(home, name))
  await io.syncDirectory(home.directory)
}

/**
 * Puts what was decided to be restored in its place, after what is there was moved aside. Does nothing where nothing was.
 * The caller holds the lock.
 * @returns where what was in the home is now; undefined where nothing was
 * @throws whatever the disk throws; the next call goes on
 */
export async function finishRestore(io: FileIO, home: Home): Promise<string | undefined> {
  let aside: string | undefined
  for (const entry of await io.list(home.directory)) {
    const [, name] = decided.exec(entry) ?? []
    if (name !== undefined) aside = await swap(io, home, name)
  }
  return aside
}

async function swap(io: FileIO, home: Home, name: string): Promise<string | undefined> {
  const ready = decidedPlace(home, name)
  const aside = asideOf(home, name)
  const restored = new Set(await io.list(ready))
  for (const part of homeParts) {
    const place = join(home.directory, part)
    // What is there and has nothing to take its place is of before too; what took its place is there no more to take it.
    const isPlaced = !restored.has(part) && (await io.look(join(ready, `${part}.placed`))) !== undefined
    if (!isPlaced && (await io.look(place)) !== undefined) await moveAside(io, place, aside, part)
    await io.syncDirectory(home.directory)
    if (restored.has(part)) {
      await io.makeDirectory(join(ready, `${part}.placed`))
      await io.rename(join(ready, part), place)
    }
  }
  await io.syncDirectory(home.directory)
  // By another name first: with some of the marks gone it would be gone on with from the beginning.
  const over = preparing(home, name)
  await io.rename(ready, over)
  await io.syncDirectory(home.directory)
  await removeFolder(io, over).catch(() => undefined)
  return (await io.look(aside)) === undefined ? undefined : aside
}

async function moveAside(io: FileIO, place: string, aside: string, part: string): Promise<void> {
  // Every process that looks for its home makes its folders.
  if ((await io.look(place))?.kind === 'directory' && (await io.list(place)).length === 0) return rmdir(place)
  await io.makeDirectory(aside)
  for (let n = 1; ; n++) {
    const target = join(aside, n === 1 ? part : `${part}.${n}`)
    if ((await io.look(target)) !== undefined) continue
    await io.rename(place, target)
    await io.syncDirectory(aside)
    return
  }
}
