import { constants } from 'node:fs'
import { type FileHandle, link, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FileIO, InputFile, OutputFile } from './file-io.ts'

const privateFile = 0o600
const privateDirectory = 0o700

/** The local disk. Files are made readable to their owner only. */
export const localFileIO: FileIO = {
  read: path => readFile(path),

  open: async path => {
    const handle = await open(path, 'r')
    try {
      return input(handle, (await handle.stat()).size)
    } catch (error) {
      await handle.close()
      throw error
    }
  },

  create: async path =>
    output(await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, privateFile)),

  link: async (from, to) => {
    try {
      await link(from, to)
      return true
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false
      throw error
    }
  },

  rename,

  remove: async path => {
    try {
      await unlink(path)
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
    }
  },

  list: async directory => {
    try {
      return await readdir(directory)
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return []
      throw error
    }
  },

  size: async path => {
    try {
      return (await stat(path)).size
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined
      throw error
    }
  },

  makeDirectory,
  syncDirectory,
}

async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: privateDirectory })
  if (first === undefined) return
  for (let made = directory; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made))
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function output(handle: FileHandle): OutputFile {
  let closed = false
  const close = async (): Promise<void> => {
    if (closed) return
    closed = true
    await handle.close()
  }
  return {
    write: async bytes => {
      let done = 0
      while (done < bytes.byteLength) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done)
        done += bytesWritten
      }
    },
    finish: async ({ durable } = { durable: true }) => {
      if (durable) await handle.sync()
      await close()
    },
    abandon: () => close().catch(() => undefined),
  }
}

function input(handle: FileHandle, size: number): InputFile {
  return {
    size,
    read: async (start, end) => {
      const bytes = new Uint8Array(end - start)
      let done = 0
      while (done < bytes.byteLength) {
        const { bytesRead } = await handle.read(bytes, done, bytes.byteLength - done, start + done)
        if (bytesRead === 0) throw new Error(`file ends at byte ${start + done}, ${end} was asked for`)
        done += bytesRead
      }
      return bytes
    },
    close: () => handle.close(),
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
