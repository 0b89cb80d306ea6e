import { HypError } from '../../../errors.ts'
import { bodyInvalid } from '../body-invalid.ts'
import { mostRows } from '../limits.ts'
import { type BatchOutline, outlineOf } from './batch-outline.ts'
import { damaged, type Message, messagesOf } from './message.ts'
import { checkSchema } from './schema-check.ts'

/** An Arrow IPC stream whose messages are sound. */
export interface CheckedStream {
  readonly bytes: Uint8Array
  readonly batches: readonly BatchOutline[]
}

/** The columns of a body have at most so many bytes when they are no longer compressed. */
const largestContent = 256 * 1024 * 1024

const magic = Buffer.from('ARROW1')
/** The magic bytes and what fills them up to a multiple of 8. */
const headBytes = 8
/** The length of the footer and the magic bytes again. */
const tailBytes = 4 + magic.length

/**
 * Looks at the messages of a stream before the package reads them: it believes
 * every number it finds, and one damaged byte can make it count to two thousand
 * million, or end early without a word. A file of Arrow holds such a stream too.
 * @throws HypError BODY_INVALID, and TOO_LARGE for what is more than is taken at once
 */
export function checkedStream(body: Uint8Array): CheckedStream {
  const bytes = streamIn(body)
  const batches: BatchOutline[] = []
  let content = 0
  const messages = messagesOf(bytes)
  if (messages.length === 0) throw bodyInvalid('The Arrow stream has no schema')
  for (const [index, message] of messages.entries()) {
    if ((message.kind === 'schema') !== (index === 0))
      throw bodyInvalid('The Arrow stream does not begin with one schema', message.at)
    const outline = checkMessage(message)
    if (outline === undefined) continue
    content += outline.contentBytes
    if (content > largestContent)
      throw new HypError('TOO_LARGE', `The columns of the Arrow stream have more than ${largestContent} bytes.`)
    if (outline.rows > mostRows) throw new HypError('TOO_LARGE', `The body has more than ${mostRows} rows.`)
    if (message.kind === 'batch') batches.push(outline)
  }
  return { bytes, batches }
}

/** Of a message that holds rows or values, what it says of them. */
function checkMessage({ at, kind, header, headerBytes, body }: Message): BatchOutline | undefined {
  try {
    if (kind === 'schema') {
      checkSchema(header, headerBytes)
      return undefined
    }
    const batch = kind === 'batch' ? header : header.table(1)
    if (batch === undefined) throw damaged(at)
    return outlineOf(batch, body)
  } catch (error) {
    throw error instanceof HypError ? error : damaged(at)
  }
}

/** The stream itself, or what stands between head and footer of a file. */
function streamIn(body: Uint8Array): Uint8Array {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  let start = 0
  let end = body.length
  if (buffer.subarray(0, magic.length).equals(magic)) {
    const footerAt = body.length - tailBytes
    const footer = footerAt < headBytes ? -1 : buffer.readInt32LE(footerAt)
    start = headBytes
    end = footerAt - footer
    if (footer < 0 || end < start || !buffer.subarray(-magic.length).equals(magic))
      throw bodyInvalid('The Arrow file is cut off', body.length)
  }
  return new Uint8Array(body.buffer, body.byteOffset + start, end - start)
}
