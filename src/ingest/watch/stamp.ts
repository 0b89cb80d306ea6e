import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs'

/*
 * Looks at files wait for the disk: whoever watches has a thread of its own, and of thousands of files each look would
 * otherwise take many times as long.
 */

/** Which file it is, and what says that it changed. */
export interface Stamp {
  /** The file system and the file in it. */
  readonly id: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970, with fractions. */
  readonly mtimeMs: number
}

/** What is at a path, links followed; undefined where nothing is. @throws the disk's other errors */
export function lookAt(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

export function stampOf({ dev, ino, size, mtimeMs }: Stats): Stamp {
  return { id: `${dev}:${ino}`, size, mtimeMs }
}

export function isSameStamp(a: Stamp, b: Stamp): boolean {
  return a.id === b.id && a.size === b.size && a.mtimeMs === b.mtimeMs
}

/** What shows that the bytes of a file before an offset are still the same. */
export interface Edges {
  /** How much was looked at, at the beginning and at the end. */
  readonly bytes: number
  readonly digest: string
}

/** So much is looked at of a file that was read: one of up to 1 MiB as a whole. */
export const readEdges: number = 512 * 1024

/** And of one that was only found, among thousands. */
export const foundEdges: number = 4 * 1024

/**
 * A digest of the first and the last bytes before an offset: a file that was written anew in its place has others.
 * Undefined where there are not so many bytes, or they cannot be read.
 */
export function edgesOf(path: string, offset: number, bytes: number): Edges | undefined {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const first = Math.min(bytes, offset)
    const last = Math.min(bytes, offset - first)
    const edges = Buffer.allocUnsafe(first + last)
    if (readSync(file, edges, 0, first, 0) < first) return undefined
    if (readSync(file, edges, first, last, offset - last) < last) return undefined
    return { bytes, digest: createHash('sha256').update(edges).digest('base64') }
  } catch {
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
