import { CompressionType, compressionRegistry } from 'apache-arrow'
import { decompressZstd } from 'hyparquet-compressors'
import { runWithin } from '../../../iceberg/time-limit.ts'
import { decompressLz4Frame } from './lz4-frame.ts'

/** Milliseconds for a buffer of a body, whatever is in it. */
const zstdMs = 10_000

/** Lets the package read compressed streams: it brings no codecs of its own. */
export function registerCodecs(): void {
  compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: frame => decompressLz4Frame(frame, lengthOf(frame)) })
  compressionRegistry.set(CompressionType.ZSTD, {
    // Damaged data can keep the decompressor going for ever.
    decode: frame => runWithin(zstdMs, () => decompressZstd(frame, new Uint8Array(lengthOf(frame)))),
  })
}

/** How many bytes come out of a buffer. The package keeps it to itself; it stands in the 8 bytes before. */
function lengthOf({ buffer, byteOffset }: Uint8Array): number {
  return Number(new DataView(buffer, byteOffset - 8, 8).getBigInt64(0, true))
}
