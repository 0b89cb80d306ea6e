import type { FileIO, OutputFile } from '../../iceberg/file-io/file-io.ts'

/** Bytes that are handed to the disk at once. */
const pieceLength = 2 ** 20
/** Copying fewer takes less time than another write. */
const shortLength = 2 ** 16

/** A segment that is being written. */
export interface SegmentFile {
  /** Appends, in few large writes. */
  write(parts: readonly Uint8Array[]): Promise<void>
  /** Makes all that was written durable, and first of all the file's name. */
  sync(): Promise<void>
  /** Closes a file all of which is durable. */
  close(): Promise<void>
  /** Closes a file that failed. Never throws. */
  abandon(): Promise<void>
}

/** @throws as all of its methods do, the system's own errors */
export async function createSegmentFile(io: FileIO, directory: string, path: string): Promise<SegmentFile> {
  const file = await io.create(path, { background: true })
  let named = false
  return {
    write: parts => writeParts(file, parts),
    sync: async () => {
      await file.sync()
      if (!named) await io.syncDirectory(directory)
      named = true
    },
    close: () => file.finish({ durable: false }),
    abandon: () => file.abandon(),
  }
}

async function writeParts(file: OutputFile, parts: readonly Uint8Array[]): Promise<void> {
  for (const bytes of gathered(parts)) await file.write(bytes)
}

/** The same bytes in pieces: those of long parts as they lie, those of short ones put together. */
function* gathered(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  let short: Uint8Array[] = []
  let length = 0
  for (const part of parts) {
    const isLong = part.byteLength >= shortLength
    if (length > 0 && (isLong || length + part.byteLength > pieceLength)) {
      yield Buffer.concat(short)
      short = []
      length = 0
    }
    if (isLong) {
      for (let at = 0; at < part.byteLength; at += pieceLength) yield part.subarray(at, at + pieceLength)
    } else {
      short.push(part)
      length += part.byteLength
    }
  }
  if (length > 0) yield Buffer.concat(short)
}
