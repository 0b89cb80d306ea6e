import { HypError } from '../../errors.ts'
import type { BatchFormat } from './format.ts'
import { detectFormat } from './format.ts'
import { mostRows } from './limits.ts'

/** Rows in one request have at most so many bytes. */
export const largestBody: number = 32 * 1024 * 1024

/** As much of a file as is taken at once. */
export interface BodyPart {
  readonly body: Uint8Array
  readonly format: BatchFormat
}

/**
 * Cuts a stream of rows into bodies: one where it is short enough, so that it is taken whole or not at all, else several
 * that end with a line, none with more rows than are taken at once.
 * @param format what the stream holds; when left out, its first bytes tell
 * @throws HypError TOO_LARGE for a long stream that does not consist of lines, and for a line longer than a body
 */
export async function* bodyParts(stream: AsyncIterable<Uint8Array>, format?: BatchFormat): AsyncGenerator<BodyPart> {
  let held: Uint8Array[] = []
  let length = 0
  let known = format
  for await (const chunk of stream) {
    held.push(chunk)
    length += chunk.byteLength
    while (length > largestBody) {
      const bytes = Buffer.concat(held)
      known ??= detectFormat(bytes)
      if (known !== 'ndjson')
        throw new HypError('TOO_LARGE', `The rows are more than ${largestBody} bytes of ${known}.`, {
          hint: 'Send them as NDJSON, one JSON object a line: that can be taken in parts.',
        })
      const end = endOfLines(bytes)
      if (end === 0) throw new HypError('TOO_LARGE', `A line is longer than ${largestBody} bytes.`)
      yield { body: bytes.subarray(0, end), format: known }
      held = [bytes.subarray(end)]
      length = bytes.byteLength - end
    }
  }
  let rest = Buffer.concat(held)
  known ??= detectFormat(rest)
  while (rest.byteLength > 0) {
    const end = known === 'ndjson' ? endOfLines(rest) || rest.byteLength : rest.byteLength
    yield { body: rest.subarray(0, end), format: known }
    rest = rest.subarray(end)
  }
}

/** Where the last line ends that is taken with those before it; 0 where the first is too long. The last of all needs no end. */
function endOfLines(bytes: Buffer): number {
  let end = 0
  for (let lines = 0; lines < mostRows; lines++) {
    const next = bytes.indexOf(0x0a, end) + 1
    if (next === 0 || next > largestBody) return next === 0 && bytes.byteLength <= largestBody ? bytes.byteLength : end
    end = next
  }
  return end
}
