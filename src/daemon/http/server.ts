import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { HypError } from '../../errors.ts'
import type { Daemon } from '../daemon.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { type Admission, type Door, newAdmission } from './admission.ts'
import { newAnswering } from './answering.ts'
import { type Limits, usualLimits } from './limits.ts'
import { answerMalformed } from './malformed.ts'
import type { Route } from './route.ts'
import { routes as usualRoutes } from './routes.ts'
import { newTraffic } from './traffic.ts'

export interface HttpServer {
  /** The one it listens at, on 127.0.0.1. */
  readonly port: number
  /** Lets requests under way finish, for a while, and takes no others. */
  close(): Promise<void>
}

export interface ListenOptions {
  readonly daemon: Daemon
  /** What `homeIdentity` says of the home. */
  readonly home: string
  /** Path of the unix socket, which is made so that only its owner can open it. */
  readonly socket: string
  /** On 127.0.0.1; 0 is any free one. */
  readonly port: number
  /** What requests to the port have to show. */
  readonly token: string
  readonly metrics: Metrics
  readonly limits?: Partial<Limits>
  readonly routes?: readonly Route[]
}

/** Answers at two doors. @throws HypError CONFIG_INVALID where the port is not to be had */
export async function listen(options: ListenOptions): Promise<HttpServer> {
  const { daemon, home, metrics, routes = usualRoutes } = options
  const limits = { ...usualLimits, ...options.limits }
  const traffic = newTraffic(metrics)
  const answer = newAnswering({ daemon, home, metrics, routes, limits, traffic })
  let admit: Admission = () => {
    throw new HypError('DAEMON_UNREACHABLE', 'The daemon is starting.')
  }
  const doors = { socket: newServer('socket'), port: newServer('port') }
  try {
    await listenAtPort(doors.port, options.port)
    const { port } = doors.port.address() as AddressInfo
    admit = newAdmission({ port, token: options.token })
    await listenAtSocket(doors.socket, options.socket)
    return { port, close }
  } catch (error) {
    for (const server of Object.values(doors)) server.close()
    throw error
  }

  function newServer(door: Door): Server {
    const take = (request: IncomingMessage, response: ServerResponse): void =>
      void answer(request, response, () => admit(request, door))
    const server = createServer(
      {
        // A request without one is told why it is not let in.
        requireHostHeader: false,
        maxHeaderSize: limits.headerBytes,
        headersTimeout: limits.headerMs,
        // Bodies have a shorter limit of their own; this one is for who is not read any more.
        requestTimeout: limits.headerMs + 2 * limits.bodyMs,
        keepAliveTimeout: limits.keepAliveMs,
        connectionsCheckingInterval: Math.min(1_000, limits.headerMs),
      },
      take,
    )
    // Headers beyond a number would be left out, and one of those could be the Origin; their size is limited.
    server.maxHeadersCount = 0
    server.maxConnections = limits.connections
    server.on('checkContinue', take)
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      const underWay = traffic.endConnection(socket)
      if (underWay === 'part') socket.destroy()
      if (underWay === 'none' && answerMalformed(socket, error, limits.lingerMs)) traffic.countMalformed()
    })
    return server
  }

  async function close(): Promise<void> {
    traffic.end()
    // Whoever has not had his answer by then, or never ends his question, does not keep the daemon.
    const last = setTimeout(() => {
      for (const server of Object.values(doors)) server.closeAllConnections()
    }, limits.graceMs)
    await Promise.all(Object.values(doors).map(closeOne))
    clearTimeout(last)
  }
}

function closeOne(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}

/** Why the system does not give a port. */
const refusals: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program',
  EACCES: 'needs rights that this process does not have',
}

async function listenAtPort(server: Server, port: number): Promise<void> {
  try {
    await listening(server, () => server.listen({ host: '127.0.0.1', port }))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why = refusals[code ?? '']
    if (why === undefined) throw cause
    throw new HypError('CONFIG_INVALID', `Port ${port} of 127.0.0.1 ${why}.`, {
      hint: 'Name another one with --port or HYP_PORT; with neither, hyp takes one that is free.',
      cause,
    })
  }
}

async function listenAtSocket(server: Server, path: string): Promise<void> {
  await listening(server, () => {
    // The file is made before `listen` comes back.
    const umask = process.umask(0o177)
    try {
      server.listen(path)
    } finally {
      process.umask(umask)
    }
  })
}

function listening(server: Server, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    begin()
  })
}
