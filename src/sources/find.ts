import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { History, HistoryFile, HistoryPlaces, Unreadable } from './source.ts'
import { systemCode, unreadable } from './unreadable.ts'

/**
 * Every transcript in these places, by root; a root that does not exist has no entry. Each directory and file is
 * listed once, however many links lead to it. What cannot be read is reported, not thrown.
 */
export async function findHistories(
  places: HistoryPlaces,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly History[]> {
  const seen = new Set<string>()
  const histories: History[] = []
  for (const root of places.roots) {
    const found: Found = { places, files: [], unreadable: [], seen, signal: options.signal }
    if (!(await walk(root, 0, found))) continue
    const files = found.files.sort(byPath)
    const bytes = files.reduce((sum, file) => sum + file.size, 0)
    histories.push({ root, files, bytes, unreadable: found.unreadable.sort(byPath) })
  }
  return histories
}

interface Found {
  readonly places: HistoryPlaces
  readonly files: HistoryFile[]
  readonly unreadable: Unreadable[]
  /** Real paths of the directories and files listed already. */
  readonly seen: Set<string>
  readonly signal: AbortSignal | undefined
}

/**
 * False when the directory does not exist or was listed already.
 * @param real its real path, where that is known
 */
async function walk(directory: string, depth: number, found: Found, real?: string): Promise<boolean> {
  found.signal?.throwIfAborted()
  let entries: Dirent[]
  let here: string
  try {
    here = real ?? (await realpath(directory))
    if (!isNew(here, found)) return false
    entries = await readdir(directory, { withFileTypes: true })
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      if (depth > 0) noteMisread(directory, found)
      return false
    }
    found.unreadable.push(unreadable(directory, error))
    return true
  }
  // In a fixed order, so that of two links to the same directory it is always the same one that counts.
  for (const entry of entries.sort((a, b) => compare(a.name, b.name))) {
    const path = join(directory, entry.name)
    const realEntry = entry.isSymbolicLink() ? undefined : join(here, entry.name)
    if (entry.isDirectory()) await enter(path, entry.name, depth, found, realEntry)
    else if (entry.isSymbolicLink() || (entry.isFile() && found.places.isTranscript(entry.name, path)))
      await add(path, entry.name, depth, found, realEntry)
  }
  return true
}

async function enter(path: string, name: string, depth: number, found: Found, real?: string): Promise<void> {
  if (found.places.isEntered(name, depth, path)) await walk(path, depth + 1, found, real)
}

/** Lists a file, or what a symbolic link leads to. */
async function add(path: string, name: string, depth: number, found: Found, real?: string): Promise<void> {
  try {
    const stats = await stat(path)
    if (stats.isDirectory()) return await enter(path, name, depth, found)
    if (!stats.isFile() || !found.places.isTranscript(name, path)) return
    if (!isNew(real ?? (await realpath(path)), found)) return
    found.files.push({ path, size: stats.size, mtimeMs: stats.mtimeMs })
  } catch (error) {
    // Clients delete, move and compress transcripts while we look.
    if (systemCode(error) === 'ENOENT') noteMisread(path, found)
    else found.unreadable.push(unreadable(path, error))
  }
}

/** Of a name that is no UTF-8 only what Node makes of it is known, and no file has that name. */
function noteMisread(path: string, found: Found): void {
  if (basename(path).includes('\ufffd')) found.unreadable.push({ path, reason: 'its name is not UTF-8' })
}

function isNew(real: string, found: Found): boolean {
  if (found.seen.has(real)) return false
  found.seen.add(real)
  return true
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return compare(a.path, b.path)
}

/** By code unit: the order must not depend on the machine's language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
