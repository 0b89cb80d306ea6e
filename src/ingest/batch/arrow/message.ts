import { bodyInvalid } from '../body-invalid.ts'
import { type FlatTable, rootTable } from './flat-table.ts'

/** A message of an Arrow IPC stream (Columnar Format, "Encapsulated message format"). */
export interface Message {
  /** Where it begins in the stream. */
  readonly at: number
  readonly kind: 'schema' | 'dictionary' | 'batch'
  readonly header: FlatTable
  /** Bytes of what describes it. */
  readonly headerBytes: number
  /** The bytes of its columns. */
  readonly body: DataView
}

/** By their numbers in `Message.fbs`. */
const kinds = [undefined, 'schema', 'dictionary', 'batch'] as const
/** Version 4 of the metadata, that of Arrow 0.8. */
const oldestVersion = 3
const continuation = -1

/**
 * The messages of a stream, to its end.
 * @throws HypError BODY_INVALID for a stream that is cut off or not one
 */
export function messagesOf(stream: Uint8Array): Message[] {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength)
  const messages: Message[] = []
  for (let at = 0; at < stream.length; ) {
    const start = headerStart(view, at)
    const headerBytes = view.getInt32(start - 4, true)
    if (headerBytes === 0) {
      if (start < stream.length) throw bodyInvalid('Something follows the end of the Arrow stream', start)
      break
    }
    const bodyStart = start + headerBytes
    if (headerBytes < 0 || bodyStart > stream.length) throw cutOff(at)
    const { kind, header, bodyLength } = described(stream.subarray(start, bodyStart), at)
    if (bodyLength > stream.length - bodyStart) throw cutOff(at)
    const body = new DataView(stream.buffer, stream.byteOffset + bodyStart, bodyLength)
    messages.push({ at, kind, header, headerBytes, body })
    at = bodyStart + bodyLength
  }
  return messages
}

/** Where the header begins: behind its length, which a mark precedes since Arrow 0.15. */
function headerStart(view: DataView, at: number): number {
  if (view.byteLength - at < 4) throw cutOff(at)
  if (view.getInt32(at, true) !== continuation) return at + 4
  if (view.byteLength - at < 8) throw cutOff(at)
  return at + 8
}

function described(bytes: Uint8Array, at: number): Pick<Message, 'kind' | 'header'> & { readonly bodyLength: number } {
  try {
    const root = rootTable(bytes)
    const kind = kinds[root.byte(1)]
    const header = root.table(2)
    if (kind === undefined || header === undefined || root.int16(0) < oldestVersion) throw damaged(at)
    // Custom metadata, of which nothing is wanted, is counted by the package all the same.
    root.vector(4, 4)
    return { kind, header, bodyLength: root.length(3) }
  } catch {
    throw damaged(at)
  }
}

export function damaged(at: number): Error {
  return bodyInvalid('A message of the Arrow stream is damaged', at)
}

function cutOff(at: number): Error {
  return bodyInvalid('The Arrow stream is cut off in a message', at)
}
