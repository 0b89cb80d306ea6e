import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { errorCatalogue, errorDocument, HypError, toHypError } from '../../errors.ts'
import { printJson } from '../../iceberg/json.ts'
import { version } from '../../version.ts'
import type { Daemon } from '../daemon.ts'
import { sendJson } from './reply.ts'
import { routes } from './routes.ts'

export interface HttpServer {
  close(): Promise<void>
}

/** How long connections may live on when the daemon stops. */
const graceMs = 1_000

/** A request's body may not be longer than this many bytes. */
const longestBody = 64 * 1024

/** Listens on a unix socket that only its owner can open. */
export async function listen(path: string, daemon: Daemon): Promise<HttpServer> {
  const server = createServer((request, response) => void answer(request, response, daemon))
  server.headersTimeout = 5_000
  server.requestTimeout = 10_000
  const umask = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
  } finally {
    process.umask(umask)
  }
  return {
    close: () =>
      new Promise(resolve => {
        // Whoever has not had his answer by then, or never ends his question, does not keep the daemon.
        const last = setTimeout(() => server.closeAllConnections(), graceMs)
        server.close(() => {
          clearTimeout(last)
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, daemon: Daemon): Promise<void> {
  response.setHeader('hyp-version', version)
  response.setHeader('hyp-pid', process.pid)
  try {
    const url = new URL(request.url ?? '/', 'http://hyp')
    const methods = routes.get(url.pathname)
    if (methods === undefined)
      throw new HypError('USAGE', `There is no ${url.pathname} here.`, {
        hint: `There are ${[...routes.keys()].join(', ')}.`,
      })
    const handler = methods[request.method ?? '']
    if (handler === undefined)
      throw new HypError('USAGE', `${url.pathname} takes ${Object.keys(methods).join(', ')}, not ${request.method}.`)
    checkVersion(request, url.pathname)
    await handler({ daemon, query: url.searchParams, body: await readBody(request), response })
  } catch (error) {
    fail(response, error)
  }
}

/** A command and a daemon of different versions may mean different things by the same words. */
function checkVersion(request: IncomingMessage, path: string): void {
  const theirs = request.headers['hyp-version']
  if (path.startsWith('/v1/') && theirs !== undefined && theirs !== version) {
    throw new HypError(
      'VERSION_MISMATCH',
      `The daemon is version ${version}, the command is version ${String(theirs)}.`,
    )
  }
}

async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += (chunk as Buffer).byteLength
    if (length > longestBody) throw new HypError('USAGE', `The body is longer than ${longestBody} bytes.`)
    chunks.push(chunk as Buffer)
  }
  if (length === 0) return {}
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>
  } catch {
    // said below
  }
  throw new HypError('USAGE', 'The body is not a JSON object.')
}

function fail(response: ServerResponse, error: unknown): void {
  const known = toHypError(error)
  const document = { error: errorDocument(known) }
  if (response.headersSent) {
    response.end(`${printJson(document)}\n`)
    return
  }
  sendJson(response, errorCatalogue[known.code].http, document)
}
