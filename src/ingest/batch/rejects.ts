import { Buffer } from 'node:buffer'
import { join } from 'node:path'
import { toHypError } from '../../errors.ts'
import { type FileIO, isNotFound, type OutputFile } from '../../iceberg/file-io/file-io.ts'
import { ensureDirectory } from '../spool/ensure-directory.ts'
import type { Reject } from './reject.ts'

/** Keeps what a contract discards, in files of NDJSON. */
export interface Rejects {
  /**
   * Resolves when all of them are durable.
   * @throws HypError DISK_FULL, DISK_FAILED: they may be kept or not
   */
  add(rejects: readonly Reject[]): Promise<void>
  /** Waits for what is under way. Nothing can be added afterwards. */
  close(): Promise<void>
}

export interface RejectsOptions {
  readonly io: FileIO
  /** `spool/<table>/rejects`, where the files are; made with the first of them. */
  readonly directory: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** The name of a new file, without its ending: later ones sort behind. */
  readonly newName: () => string
}

/** A file that has so many bytes is not continued. */
const largestFile = 64 * 1024 * 1024

interface Waiting {
  readonly bytes: Uint8Array
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

interface OpenFile {
  readonly path: string
  readonly file: OutputFile
  bytes: number
}

/** Nothing is written before something is rejected. Each run of a process has files of its own. */
export function openRejects({ io, directory, now, newName }: RejectsOptions): Rejects {
  let waiting: Waiting[] = []
  let writing: Promise<void> | undefined
  let open: OpenFile | undefined
  let closed = false

  return { add, close }

  async function add(rejects: readonly Reject[]): Promise<void> {
    if (closed) throw new Error('rejects are added to what is closed')
    const at = new Date(now()).toISOString()
    const bytes = Buffer.from(rejects.map(reject => lineOf(at, reject)).join(''))
    await new Promise<void>((resolve, reject) => {
      waiting.push({ bytes, resolve, reject })
      writing ??= writeAll()
    })
  }

  /** Everything that waits is written together and made durable once; what comes meanwhile waits for the next time. */
  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      try {
        await write(Buffer.concat(group.map(({ bytes }) => bytes)))
        for (const { resolve } of group) resolve()
      } catch (error) {
        const known = toHypError(error)
        for (const { reject } of group) reject(known)
      }
    }
    writing = undefined
  }

  async function write(bytes: Uint8Array): Promise<void> {
    const isNew = open === undefined
    const target = open ?? (await create())
    open = target
    try {
      await target.file.write(bytes)
      await target.file.sync()
      if (isNew) await io.syncDirectory(directory)
    } catch (error) {
      // What of it is on the disk is not known any more: the next rejects get a file of their own.
      open = undefined
      await target.file.abandon()
      if (target.bytes === 0) await io.remove(target.path).catch(() => undefined)
      throw error
    }
    target.bytes += bytes.length
    if (target.bytes < largestFile) return
    open = undefined
    await target.file.finish({ durable: false })
  }

  async function create(): Promise<OpenFile> {
    await ensureDirectory(io, directory, 3)
    const path = join(directory, `${newName()}.ndjson`)
    return { path, file: await io.create(path, { background: true }), bytes: 0 }
  }

  async function close(): Promise<void> {
    closed = true
    await writing
    await open?.file.finish({ durable: false })
    open = undefined
  }
}

/** What is counted stands in front, so that whoever counts need not read what follows. */
export function lineOf(at: string, { discarded, index, column, reason, content }: Reject): string {
  return `${JSON.stringify({ at, discarded, index, column, reason, content })}\n`
}

/** What was rejected so far. */
export interface RejectCount {
  readonly rows: number
  readonly values: number
  /** When the first was rejected: RFC 3339, UTC; null where none was. */
  readonly oldest: string | null
  readonly newest: string | null
  /** Of all files together. */
  readonly bytes: number
}

const beginning = /^\{"at":"([\dT:.Z-]{20,30})","discarded":"(row|value)",/
const ending = '"}'
const longestBeginning = 80
const newline = 0x0a
const chunkBytes = 1024 * 1024

/**
 * Counts the lines of all files. A line without its end was not durable, and
 * nobody relies on it: it is not counted, and neither is anything damaged.
 */
export async function countRejects(io: FileIO, directory: string): Promise<RejectCount> {
  const count = { rows: 0, values: 0, oldest: null as string | null, newest: null as string | null, bytes: 0 }
  for (const name of (await io.list(directory)).filter(file => file.endsWith('.ndjson')).sort()) {
    try {
      count.bytes += await eachLine(io, join(directory, name), countLine)
    } catch (error) {
      // It was removed meanwhile.
      if (!isNotFound(error)) throw error
    }
  }
  return count

  function countLine(start: string, end: string): void {
    const [, at, discarded] = beginning.exec(start) ?? []
    if (at === undefined || end !== ending) return
    count[discarded === 'row' ? 'rows' : 'values']++
    if (count.oldest === null || at < count.oldest) count.oldest = at
    if (count.newest === null || at > count.newest) count.newest = at
  }
}

/** Gives beginning and end of each line that is ended; returns the size of the file. */
async function eachLine(io: FileIO, path: string, give: (start: string, end: string) => void): Promise<number> {
  const file = await io.open(path)
  try {
    let held = { start: '', end: '' }
    for (let at = 0; at < file.size; at += chunkBytes) {
      const bytes = await file.read(at, Math.min(at + chunkBytes, file.size))
      // Only beginning and end are looked at, which are ASCII.
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      let start = 0
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
        const line = continued(held, chunk, start, end)
        give(line.start, line.end)
        held = { start: '', end: '' }
        start = end + 1
      }
      held = continued(held, chunk, start, chunk.length)
    }
    return file.size
  } finally {
    await file.close()
  }
}

/** Beginning and end of a line of which so much more is known. */
function continued(
  { start, end }: { start: string; end: string },
  chunk: Buffer,
  from: number,
  to: number,
): { start: string; end: string } {
  const more = chunk.toString('latin1', from, Math.min(to, from + longestBeginning))
  const last = chunk.toString('latin1', Math.max(from, to - ending.length), to)
  return { start: (start + more).slice(0, longestBeginning), end: (end + last).slice(-ending.length) }
}
