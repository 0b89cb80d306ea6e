import { randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { HypError, toHypError } from '../errors.ts'
import type { Home } from './home.ts'

/*
 * Nothing is removed from a table but by a commit, and a commit takes room before it makes some. So a home keeps a file
 * that means nothing, which goes when the disk is full and somebody wants to free space, and is there again afterwards.
 */

/** Bytes: several times what is written to expire the snapshots of a large table. */
const reserveBytes = 1024 * 1024

const pieceBytes = 64 * 1024

/** Sees to it that the reserve is there, or as much of it as there is space for. Never throws. The caller holds the lock. */
export async function keepReserve({ reserve }: Pick<Home, 'reserve'>): Promise<void> {
  const file = await open(reserve, 'a', 0o600).catch(() => undefined)
  if (file === undefined) return
  try {
    // A file system that compresses would keep no room for zeros.
    for (let { size } = await file.stat(); size < reserveBytes; size += pieceBytes)
      await file.appendFile(randomBytes(pieceBytes))
  } catch {
    // What is there is better than nothing.
  } finally {
    await file.close().catch(() => undefined)
  }
}

/**
 * Runs work that frees space, once more with the reserve where the disk is full. What the work did before is done: the
 * second time it finishes the rest. The caller holds the lock.
 * @throws as the work does
 */
export async function withReserve<Result>(home: Pick<Home, 'reserve'>, work: () => Promise<Result>): Promise<Result> {
  try {
    try {
      return await work()
    } catch (error) {
      if (!isFull(error)) throw error
      if (!(await giveUp(home))) throw noWayOut(error)
    }
    try {
      return await work()
    } catch (error) {
      throw isFull(error) ? noWayOut(error) : error
    }
  } finally {
    await keepReserve(home)
  }
}

async function giveUp({ reserve }: Pick<Home, 'reserve'>): Promise<boolean> {
  try {
    await rm(reserve)
    return true
  } catch {
    return false
  }
}

function isFull(error: unknown): boolean {
  return toHypError(error).code === 'DISK_FULL'
}

/** The usual way out of a full disk is what failed just now. */
function noWayOut(error: unknown): HypError {
  const { message, details } = toHypError(error)
  return new HypError('DISK_FULL', message, {
    hint: 'Not even a commit that frees space has room. Remove something else from this disk, a few MB will do, and run the command again.',
    details,
    cause: error,
  })
}
