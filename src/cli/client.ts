import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { readPresence } from '../daemon/presence.ts'
import { type ErrorDocument, errorOf, HypError } from '../errors.ts'
import { parseJson } from '../iceberg/json.ts'
import type { Home } from '../stores/home.ts'
import { version } from '../version.ts'

/** A running daemon, as a command sees it. */
export interface DaemonClient {
  /** Its process: known whatever version it is of. */
  readonly pid: number
  get<Answer>(path: string): Promise<Answer>
  post<Answer>(path: string, body: object, signal?: AbortSignal): Promise<Answer>
  /** Posts bytes as they are, and gives the answer with its headers. */
  send(
    path: string,
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<{ readonly document: unknown; readonly headers: IncomingHttpHeaders }>
  /** Posts, and hands over each line of an NDJSON answer as it comes. */
  stream(path: string, body: object, onLine: (line: unknown) => void, signal: AbortSignal): Promise<void>
}

/** A daemon always answers at once, also while it imports. */
const longestAnswerMs = 5_000

/** The daemon of a home; undefined when none runs. @throws HypError DAEMON_UNREACHABLE when one is there and says nothing */
export async function findDaemon(home: Home): Promise<DaemonClient | undefined> {
  const presence = await readPresence(home)
  const socket = presence?.socket
  if (socket === undefined || socket === null) return undefined
  const patience = AbortSignal.timeout(longestAnswerMs)
  try {
    const response = await send(socket, 'GET', '/healthz', undefined, patience)
    response.resume()
    return client(socket, Number(response.headers['hyp-pid']))
  } catch {
    if (!patience.aborted) return undefined
    throw new HypError(
      'DAEMON_UNREACHABLE',
      `The daemon, process ${presence?.pid}, did not answer within ${longestAnswerMs / 1000} s.`,
      { hint: 'Try again; if it stays so, end that process. What is stored is safe.' },
    )
  }
}

function client(socket: string, pid: number): DaemonClient {
  return {
    pid,
    get: async path => (await document(await send(socket, 'GET', path))) as never,
    post: async (path, body, signal) => (await document(await send(socket, 'POST', path, body, signal))) as never,
    send: async (path, body, headers, signal) => {
      const response = await send(socket, 'POST', path, body, signal, headers)
      return { document: await document(response), headers: response.headers }
    },
    stream: async (path, body, onLine, signal) => {
      const response = await send(socket, 'POST', path, body, signal)
      if (response.statusCode !== 200) return void (await document(response))
      for await (const line of linesOf(response)) {
        const parsed = parseJson(line)
        if (typeof parsed === 'object' && parsed !== null && 'error' in parsed) throw remoteError(parsed)
        onLine(parsed)
      }
    },
  }
}

async function send(
  socketPath: string,
  method: string,
  path: string,
  body?: object,
  signal?: AbortSignal,
  more: Readonly<Record<string, string>> = {},
): Promise<IncomingMessage> {
  try {
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = request(
        {
          socketPath,
          method,
          path,
          headers: { 'hyp-version': version, 'content-type': 'application/json', ...more },
          ...(signal === undefined ? {} : { signal }),
        },
        resolve,
      )
      outgoing.once('error', reject)
      outgoing.end(body === undefined || body instanceof Uint8Array ? body : JSON.stringify(body))
    })
  } catch (cause) {
    if (signal?.aborted === true)
      throw new HypError('INTERRUPTED', 'The command was interrupted; the daemon goes on with its work.', {
        hint: '`hyp status` and `hyp tasks` say what became of it.',
      })
    throw new HypError('DAEMON_UNREACHABLE', `The daemon does not answer: ${(cause as Error).message}.`, { cause })
  }
}

async function document(response: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const piece of piecesOf(response)) text += piece
  const parsed = parseJson(text)
  if ((response.statusCode ?? 500) >= 300) throw remoteError(parsed)
  return parsed
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of piecesOf(response)) {
    const parts = (rest + piece).split('\n')
    rest = parts.pop() ?? ''
    yield* parts.filter(line => line !== '')
  }
}

/** The text of an answer as it comes. @throws HypError DAEMON_UNREACHABLE where it does not come to its end */
async function* piecesOf(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding('utf8')
  try {
    for await (const chunk of response) yield chunk as string
  } catch (cause) {
    throw new HypError('DAEMON_UNREACHABLE', 'The daemon ended before its answer was complete.', { cause })
  }
}

/** The daemon's error as if it had happened here: same code, so same exit status. */
function remoteError(answer: unknown): HypError {
  return errorOf((answer as { readonly error?: Partial<ErrorDocument> } | null)?.error)
}
