import type { FileIO } from '../../iceberg/file-io/file-io.ts'

/** Copying so few takes less time than another part of a write. */
const shortLength = 2 ** 16

/** A segment that is being written. */
export interface SegmentFile {
  /** Appends, in one write. */
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
    write: parts => file.write(gathered(parts)),
    sync: async () => {
      await file.sync()
      if (!named) await io.syncDirectory(directory)
      named = true
    },
    close: () => file.finish({ durable: false }),
    abandon: () => file.abandon(),
  }
}

/** The same bytes in few parts: the long ones as they lie, those of short ones put together. */
function gathered(parts: readonly Uint8Array[]): Uint8Array[] {
  const few: Uint8Array[] = []
  let short: Uint8Array[] = []
  const join = (): void => {
    if (short.length > 0) few.push(Buffer.concat(short))
    short = []
  }
  for (const part of parts) {
    if (part.byteLength < shortLength) short.push(part)
    else {
      join()
      few.push(part)
    }
  }
  join()
  return few
}
