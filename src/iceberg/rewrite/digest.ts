import { crc32 } from 'node:zlib'
import type { Cell } from '../types.ts'

/*
 * One number for many rows, whatever their order: the sum of 64 bits for each
 * row, which are made of all its values in the order of the columns. What is
 * lost, doubled, changed, or swapped between rows or columns changes it, but
 * for one case in four thousand million.
 */

/** Adds up rows; two of these are equal when their rows are. */
export interface RowDigest {
  readonly rows: number
  /** 64 bits. */
  readonly sum: bigint
}

export const noRows: RowDigest = { rows: 0, sum: 0n }

/**
 * Adds rows that come as columns, texts as UTF-8 bytes.
 * @param kept which of them, in any order; all when left out
 */
export function addRows(
  digest: RowDigest,
  columns: readonly (readonly Cell[])[],
  rowCount: number,
  kept?: Int32Array,
): RowDigest {
  const low = new Int32Array(rowCount).fill(0x243f6a88)
  const high = new Int32Array(rowCount).fill(0x13198a2e)
  for (const cells of columns) {
    let previous: Cell
    let hash = nullHash
    for (let index = 0; index < rowCount; index++) {
      const cell = cells[index]
      if (!Object.is(cell, previous)) {
        previous = cell
        hash = hashOf(cell)
      }
      const mixed = Math.imul((low[index] as number) ^ hash, 0x9e3779b1)
      low[index] = mixed ^ (mixed >>> 15)
      high[index] = Math.imul((high[index] as number) + hash, 0x85ebca77) ^ (mixed >>> 13)
    }
  }
  let sumLow = 0
  let sumHigh = 0
  const count = kept?.length ?? rowCount
  let sum = digest.sum
  for (let at = 0; at < count; at++) {
    const index = kept === undefined ? at : (kept[at] as number)
    sumLow += (low[index] as number) >>> 0
    sumHigh += (high[index] as number) >>> 0
    // As long as they are exact.
    if ((at & 0xfffff) === 0xfffff || at === count - 1) {
      sum = BigInt.asUintN(64, sum + BigInt(sumLow) + (BigInt(sumHigh) << 32n))
      sumLow = 0
      sumHigh = 0
    }
  }
  return { rows: digest.rows + count, sum }
}

export function sameRows(a: RowDigest, b: RowDigest): boolean {
  return a.rows === b.rows && a.sum === b.sum
}

const nullHash = 0x2545f491

const words = new DataView(new ArrayBuffer(8))

/** The same for equal values of one column: null and absent are, 0 and −0 are not, and every NaN is NaN. */
function hashOf(cell: Cell): number {
  if (cell === null || cell === undefined) return nullHash
  switch (typeof cell) {
    case 'number':
      if (Number.isNaN(cell)) return 0x7ff80001
      words.setFloat64(0, cell)
      return word()
    case 'bigint':
      return bigintHash(cell)
    case 'boolean':
      return cell ? 0x51ed270b : 0x2127599b
    case 'string':
      return bytesHash(Buffer.from(cell))
    default:
      if (cell instanceof Uint8Array) return bytesHash(cell)
      return Array.isArray(cell)
        ? listHash(cell as readonly Cell[])
        : listHash(Object.values(cell as Readonly<Record<string, Cell>>)) ^ 0x1b873593
  }
}

/** Decimals have up to 128 bits. */
function bigintHash(value: bigint): number {
  words.setBigInt64(0, BigInt.asIntN(64, value))
  const hash = word()
  const rest = value >> 63n
  return rest === 0n || rest === -1n ? hash : Math.imul(hash, 31) ^ bigintHash(rest)
}

function listHash(cells: readonly Cell[]): number {
  let hash = cells.length
  for (const cell of cells) {
    hash = Math.imul(hash ^ hashOf(cell), 0xc2b2ae3d)
    hash ^= hash >>> 16
  }
  return hash
}

function word(): number {
  const mixed = Math.imul(words.getInt32(0) ^ Math.imul(words.getInt32(4), 0x27d4eb2f), 0x165667b1)
  return mixed ^ (mixed >>> 15)
}

/** Below so many bytes going through them here takes less time than the call of the library. */
const shortBytes = 24

function bytesHash(bytes: Uint8Array): number {
  const { length } = bytes
  if (length >= shortBytes) return Math.imul(crc32(bytes) ^ length, 0x9e3779b1)
  let hash = 0x811c9dc5 ^ length
  for (let index = 0; index < length; index++) hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193)
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1)
}
