import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { HypError } from '../../errors.ts'

/** Where a request came in: at the unix socket, which only its owner can open, or at the port on 127.0.0.1. */
export type Door = 'socket' | 'port'

export interface AdmissionOptions {
  readonly port: number
  readonly token: string
}

/** Lets a request in, or throws: HypError FORBIDDEN, UNAUTHORIZED. */
export type Admission = (request: IncomingMessage, door: Door) => void

/** What a browser says of a request that no page had a part in, or a page of ours. */
const ownFetchSites: readonly unknown[] = [undefined, 'none', 'same-origin']

/**
 * Programs of the owner come in, pages in a browser do not. A page can make the browser send requests to this machine,
 * and under a name of its own that leads here even read the answers: it cannot choose the Host, the Origin and the
 * Sec-Fetch-Site of what is sent, and it cannot know the token.
 */
export function newAdmission({ port, token }: AdmissionOptions): Admission {
  const names = ['127.0.0.1', 'localhost'].flatMap(name => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]))
  const hosts = new Set(names)
  const origins = new Set(names.map(name => `http://${name}`))
  const secret = digest(token)

  return (request, door) => {
    const { host, origin, authorization } = request.headers
    if (door === 'port' && (!hosts.has((host ?? '').toLowerCase()) || headerCount(request, 'host') !== 1))
      throw new HypError('FORBIDDEN', 'The request is for another host.', { hint: `Send it to 127.0.0.1:${port}.` })
    if (origin !== undefined && !origins.has(origin))
      throw new HypError('FORBIDDEN', 'The request comes from a page of another origin.')
    if (!ownFetchSites.includes(request.headers['sec-fetch-site']))
      throw new HypError('FORBIDDEN', 'The request comes from a page of another site.')
    if (door === 'socket') return
    const shown = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    if (shown === undefined) throw new HypError('UNAUTHORIZED', 'The request has no token.')
    // Digests are of one length, and tell nothing of how much of the text was right.
    if (!timingSafeEqual(digest(shown), secret)) throw new HypError('UNAUTHORIZED', 'The token is another one.')
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Of several headers of one name Node shows the first. */
function headerCount({ rawHeaders }: IncomingMessage, name: string): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length
}
