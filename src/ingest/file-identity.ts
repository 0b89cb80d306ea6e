import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** Which file it is, and as good a proof of what is in it as can be had without reading it all. */
export interface FileIdentity {
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970, to the microsecond. */
  readonly mtimeMs: number
  /** The file system and the file in it, decimal. */
  readonly dev: string
  readonly ino: string
  /** SHA-256 of the first 4 KiB and the size, hexadecimal: a file can be written anew in the place of another one. */
  readonly prefixHash: string
}

const prefixBytes = 4096

/**
 * The identity of a file; undefined where it cannot be read now. Waits for the disk: of thousands of files that are all
 * looked at, each would otherwise wait four times for another thread.
 */
export function identify(path: string): FileIdentity | undefined {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const { size, mtimeNs, dev, ino } = fstatSync(file, { bigint: true })
    const prefix = Buffer.alloc(prefixBytes)
    const read = readSync(file, prefix, 0, prefixBytes, 0)
    return {
      size: Number(size),
      mtimeMs: Number(mtimeNs / 1000n) / 1000,
      dev: String(dev),
      ino: String(ino),
      prefixHash: createHash('sha256').update(prefix.subarray(0, read)).update(String(size)).digest('hex'),
    }
  } catch {
    // Whoever reads it is told why it cannot be read.
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** What an earlier look noted of a file; null is what it did not. */
type Noted = { readonly [Part in keyof FileIdentity]: FileIdentity[Part] | null }

/** Whether it is the same file with the same in it. What was not noted is never the same. */
export function isSameFile(now: FileIdentity, noted: Noted): boolean {
  return (
    now.size === noted.size &&
    now.mtimeMs === noted.mtimeMs &&
    now.dev === noted.dev &&
    now.ino === noted.ino &&
    now.prefixHash === noted.prefixHash
  )
}
