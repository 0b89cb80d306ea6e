import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { HypError, toHypError } from '../../errors.ts'
import type { Limits } from './limits.ts'

/** A body in memory, counted until it is released. */
export interface HeldBody {
  readonly bytes: Buffer
  readonly release: () => void
}

/** Reads bodies, and knows how much of them is in memory. */
export interface Bodies {
  /**
   * The whole body of a request. Its length is looked at before anything is read.
   * @throws HypError TOO_LARGE, SPOOL_FULL, REQUEST_TIMEOUT, MEDIA_TYPE_UNSUPPORTED, INTERRUPTED where the sender went away
   */
  read(request: IncomingMessage, response: ServerResponse, longest: number): Promise<HeldBody>
}

const nothing: HeldBody = { bytes: Buffer.alloc(0), release: () => undefined }

export function newBodies(limits: Limits): Bodies {
  let held = 0

  /** Bytes of one body, counted among all that are held. */
  function newShare(): { readonly grow: (bytes: number) => void; readonly release: () => void } {
    let share = 0
    return {
      grow: bytes => {
        if (held + bytes > limits.heldBodyBytes)
          throw new HypError('SPOOL_FULL', 'As many requests are being read as fit into memory.', {
            hint: 'Send the same request again in a second.',
          })
        held += bytes
        share += bytes
      },
      release: () => {
        held -= share
        share = 0
      },
    }
  }

  return {
    read: async (request, response, longest) => {
      if (!hasBody(request)) return nothing
      const declared = declaredLength(request)
      if (declared !== undefined && declared > longest) throw tooLarge(longest)
      const encoding = request.headers['content-encoding'] ?? 'identity'
      if (encoding !== 'identity')
        throw new HypError('MEDIA_TYPE_UNSUPPORTED', 'The body is compressed.', { hint: 'Send it as it is.' })
      const share = newShare()
      try {
        if (declared !== undefined) share.grow(declared)
        // Who waits for this word has not sent anything yet, and would not have in case of a refusal.
        if (request.headers.expect !== undefined) response.writeContinue()
        const bytes = await readAll(request, {
          declared,
          limits,
          take: (chunk, length) => {
            if (length > longest) throw tooLarge(longest)
            if (declared === undefined) share.grow(chunk)
          },
        })
        return { bytes, release: share.release }
      } catch (error) {
        share.release()
        throw error
      }
    },
  }
}

interface Reading {
  readonly declared: number | undefined
  readonly limits: Limits
  /** Told of each piece and of the length so far; throws where that is too much. */
  readonly take: (chunk: number, length: number) => void
}

function readAll(request: IncomingMessage, { declared, limits, take }: Reading): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // A body of known length is put together in place: joined at the end, it would be in memory twice.
    const whole = declared === undefined ? undefined : Buffer.allocUnsafe(declared)
    const pieces: Buffer[] = []
    let length = 0
    const start = performance.now()
    const idle = setTimeout(() => settle(() => reject(late())), limits.bodyIdleMs)
    const settle = (act: () => void): void => {
      clearTimeout(idle)
      request.off('data', onData).off('end', onEnd).off('close', onGone).pause()
      act()
    }
    const onData = (chunk: Buffer): void => {
      try {
        if (performance.now() - start > limits.bodyMs) throw late()
        take(chunk.byteLength, length + chunk.byteLength)
        if (whole === undefined) pieces.push(chunk)
        else chunk.copy(whole, length)
        length += chunk.byteLength
        idle.refresh()
      } catch (error) {
        settle(() => reject(toHypError(error)))
      }
    }
    const onEnd = (): void => settle(() => resolve(whole ?? Buffer.concat(pieces, length)))
    const onGone = (): void =>
      settle(() => reject(new HypError('INTERRUPTED', 'The sender went away before the body was complete.')))
    request.on('data', onData).once('end', onEnd).once('close', onGone)
  })
}

export function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || (declaredLength(request) ?? 0) > 0
}

/** Takes in for a while what is still sent of a body that nobody wants, so that its sender comes to read the answer. */
export async function drain(request: IncomingMessage, ms: number): Promise<void> {
  if (request.readableEnded || request.destroyed) return
  const over = new AbortController()
  const ended = new Promise<void>(resolve => void request.once('end', resolve).once('close', resolve))
  request.resume()
  await Promise.race([ended, sleep(ms, undefined, { signal: over.signal }).catch(() => undefined)])
  over.abort()
}

/** The parser of Node has refused what is no number. */
function declaredLength({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length']
  return length === undefined ? undefined : Number(length)
}

function tooLarge(longest: number): HypError {
  if (longest === 0) return new HypError('TOO_LARGE', 'A body means nothing here.', { hint: 'Leave it out.' })
  return new HypError('TOO_LARGE', `The body is longer than ${longest} bytes.`)
}

function late(): HypError {
  return new HypError('REQUEST_TIMEOUT', 'The body did not come in time.')
}
