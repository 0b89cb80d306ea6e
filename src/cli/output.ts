import { fstatSync, writeSync } from 'node:fs'
import { HypError, toHypError } from '../errors.ts'
import type { CliIo } from './io.ts'

/**
 * Where data goes, each piece of it whole or with an error. Node's own stream for files takes a piece for written that
 * the disk had room for only in part.
 * @param onUnread whoever read it stopped reading: that is no failure, and nothing is written from then on
 */
export function outputTo(stream: NodeJS.WriteStream & { readonly fd: number }, onUnread: () => void): CliIo['stdout'] {
  // Each write tells of its own failure.
  stream.on('error', () => undefined)
  const found = fstatSync(stream.fd)
  const isRead = stream.isTTY || found.isFIFO() || found.isSocket()
  let unread = false
  return isRead ? data => pass(data) : data => Promise.resolve().then(() => store(data))

  function pass(data: string | Uint8Array): Promise<void> {
    if (unread) return Promise.resolve()
    return new Promise((resolve, reject) => {
      stream.write(data, (error?: NodeJS.ErrnoException | null) => {
        if (error === undefined || error === null) return resolve()
        if (error.code !== 'EPIPE') return reject(unwritable(error))
        unread = true
        onUnread()
        resolve()
      })
    })
  }

  function store(data: string | Uint8Array): void {
    const bytes = Buffer.from(data)
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(stream.fd, bytes, at)
    } catch (error) {
      throw unwritable(error)
    }
  }
}

function unwritable(error: unknown): HypError {
  const { code, message } = toHypError(error)
  return new HypError(code === 'DISK_FULL' ? code : 'DISK_FAILED', `The output cannot be written: ${message}.`, {
    hint: 'What was printed is incomplete, and all else is done. Make room where it goes, or send it elsewhere.',
    cause: error,
  })
}
