import { type Dirent, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { SourceName } from '../../sources/catalogue.ts'
import type { HistoryPlaces, Unreadable } from '../../sources/source.ts'
import { systemCode, unreadable } from '../../sources/unreadable.ts'
import { lookAt, type Stamp, stampOf } from './stamp.ts'

/** A directory among the histories of a source. */
export interface Place {
  readonly source: SourceName
  readonly path: string
  /** Directories between it and its root: 0 for a root. */
  readonly depth: number
}

/** Told of what a walk comes by. */
export interface Visitor {
  /** Before its entries are listed, so that nothing is missed that comes after. */
  directory(place: Place, stamp: Stamp): void
  file(path: string, source: SourceName, stamp: Stamp): void
  unreadable(problem: Unreadable): void
}

/** So many entries are looked at before others get their turn. */
const entriesAtOnce = 500

/**
 * Visits a directory and all below it, as the source's `find` does: links are followed, and a directory is entered once
 * however many lead to it. What is not there is passed over.
 * @param entered ids of the directories that were entered before
 * @throws the signal's reason
 */
export async function walkTree(
  top: Place,
  { isTranscript, isEntered }: Pick<HistoryPlaces, 'isTranscript' | 'isEntered'>,
  visitor: Visitor,
  entered: Set<string>,
  signal?: AbortSignal,
): Promise<void> {
  const waiting = [top]
  let looks = 0
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    signal?.throwIfAborted()
    for (const entry of enter(place)) {
      look(place, entry)
      if (++looks % entriesAtOnce === 0) await new Promise(resolve => setImmediate(resolve))
    }
  }

  function enter(place: Place): Dirent[] {
    try {
      const stats = lookAt(place.path)
      if (stats?.isDirectory() !== true) return []
      const stamp = stampOf(stats)
      if (entered.has(stamp.id)) return []
      entered.add(stamp.id)
      visitor.directory(place, stamp)
      return readdirSync(place.path, { withFileTypes: true })
    } catch (error) {
      report(place.path, error)
      return []
    }
  }

  function look({ source, path: parent, depth }: Place, entry: Dirent): void {
    const { name } = entry
    const path = join(parent, name)
    const wanted = { file: isTranscript(name, path), directory: isEntered(name, depth, path) }
    if (entry.isDirectory()) {
      if (wanted.directory) waiting.push({ source, path, depth: depth + 1 })
      return
    }
    if (!(entry.isFile() && wanted.file) && !(entry.isSymbolicLink() && (wanted.file || wanted.directory))) return
    try {
      const stats = lookAt(path)
      if (stats?.isDirectory() === true && wanted.directory) waiting.push({ source, path, depth: depth + 1 })
      else if (stats?.isFile() === true && wanted.file) visitor.file(path, source, stampOf(stats))
    } catch (error) {
      report(path, error)
    }
  }

  function report(path: string, error: unknown): void {
    // The client deletes old transcripts while we look.
    if (systemCode(error) !== 'ENOENT') visitor.unreadable(unreadable(path, error))
  }
}
