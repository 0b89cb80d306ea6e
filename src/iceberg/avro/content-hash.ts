import { createHash } from 'node:crypto'

/*
 * A manifest or manifest list of ours carries the SHA-256 of itself, as a data
 * file does: 64 hexadecimal digits in the metadata of its header, the hash of all
 * bytes of the file with zeros in the place of those digits.
 */

export const hashKey = 'hyp.sha256'
export const blankHash: string = '0'.repeat(64)

/** How the entry begins: its key and the length of its value. A text of JSON before it has no such bytes. */
const before = Buffer.from(`\u0014${hashKey}\u0080\u0001`, 'latin1')

/** Writes the digits into a whole file that has a place for them. */
export function sealBytes(bytes: Uint8Array): void {
  const file = bufferOf(bytes)
  const at = placeIn(file)
  if (at === undefined) throw new Error('the header has no place for the hash of the file')
  file.write(createHash('sha256').update(file).digest('hex'), at, 'latin1')
}

/**
 * Whether the bytes of a file are those that were written.
 * @returns undefined where it carries no hash: another program wrote it, or an earlier version
 */
export function isSealed(bytes: Uint8Array): boolean | undefined {
  const file = bufferOf(bytes)
  const at = placeIn(file)
  if (at === undefined) return undefined
  const end = at + blankHash.length
  const hash = createHash('sha256').update(file.subarray(0, at)).update(blankHash).update(file.subarray(end))
  return hash.digest('hex') === file.toString('latin1', at, end)
}

function placeIn(file: Buffer): number | undefined {
  const found = file.indexOf(before)
  return found === -1 ? undefined : found + before.byteLength
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
