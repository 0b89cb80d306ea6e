import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { HypError } from '../../errors.ts'
import { errorAnswer } from './reply.ts'

/** Connections that had their last answer: what still comes on them is one mistake with what came before. */
const answered = new WeakSet<Socket>()

/** Answers what could not be read as a request, once a connection and if anybody listens; says whether it did. */
export function answerMalformed(socket: Socket, error: NodeJS.ErrnoException, lingerMs: number): boolean {
  if (answered.has(socket)) return false
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return false
  }
  answered.add(socket)
  const { status, text } = errorAnswer(known(error.code))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'connection: close',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`)
  // Its sender may still be sending, and would not read the answer of a connection that is gone.
  setTimeout(() => socket.destroy(), lingerMs).unref()
  return true
}

function known(code: string | undefined): HypError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HypError('TOO_LARGE', 'The headers are too long.', { hint: 'Send fewer or shorter ones.' })
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HypError('REQUEST_TIMEOUT', 'The request did not come in time.')
    default:
      return new HypError('USAGE', 'That is no HTTP request.', { hint: 'See docs/http.md.' })
  }
}
