import type { ServerResponse } from 'node:http'
import { errorCatalogue } from '../../error-catalogue.ts'
import { errorDocument, HypError, toHypError } from '../../errors.ts'
import { printJson } from '../../iceberg/json.ts'

/** Answers with one JSON document. */
export function sendJson(response: ServerResponse, status: number, document: unknown): void {
  send(response, status, 'application/json', `${printJson(document)}\n`)
}

/** Answers with text, of which each line ends with a line feed. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, 'text/plain; charset=utf-8', text)
}

export function send(response: ServerResponse, status: number, contentType: string, text: string): void {
  begin(response, status, contentType, text)
  response.end(text)
}

interface ErrorAnswer extends Pick<HypError, 'code' | 'details'> {
  readonly status: number
  readonly text: string
}

/** An error as it is answered: its status, and its document as text. */
export function errorAnswer(error: unknown): ErrorAnswer {
  const known = withoutContent(error)
  const text = `${printJson({ error: errorDocument(known) })}\n`
  return { code: known.code, status: errorCatalogue[known.code].http, details: known.details, text }
}

/** The headers of an error and all of its document, but not yet the end of the answer. */
export function beginError(response: ServerResponse, error: unknown): void {
  const { code, status, details, text } = errorAnswer(error)
  if (response.headersSent) return void response.write(text)
  if (code === 'UNAUTHORIZED') response.setHeader('www-authenticate', 'Bearer')
  // Seconds, where it is known that it takes longer.
  if (status === 429) response.setHeader('retry-after', Number(details['retryAfter'] ?? 1))
  begin(response, status, 'application/json', text)
  response.write(text)
}

function begin(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) })
}

/**
 * Messages of what is no error of ours may quote what was sent: that of JSON.parse does, and so does that of BigInt.
 * Instead of it the place is told.
 */
function withoutContent(error: unknown): HypError {
  const known = toHypError(error)
  if (known.code !== 'INTERNAL' || error instanceof HypError) return known
  const { name, message, stack = '' } = error instanceof Error ? error : new Error('something else was thrown')
  const frames = stack.slice(stack.indexOf(message) + message.length)
  const place = /\/(?:dist|src)\/([\w./-]+:\d+):\d+\)?$/m.exec(frames)?.[1] ?? 'an unknown place'
  return new HypError('INTERNAL', `A mistake in hyp itself: ${name} at ${place}.`, {
    hint: 'Report it, with what was asked for.',
  })
}
