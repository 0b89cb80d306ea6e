import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { ErrorCode } from '../../error-catalogue.ts'
import { HypError } from '../../errors.ts'
import { largestBody } from '../../ingest/batch/parts.ts'
import type { Daemon } from '../daemon.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { longestCommand } from './limits.ts'

/** A request that was let in, and where its answer goes. */
export interface Exchange<Names extends string = never, Body = undefined> {
  readonly daemon: Daemon
  readonly metrics: Metrics
  /** Parts of the path, decoded, by their names in the pattern. */
  readonly params: Readonly<Record<Names, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Body
  readonly response: ServerResponse
}

export type JsonObject = Readonly<Record<string, unknown>>

export type Method = 'GET' | 'POST'

type Path = `/${string}`

/** One route, as the documentation has it and as it runs. */
export interface Route {
  readonly method: Method
  /** A part that begins with a colon stands for any one. */
  readonly path: Path
  /** One sentence for the documentation. */
  readonly doc: string
  /** Errors of its own, besides those that any request may meet. */
  readonly errors: readonly ErrorCode[]
  /** Bytes its body may have; 0 where a body means nothing. */
  readonly longestBody: number
  readonly answer: (exchange: Exchange<string, Buffer>) => Promise<void>
}

interface RouteFacts {
  readonly doc: string
  readonly errors?: readonly ErrorCode[]
}

/** Names in a pattern: `table` of `/v1/tables/:table/rows`. */
type NamesIn<Pattern extends string> = Pattern extends `${string}/:${infer Name}/${infer Rest}`
  ? Name | NamesIn<`/${Rest}`>
  : Pattern extends `${string}/:${infer Name}`
    ? Name
    : never

type Handler<Pattern extends Path, Body> = (exchange: Exchange<NamesIn<Pattern>, Body>) => Promise<void> | void

/** A route that is only read; it takes HEAD too. */
export function get<Pattern extends Path>(
  path: Pattern,
  { doc, errors = [] }: RouteFacts,
  handle: Handler<Pattern, undefined>,
): Route {
  const answer: Route['answer'] = async exchange => handle({ ...exchange, body: undefined })
  return { method: 'GET', path, doc, errors, longestBody: 0, answer }
}

/** A route that takes a JSON object, which may be left out. */
export function post<Pattern extends Path>(
  path: Pattern,
  { doc, errors = [] }: RouteFacts,
  handle: Handler<Pattern, JsonObject>,
): Route {
  const answer: Route['answer'] = async exchange => handle({ ...exchange, body: jsonObject(exchange.body) })
  return { method: 'POST', path, doc, errors: ['USAGE', ...errors], longestBody: longestCommand, answer }
}

/** A route that takes bytes as they come, as many as rows may have. */
export function postBytes<Pattern extends Path>(
  path: Pattern,
  { doc, errors = [] }: RouteFacts,
  handle: Handler<Pattern, Buffer>,
): Route {
  return { method: 'POST', path, doc, errors, longestBody: largestBody, answer: async exchange => handle(exchange) }
}

/** @throws HypError USAGE, which says nothing of what the body holds */
function jsonObject(bytes: Buffer): JsonObject {
  if (bytes.byteLength === 0) return {}
  try {
    const body: unknown = JSON.parse(bytes.toString('utf8'))
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as JsonObject
  } catch {
    // Its message would quote the body.
  }
  throw new HypError('USAGE', 'The body is not a JSON object.')
}
