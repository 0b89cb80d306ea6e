import { stat } from 'node:fs/promises'
import { request } from 'node:http'
import { isAlive } from '../stores/alive.ts'
import type { Home } from '../stores/home.ts'
import { type Presence, readPresence } from './presence.ts'

/** The header in which a daemon says whose daemon it is. */
export const homeHeader = 'hyp-home'

/** Tells a home from every other, its copies among them, whichever path leads to it. */
export async function homeIdentity(home: Home): Promise<string> {
  const { dev, ino } = await stat(home.directory, { bigint: true })
  return `${dev}-${ino}`
}

/** A daemon answers this at once, whatever it does besides. */
const longestAnswerMs = 2_000

/**
 * The daemon that works on a home without holding its lock any more, which any open-and-close of the lock file in its
 * process gives up. To be asked by whoever holds the lock. What a killed daemon left behind is nobody.
 */
export async function rivalOf(home: Home): Promise<Presence | undefined> {
  const presence = await readPresence(home)
  if (typeof presence?.socket !== 'string') return undefined
  const answer = await whoseDaemon(presence.socket)
  if (answer === 'nobody') return undefined
  // One that is stopped, or has as many connections as it takes, is there all the same.
  if (answer === 'silent') return isAlive(presence.pid) ? presence : undefined
  return answer.home === (await homeIdentity(home)) ? presence : undefined
}

async function whoseDaemon(socketPath: string): Promise<'nobody' | 'silent' | { readonly home: unknown }> {
  return new Promise(resolve => {
    let connected = false
    const signal = AbortSignal.timeout(longestAnswerMs)
    const question = request({ socketPath, path: '/healthz', agent: false, signal }, answer => {
      answer.resume()
      resolve({ home: answer.headers[homeHeader] })
    })
    question.once('socket', socket => socket.once('connect', () => void (connected = true)))
    question.on('error', () => resolve(connected ? 'silent' : 'nobody'))
    question.end()
  })
}
