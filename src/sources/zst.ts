import type { FileHandle } from 'node:fs/promises'
import { Decompress } from 'fzstd'
import { runWithin, TimeLimit } from '../iceberg/time-limit.ts'

/** So little is handed over at once that even the most compressible bytes come to no more than some 100 MiB. */
const stepBytes = 4 << 10

/** Decompressed bytes that are handed out together. */
const enoughBytes = 4 << 20

/** What takes some hundredths of a second on sound data. */
const maxStepMs = 5000

/** A window above this is asked for by no compressor that does not mean to: it has to be held in memory. */
const maxWindowBytes = 128 << 20

/** Bytes that are no whole zstd, or that would take too much memory. */
export class DamagedZst extends Error {
  /** False where it only took too long, in which time the machine may have slept. */
  readonly isSure: boolean

  constructor(message: string, isSure = true, options?: ErrorOptions) {
    super(message, options)
    this.isSure = isSure
  }
}

export interface ZstOptions {
  readonly signal?: AbortSignal | undefined
  /** Told how many bytes of the file were read. */
  readonly onRead?: (bytes: number) => void
  /** How long decompressing some megabytes may take, in milliseconds; default 5000. */
  readonly maxStepMs?: number
}

/**
 * The decompressed bytes of the first `size` bytes of a file, in pieces that stay as they are when the next ones are
 * read. Memory is one window of the compressor plus one piece. Throws {@link DamagedZst} where the data is damaged or
 * ends too early, after everything before was handed out, the signal's reason when aborted, and the errors of the file.
 */
export async function* zstChunks(file: FileHandle, size: number, options: ZstOptions = {}): AsyncGenerator<Buffer> {
  const unpacked: Unpacked = { pieces: [], bytes: 0 }
  const stream = new Decompress(({ buffer, byteOffset, byteLength }) => {
    unpacked.bytes += byteLength
    if (byteLength > 0) unpacked.pieces.push(Buffer.from(buffer, byteOffset, byteLength))
  })
  for (let position = 0; ; ) {
    options.signal?.throwIfAborted()
    const wanted = Math.min(1 << 20, Math.max(size - position, 0))
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, position)
    const packed: Packed = { bytes: buffer.subarray(0, bytesRead), at: 0 }
    if (position === 0 && windowBytes(packed.bytes) > maxWindowBytes) {
      throw new DamagedZst('its zstd data asks for more memory than a transcript needs')
    }
    do {
      const damage = unpack(stream, packed, unpacked, options.maxStepMs ?? maxStepMs)
      yield* unpacked.pieces.splice(0)
      unpacked.bytes = 0
      if (damage !== undefined) throw damage
    } while (packed.at < bytesRead)
    if (bytesRead === 0) return
    position += bytesRead
    options.onRead?.(position)
  }
}

interface Packed {
  readonly bytes: Buffer
  /** So many of them were handed over. */
  at: number
}

interface Unpacked {
  readonly pieces: Buffer[]
  bytes: number
}

/** Hands bytes over until enough came out; no bytes at all are the end. */
function unpack(stream: Decompress, packed: Packed, unpacked: Unpacked, timeout: number): DamagedZst | undefined {
  return within(timeout, () => {
    do {
      stream.push(packed.bytes.subarray(packed.at, packed.at + stepBytes), packed.bytes.length === 0)
      packed.at += stepBytes
    } while (packed.at < packed.bytes.length && unpacked.bytes < enoughBytes)
  })
}

/** The decompressor can go round in circles on damaged data. */
function within(timeout: number, run: () => void): DamagedZst | undefined {
  const began = process.cpuUsage()
  try {
    runWithin(timeout, run)
    return undefined
  } catch (error) {
    const { user, system } = process.cpuUsage(began)
    // Where next to nothing was at work for this process meanwhile, the machine slept.
    const isSure = !(error instanceof TimeLimit) || (user + system) / 1000 > timeout / 10
    return new DamagedZst('its zstd data is damaged or ends too early', isSure, { cause: error })
  }
}

/**
 * How much memory the first frame asks for, in bytes; 0 where that is not told.
 * RFC 8878 §3.1.1: in a frame of a single segment its content is the window, else the window has a byte of its own.
 */
function windowBytes(bytes: Buffer): number {
  if (bytes.length < 14 || bytes.readUInt32LE(0) !== 0xfd2fb528) return 0
  const descriptor = bytes.readUInt8(4)
  if ((descriptor & 0x20) === 0) {
    const window = bytes.readUInt8(5)
    return 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8)
  }
  const at = 5 + ([0, 1, 2, 4][descriptor & 3] ?? 0)
  const size = descriptor >> 6
  if (size === 3) return bytes.length < at + 8 ? 0 : Number(bytes.readBigUInt64LE(at))
  return size === 2 ? bytes.readUInt32LE(at) : 0
}
