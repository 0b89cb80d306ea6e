import { createHash, type Hash } from 'node:crypto'
import type { InputFile } from '../file-io/file-io.ts'

/*
 * A file of ours carries the SHA-256 of itself, as 64 hexadecimal digits in the
 * key-value metadata of its footer: the hash of all bytes of the file with zeros
 * in the place of those digits. So a flipped bit is noticed wherever it is, in
 * the footer too, and a file is hashed as it is written.
 */

const key = 'hyp.sha256'
const blank = '0'.repeat(64)

/** What the encoder is given for the footer, as the last of its key-value metadata. */
export const blankHash: { readonly key: string; readonly value: string } = { key, value: blank }

/** How the entry is written: its key, then a text of 64 bytes. */
const before = Buffer.from(`${key}\u0018\u0040`, 'latin1')
/** How it goes on: the entry ends, and the name of the encoder follows. Who copies our entry to a file of his has another. */
const after = '\u0000\u0018'
const encoderName = 'hyparquet-writer '
const tailLength = 8
const pieceBytes = 1 << 20

/** Hashes what is written, part by part. */
export interface ContentHash {
  add(part: Uint8Array): void
  /** Takes the last part, which holds the whole footer, and writes the digits into it. */
  finish(last: Uint8Array): void
}

export function contentHash(): ContentHash {
  const hash = createHash('sha256')
  return {
    add: part => void hash.update(part),
    finish: last => {
      const bytes = Buffer.from(last.buffer, last.byteOffset, last.byteLength)
      const at = placeIn(bytes)
      if (at === undefined) throw new Error('the footer has no place for the hash of the file')
      bytes.write(hash.update(last).digest('hex'), at, 'latin1')
    },
  }
}

/**
 * Reads a whole file, and says whether its bytes are those that were written.
 * @returns undefined where it carries no hash: another program wrote it, or an earlier version
 */
export async function isAsWritten(file: InputFile): Promise<boolean | undefined> {
  const place = await placeOf(file)
  if (place === undefined) return undefined
  const hash = createHash('sha256')
  await hashRange(hash, file, 0, place.at)
  hash.update(blank)
  await hashRange(hash, file, place.at + blank.length, file.size)
  return hash.digest('hex') === place.digits
}

async function hashRange(hash: Hash, file: InputFile, start: number, end: number): Promise<void> {
  for (let at = start; at < end; at += pieceBytes) hash.update(await file.read(at, Math.min(end, at + pieceBytes)))
}

async function placeOf(file: InputFile): Promise<{ readonly at: number; readonly digits: string } | undefined> {
  if (file.size < tailLength) return undefined
  const end = file.size - tailLength
  const start = end - Buffer.from(await file.read(end, file.size)).readUInt32LE(0)
  if (start < 0) return undefined
  const footer = Buffer.from(await file.read(start, end))
  const at = placeIn(footer)
  return at === undefined ? undefined : { at: start + at, digits: digitsAt(footer, at) }
}

/** Where the digits are; the last that look like them, since a footer holds texts of the user before them. */
function placeIn(bytes: Buffer): number | undefined {
  const found = bytes.lastIndexOf(before)
  if (found === -1) return undefined
  const at = found + before.byteLength
  const next = bytes.toString('latin1', at + blank.length)
  // Between the two is the length of the name, which is one byte.
  return next.startsWith(after) && next.startsWith(encoderName, after.length + 1) ? at : undefined
}

function digitsAt(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + blank.length)
}
