import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { holdHome } from '../../src/daemon/hold.ts'
import { takeLock } from '../../src/daemon/lock.ts'
import { notListening, type Presence, readPresence, removePresence, writePresence } from '../../src/daemon/presence.ts'
import { homeIdentity } from '../../src/daemon/rival.ts'
import { ensureHome, type Home, homeAt } from '../../src/stores/home.ts'
import { temporaryFolder } from '../support/table.ts'

async function newHome(): Promise<Home> {
  const home = homeAt(await temporaryFolder('h'))
  await ensureHome(home)
  return home
}

/** Somebody at a socket who answers so, and what `daemon.json` says of him. */
async function somebody(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Presence> {
  const socket = join(await temporaryFolder('s'), 'hyp.sock')
  const server = createServer(answer)
  await new Promise<void>(resolve => void server.listen(socket, resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { ...gone, pid: process.pid, socket }
}

/** What a killed daemon left. */
const gone: Presence = {
  pid: 2 ** 22 + 1,
  version: '0.1.0',
  startedAt: '2026-01-01T00:00:00.000Z',
  socket: '/nowhere/hyp.sock',
  port: 1,
  tokenFile: '/nowhere/token',
}

async function expectHeld(home: Home, presence: Presence): Promise<void> {
  await writePresence(home, presence)
  await expect(holdHome(home)).rejects.toMatchObject({
    code: 'LOCKED',
    message: expect.stringContaining(`process ${presence.pid}, since ${presence.startedAt}`),
  })
  expect(await readPresence(home)).toEqual(presence)
  // The lock was given back.
  const lock = await takeLock(home)
  lock.release()
}

async function expectFree(home: Home, presence: Presence): Promise<void> {
  await writePresence(home, presence)
  const held = await holdHome(home)
  expect(await readPresence(home)).toMatchObject({ pid: process.pid, socket: null, port: null, tokenFile: null })
  await held.release()
  expect(await readPresence(home)).toBeUndefined()
}

test('a daemon that answers as that of this home keeps others out, also without the lock', async () => {
  const home = await newHome()
  const identity = await homeIdentity(home)
  const rival = await somebody((_, response) => response.writeHead(200, { 'hyp-home': identity }).end())
  await expectHeld(home, rival)
})

test('one that lives and says nothing, or turns everybody away, keeps others out too', async () => {
  const silent = await somebody(() => undefined)
  await expectHeld(await newHome(), silent)
  const full = await somebody(request => void request.socket.destroy())
  await expectHeld(await newHome(), full)
})

test('a daemon of another home, of which this one is a copy, keeps nobody out', async () => {
  const original = await homeIdentity(await newHome())
  const other = await somebody((_, response) => response.writeHead(200, { 'hyp-home': original }).end())
  await expectFree(await newHome(), other)
  const stranger = await somebody((_, response) => response.writeHead(404).end())
  await expectFree(await newHome(), stranger)
})

test('what a killed daemon left behind keeps nobody out, whoever has its number or its socket now', async () => {
  const home = await newHome()
  await expectFree(home, gone)
  await expectFree(home, { ...gone, pid: process.pid })
  await expectFree(home, { ...gone, pid: process.pid, socket: '/etc/hostname' })
  await expectFree(home, { ...gone, pid: process.pid, socket: `/tmp/${'x'.repeat(200)}` })
  await expectFree(home, { ...gone, pid: process.pid, socket: null })
  const silent = await somebody(() => undefined)
  await expectFree(home, { ...silent, pid: gone.pid })
})

test('who waited long for one that works on the home has the lock after it, though for a moment nobody says to have it', async () => {
  const home = await newHome()
  const first = await takeLock(home)
  await writePresence(home, { ...gone, ...notListening, pid: process.pid })
  let isWaiting = false
  const holding = holdHome(home, { onWait: () => (isWaiting = true) })
  await sleep(5_500)
  expect(isWaiting).toBe(true)
  // It ends, and is nobody for a moment.
  await removePresence(home)
  await sleep(200)
  first.release()
  await (await holding).release()
})

test('one that has the lock and never says who it is keeps others out', async () => {
  const home = await newHome()
  const stranger = await takeLock(home)
  await expect(holdHome(home)).rejects.toMatchObject({ code: 'LOCKED' })
  stranger.release()
})

test('a home is told from its copy, and is the same by every path', async () => {
  const [home, copy] = [await newHome(), await newHome()]
  expect(await homeIdentity(home)).toBe(await homeIdentity(homeAt(join(home.directory, 'run', '..'))))
  expect(await homeIdentity(home)).not.toBe(await homeIdentity(copy))
  expect(await homeIdentity(home)).toMatch(/^\d+-\d+$/)
})
