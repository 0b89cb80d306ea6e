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

const edgeBytes = 4096

/**
 * A digest of the first and the last 4 KiB of the bytes before an offset: a file that was written anew in its place has
 * others. Undefined where there are not so many bytes, or they cannot be read.
 */
export function edgesOf(path: string, offset: number): string | undefined {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const length = Math.min(edgeBytes, offset)
    const edges = Buffer.alloc(2 * length)
    if (readSync(file, edges, 0, length, 0) < length) return undefined
    if (readSync(file, edges, length, length, offset - length) < length) return undefined
    return createHash('sha256').update(edges).digest('base64')
  } catch {
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
