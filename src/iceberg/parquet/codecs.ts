import type { Compressors } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { runWithin, TimeLimit } from '../time-limit.ts'

/** Milliseconds for a page, besides those for its length: on sound data it takes some hundredths of a second. */
const pageMs = 5000
/** Far fewer bytes than are decompressed in a millisecond. */
const bytesPerMs = 4096

/** The codecs of data files. What a page says of its length is compared by who reads it. */
export const codecs: Compressors = {
  ...compressors,
  // Damaged data can keep this one going for ever.
  ZSTD: (page, length) => within(pageMs + length / bytesPerMs, () => unpack(page, length)),
}

function within(limitMs: number, run: () => Uint8Array): Uint8Array {
  try {
    return runWithin(limitMs, run)
  } catch (cause) {
    if (cause instanceof TimeLimit) throw new Error('its zstd data does not come to an end', { cause })
    throw cause
  }
}

function unpack(page: Uint8Array, length: number): Uint8Array {
  const bytes = compressors.ZSTD?.(page, length)
  if (bytes === undefined) throw new Error('there is no codec for zstd')
  return bytes
}
