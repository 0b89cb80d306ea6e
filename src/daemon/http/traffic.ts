import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Metrics } from '../metrics/metrics.ts'

/** The route of a request that came to none. */
const noRoute = 'none'

const knownMethods: readonly string[] = ['GET', 'HEAD', 'POST']

/** Requests under way. */
export interface Traffic {
  /** Takes note of a request, and counts it when it is over. */
  begin(request: IncomingMessage, response: ServerResponse): Passage
  /**
   * After this a connection takes no further request. Says whether one that came on it is being answered: `whole` will
   * have its answer, of a `part` the rest will never come.
   */
  endConnection(socket: Socket): 'none' | 'whole' | 'part'
  /** Counts what was no request at all. */
  countMalformed(): void
  /** From now on no connection waits for a next request. */
  end(): void
  hasEnded(): boolean
}

export interface Passage {
  /** Says to which route a request came, by its pattern. */
  goesTo(route: string): void
}

interface UnderWay {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Its connection ends with its answer. */
  isLast: boolean
}

export function newTraffic(metrics: Metrics): Traffic {
  const underWay = new Set<UnderWay>()
  let ended = false

  function makeLast(exchange: UnderWay): void {
    exchange.isLast = true
    if (!exchange.response.headersSent) exchange.response.setHeader('connection', 'close')
  }

  return {
    begin: (request, response) => {
      const start = performance.now()
      const exchange = { request, response, isLast: false }
      let route = noRoute
      underWay.add(exchange)
      if (ended) makeLast(exchange)
      response.once('close', () => {
        underWay.delete(exchange)
        // Its headers may have gone out before, with the promise to stay.
        if (exchange.isLast) request.socket.destroySoon()
        const method = knownMethods.includes(request.method ?? '') ? (request.method as string) : 'other'
        const status = response.headersSent ? `${Math.floor(response.statusCode / 100)}xx` : 'none'
        metrics.count('hyp_http_requests_total', { route, method, status })
        metrics.observe('hyp_http_request_duration_seconds', { route, method }, (performance.now() - start) / 1000)
      })
      return { goesTo: pattern => void (route = pattern) }
    },
    endConnection: socket => {
      const exchanges = Array.from(underWay).filter(({ request }) => request.socket === socket)
      for (const exchange of exchanges) makeLast(exchange)
      if (exchanges.length === 0) return 'none'
      return exchanges.every(({ request }) => request.complete) ? 'whole' : 'part'
    },
    countMalformed: () => metrics.count('hyp_http_requests_total', { route: noRoute, method: 'other', status: '4xx' }),
    end: () => {
      ended = true
      for (const exchange of underWay) makeLast(exchange)
    },
    hasEnded: () => ended,
  }
}
