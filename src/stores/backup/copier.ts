import { dirname } from 'node:path'
import { HypError } from '../../errors.ts'
import { type FileIO, isNotFound, writeFile } from '../../iceberg/file-io/file-io.ts'

/** What was copied so far. Sizes in bytes. */
export interface Copied {
  readonly files: number
  readonly bytes: number
  /** Bytes of them that take no room: the file has a second name. */
  readonly linkedBytes: number
}

/** Puts files into a folder that nobody reads yet. Each method gives false for a file that is not there (any more). */
export interface Copier {
  /** For a file that nobody ever changes: gives it a second name, or where that cannot be copies it. */
  link(from: string, to: string): Promise<boolean>
  /** For a file that somebody may change or add to: copies as much as there is now. */
  copy(from: string, to: string): Promise<boolean>
  write(to: string, bytes: Uint8Array): Promise<void>
  directory(path: string): Promise<void>
  /** Makes every name durable that was made. */
  sync(): Promise<void>
  readonly copied: () => Copied
}

const pieceBytes = 2 ** 20

/** So many links are made before others on this thread get a turn. */
const linksAtOnce = 32

/**
 * @param signal ends the copying with INTERRUPTED
 * @throws as all methods do, whatever the disk throws
 */
export function newCopier(io: FileIO, signal?: AbortSignal): Copier {
  const directories = new Set<string>()
  let files = 0
  let bytes = 0
  let linkedBytes = 0
  let links = 0
  /** Two file systems stay two. */
  let canLink = true

  return { link, copy, write, directory, sync, copied: () => ({ files, bytes, linkedBytes }) }

  async function link(from: string, to: string): Promise<boolean> {
    await begin(to)
    if (!canLink) return copyBytes(from, to)
    try {
      if (!(await io.link(from, to))) throw new Error(`${to} is there already`)
    } catch (error) {
      if (isNotFound(error)) return false
      if (isOfTwoFileSystems(error)) canLink = false
      else if (!isRefused(error)) throw error
      return copyBytes(from, to)
    }
    // Not of the original, which may be gone by now.
    const size = (await io.size(to)) ?? 0
    count(size)
    linkedBytes += size
    return true
  }

  async function copy(from: string, to: string): Promise<boolean> {
    await begin(to)
    return copyBytes(from, to)
  }

  async function copyBytes(from: string, to: string): Promise<boolean> {
    const source = await io.open(from).catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
    if (source === undefined) return false
    try {
      const target = await io.create(to, { background: true })
      try {
        for (let at = 0; at < source.size; at += pieceBytes) {
          checkSignal()
          await target.write(await source.read(at, Math.min(source.size, at + pieceBytes)))
        }
        await target.finish()
      } catch (error) {
        await target.abandon()
        throw error
      }
      count(source.size)
      return true
    } finally {
      await source.close()
    }
  }

  async function write(to: string, content: Uint8Array): Promise<void> {
    await begin(to)
    await writeFile(io, to, content)
    count(content.byteLength)
  }

  async function begin(to: string): Promise<void> {
    checkSignal()
    if (++links % linksAtOnce === 0) await new Promise(setImmediate)
    await directory(dirname(to))
  }

  async function directory(path: string): Promise<void> {
    if (directories.has(path)) return
    await io.makeDirectory(path)
    directories.add(path)
  }

  async function sync(): Promise<void> {
    for (const path of directories) await io.syncDirectory(path)
  }

  function count(size: number): void {
    files++
    bytes += size
  }

  function checkSignal(): void {
    if (signal?.aborted === true) throw new HypError('INTERRUPTED', 'The copying was interrupted.')
  }
}

function isOfTwoFileSystems(error: unknown): boolean {
  return hasCode(error, ['EXDEV'])
}

/** The file is of another user, has as many names as it may have, or the file system knows no second names. */
function isRefused(error: unknown): boolean {
  return hasCode(error, ['EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
