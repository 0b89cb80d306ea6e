import type { IncomingMessage, ServerResponse } from 'node:http'
import { HypError } from '../../errors.ts'
import { version } from '../../version.ts'
import type { Daemon } from '../daemon.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { homeHeader } from '../rival.ts'
import { drain, hasBody, newBodies } from './bodies.ts'
import type { Limits } from './limits.ts'
import { beginError } from './reply.ts'
import type { Route } from './route.ts'
import { type Found, newRouter } from './router.ts'
import type { Traffic } from './traffic.ts'

export interface AnsweringOptions {
  readonly daemon: Daemon
  readonly home: string
  readonly metrics: Metrics
  readonly routes: readonly Route[]
  readonly limits: Limits
  readonly traffic: Traffic
}

/** Answers one request. Never throws. */
export type Answering = (request: IncomingMessage, response: ServerResponse, admit: () => void) => Promise<void>

export function newAnswering({ daemon, home, metrics, routes, limits, traffic }: AnsweringOptions): Answering {
  const find = newRouter(routes)
  const bodies = newBodies(limits)
  const patterns = [...new Set(routes.map(({ path }) => path))].join(', ')

  return async (request, response, admit) => {
    const passage = traffic.begin(request, response)
    forBrowsers(response)
    try {
      // Whoever is not let in learns nothing, and not a byte of his body is read.
      admit()
      response.setHeader('hyp-version', version)
      response.setHeader('hyp-pid', process.pid)
      response.setHeader(homeHeader, home)
      if (traffic.hasEnded()) throw new HypError('DAEMON_UNREACHABLE', 'The daemon is stopping.')
      const { path, query } = targetOf(request)
      const found = find(path)
      if (found === undefined)
        throw new HypError('NOT_FOUND', `There is no ${path} here.`, { hint: `There are ${patterns}.` })
      passage.goesTo(found.pattern)
      const route = methodOf(request, response, found)
      checkVersion(request, route)
      const body = await bodies.read(request, response, route.longestBody)
      try {
        const { params } = found
        await route.answer({ daemon, metrics, params, query, headers: request.headers, body: body.bytes, response })
      } finally {
        body.release()
      }
    } catch (error) {
      await refuse(request, response, error)
    }
  }

  /** Closed while its sender is still sending, a connection would be reset before he has read why. */
  async function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    if (response.destroyed || response.writableEnded) return
    const isUnread = hasBody(request) && !request.readableEnded
    if (isUnread && !response.headersSent) response.setHeader('connection', 'close')
    beginError(response, error)
    if (isUnread) await drain(request, limits.lingerMs)
    response.end()
  }
}

/** No page may read an answer, take it for a script or an image, or keep it. */
function forBrowsers(response: ServerResponse): void {
  response.setHeader('cache-control', 'no-store')
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('cross-origin-resource-policy', 'same-origin')
}

/** Not by URL: it takes what stands behind two slashes for a host, and puts paths right that are none of ours. */
function targetOf({ url = '' }: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  const mark = url.indexOf('?')
  if (mark === -1) return { path: url, query: new URLSearchParams() }
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) }
}

function methodOf({ method = '' }: IncomingMessage, response: ServerResponse, { pattern, methods }: Found): Route {
  const route = methods.get(method)
  if (route !== undefined) return route
  const allowed = [...methods.keys()].join(', ')
  response.setHeader('allow', allowed)
  throw new HypError('METHOD_NOT_ALLOWED', `${pattern} takes ${allowed}, not ${method}.`)
}

/** A command and a daemon of different versions may mean different things by the same words. */
function checkVersion({ headers }: IncomingMessage, { path }: Route): void {
  const theirs = headers['hyp-version']
  if (path.startsWith('/v1/') && theirs !== undefined && theirs !== version)
    throw new HypError(
      'VERSION_MISMATCH',
      `The daemon is version ${version}, the command is version ${String(theirs)}.`,
    )
}
