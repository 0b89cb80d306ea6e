import { type IncomingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Daemon } from '../../../src/daemon/daemon.ts'
import { type HttpServer, type ListenOptions, listen } from '../../../src/daemon/http/server.ts'
import { type Metrics, openMetrics } from '../../../src/daemon/metrics/metrics.ts'
import { temporaryFolder } from '../../support/table.ts'

/** A server at both of its doors, without a daemon behind it. */
export interface Serving {
  readonly server: HttpServer
  readonly metrics: Metrics
  readonly socket: string
  readonly port: number
  readonly token: string
  /** One request at the socket, or at the port with the token. */
  ask(door: 'socket' | 'port', method: string, path: string, options?: Asking): Promise<Answer>
  /** A bare connection to the port, which a stubborn one does not close when the other side does. */
  connect(manner?: 'stubborn'): Connection
  /** Counted requests by `route method status`. */
  counted(): Promise<Record<string, number>>
}

export interface Asking {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Connection {
  readonly socket: Socket
  write(text: string | Buffer): void
  /** All that was received when the other side closed. */
  readonly closed: Promise<string>
  /** What was received once it holds this. */
  received(part: string): Promise<string>
}

/** A daemon of which nothing but its state is asked. */
const idle: Daemon = {
  release: 9,
  status: async () => ({ ready: true, checks: [{ name: 'table', ok: true, message: 'there', hint: null }] }),
} as unknown as Daemon

export async function serve(options: Partial<ListenOptions> = {}): Promise<Serving> {
  const socket = join(await temporaryFolder('s'), 'hyp.sock')
  const token = 'x'.repeat(43)
  const metrics = await openMetrics()
  const server = await listen({ daemon: idle, home: '1-2', socket, port: 0, token, metrics, ...options })
  onTestFinished(() => server.close())
  const { port } = server
  return {
    server,
    metrics,
    socket,
    port,
    token,
    ask: (door, method, path, { headers = {}, body } = {}) =>
      new Promise((resolve, reject) => {
        const to = door === 'socket' ? { socketPath: socket } : { host: '127.0.0.1', port }
        const shown = door === 'socket' ? {} : { authorization: `Bearer ${token}` }
        const all = Object.entries({ ...shown, ...headers }).filter(([, value]) => value !== '')
        const question = request({ ...to, method, path, headers: Object.fromEntries(all), agent: false }, answer => {
          let text = ''
          answer.setEncoding('utf8')
          answer.on('data', (chunk: string) => (text += chunk))
          answer.once('error', reject)
          answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
        })
        question.once('error', reject)
        question.end(body)
      }),
    connect: manner => connectionTo(port, manner === 'stubborn'),
    counted: async () => {
      const { text } = await metrics.read()
      const samples = text.matchAll(
        /^hyp_http_requests_total\{route="([^"]*)",method="([^"]*)",status="([^"]*)"\} (\d+)$/gm,
      )
      return Object.fromEntries(
        Array.from(samples, ([, route, method, status, count]) => [`${route} ${method} ${status}`, Number(count)]),
      )
    },
  }
}

function connectionTo(port: number, allowHalfOpen: boolean): Connection {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen })
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => (text += chunk))
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  return {
    socket,
    write: data => void socket.write(data),
    closed: new Promise(resolve => socket.once('close', () => resolve(text))),
    received: async part => {
      while (!text.includes(part)) {
        if (socket.destroyed) throw new Error(`closed before ${part} came: ${text}`)
        await new Promise(resolve => void socket.once('data', resolve).once('close', resolve))
      }
      return text
    },
  }
}

/** The code of an error's document. */
export function codeOf({ text }: { readonly text: string }): string {
  return (JSON.parse(text) as { error: { code: string } }).error.code
}
