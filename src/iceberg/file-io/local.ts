import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  fsync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  read as readAt,
  readdirSync,
  renameSync,
  type Stats,
  statSync,
  unlink,
  unlinkSync,
  writev,
  writevSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { Entry, FileIO, FoundFile, InputFile, OutputFile } from './file-io.ts'

const privateFile = 0o600
const privateDirectory = 0o700

/*
 * Only what waits for the disk itself is handed to another thread: reading and
 * making durable. Names and writes go to the system's memory in microseconds,
 * less than it takes to wait for a thread, and a commit is a dozen of them.
 */
const readInto = promisify(readAt)
const writeFrom = (descriptor: number, parts: readonly Uint8Array[]): Promise<number> =>
  new Promise((resolve, reject) => {
    writev(descriptor, parts, (error, written) => (error === null ? resolve(written) : reject(error)))
  })
const makeDurable = promisify(fsync)
const unlinkLater = promisify(unlink)

/** The local disk. Files are made readable to their owner only. */
export const localFileIO: FileIO = {
  read: async path => {
    const file = input(openSync(path, 'r'))
    try {
      return await file.read(0, file.size)
    } finally {
      await file.close()
    }
  },

  open: async path => input(openSync(path, 'r')),

  create: async (path, { background } = { background: false }) =>
    output(openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, privateFile), background),

  link: async (from, to) => {
    try {
      linkSync(from, to)
      return true
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false
      throw error
    }
  },

  rename: async (from, to) => renameSync(from, to),

  remove: async (path, { background } = { background: false }) => {
    try {
      if (background) await unlinkLater(path)
      else unlinkSync(path)
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
    }
  },

  list: async directory => {
    try {
      return readdirSync(directory)
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return []
      throw error
    }
  },

  listFiles,

  size: async path => statSync(path, { throwIfNoEntry: false })?.size,

  look: async path => {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    return stats === undefined ? undefined : { kind: kindOf(stats), modifiedMs: stats.mtimeMs }
  },

  makeDirectory,
  syncFile: syncPath,
  syncDirectory: syncPath,
}

async function listFiles(directory: string): Promise<FoundFile[]> {
  const found: FoundFile[] = []
  const open = [directory]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const entry of entriesOf(next)) {
      const path = `${next}/${entry.name}`
      if (entry.isDirectory()) open.push(path)
      const stats = entry.isFile() ? lstatSync(path, { throwIfNoEntry: false }) : undefined
      if (stats?.isFile() === true) found.push({ path, size: stats.size, modifiedMs: stats.mtimeMs })
    }
    // Directories can be many and large: whoever shares this thread gets a turn.
    await new Promise(setImmediate)
  }
  return found
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

async function makeDirectory(directory: string): Promise<void> {
  const first = makeWithParents(directory)
  if (first === undefined) return
  for (let made = directory; made.length >= first.length; made = dirname(made)) await syncPath(dirname(made))
}

/**
 * The uppermost directory that was made; undefined where all were there. Node's own recursion never ends where nothing
 * can be made, as in `/proc`: it makes the parent that is there, and tries again.
 */
function makeWithParents(directory: string): string | undefined {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return undefined
  const parent = dirname(directory)
  const first = parent === directory ? undefined : makeWithParents(parent)
  try {
    mkdirSync(directory, { mode: privateDirectory })
  } catch (error) {
    // Somebody else may have been first.
    if (hasCode(error, 'EEXIST') && statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return first
    throw error
  }
  return first ?? directory
}

async function syncPath(path: string): Promise<void> {
  const descriptor = openSync(path, 'r')
  try {
    await makeDurable(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function output(descriptor: number, background: boolean): OutputFile {
  let closed = false
  const close = (): void => {
    if (closed) return
    closed = true
    closeSync(descriptor)
  }
  return {
    write: async bytes => {
      let left = bytes instanceof Uint8Array ? [bytes] : bytes
      while (left.length > 0) {
        const written = background ? await writeFrom(descriptor, left) : writevSync(descriptor, left)
        left = behind(left, written)
      }
    },
    sync: () => makeDurable(descriptor),
    finish: async ({ durable } = { durable: true }) => {
      if (durable) await makeDurable(descriptor)
      close()
    },
    abandon: async () => {
      try {
        close()
      } catch {
        // Nothing of it is wanted.
      }
    },
  }
}

/** What is left of parts when so many bytes of them are written. */
function behind(parts: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let done = written
  for (const [index, part] of parts.entries()) {
    if (done < part.byteLength) return [part.subarray(done), ...parts.slice(index + 1)]
    done -= part.byteLength
  }
  return []
}

function input(descriptor: number): InputFile {
  const { size } = fstatSync(descriptor)
  return {
    size,
    read: async (start, end) => {
      const bytes = new Uint8Array(end - start)
      let done = 0
      while (done < bytes.byteLength) {
        const { bytesRead } = await readInto(descriptor, bytes, done, bytes.byteLength - done, start + done)
        if (bytesRead === 0) throw new Error(`file ends at byte ${start + done}, ${end} was asked for`)
        done += bytesRead
      }
      return bytes
    },
    close: async () => closeSync(descriptor),
  }
}

function kindOf(stats: Stats): Entry['kind'] {
  if (stats.isSymbolicLink()) return 'link'
  if (stats.isFile()) return 'file'
  return stats.isDirectory() ? 'directory' : 'other'
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
