import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { version } from '../../../src/version.ts'
import { codeOf, serve } from './serving.ts'

test('the socket is its owner’s, and who comes there needs no token', async () => {
  const here = await serve()
  expect(statSync(here.socket).mode & 0o777).toBe(0o600)
  expect((await here.ask('socket', 'GET', '/healthz')).status).toBe(200)
  // Nobody can reach it from another machine or by another name.
  expect((await here.ask('socket', 'GET', '/healthz', { headers: { host: 'whatever' } })).status).toBe(200)
})

test('who comes to the port shows the token; else he learns neither version nor process', async () => {
  const here = await serve()
  const shown = ['', 'Bearer', `Bearer ${'y'.repeat(43)}`, `Basic ${here.token}`, here.token, `Bearer ${here.token}x`]
  for (const authorization of shown) {
    for (const path of ['/healthz', '/v1/status', '/nothing', '/metrics']) {
      const answer = await here.ask('port', 'GET', path, { headers: { authorization } })
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toBe('Bearer')
      expect(codeOf(answer)).toBe('UNAUTHORIZED')
      expect(Object.keys(answer.headers).filter(name => name.startsWith('hyp-'))).toEqual([])
    }
  }
  const answer = await here.ask('port', 'GET', '/healthz')
  expect(answer).toMatchObject({ status: 200, text: 'ok\n' })
  expect(answer.headers).toMatchObject({ 'hyp-version': version, 'hyp-pid': String(process.pid), 'hyp-home': '1-2' })
  expect(
    (await here.ask('port', 'GET', '/healthz', { headers: { authorization: `bearer  ${here.token}` } })).status,
  ).toBe(200)
})

test('the port answers to its own names only', async () => {
  const here = await serve()
  const statusFor = async (host: string): Promise<number> =>
    (await here.ask('port', 'GET', '/healthz', { headers: { host } })).status
  for (const own of [`127.0.0.1:${here.port}`, `localhost:${here.port}`, `LOCALHOST:${here.port}`])
    expect({ own, status: await statusFor(own) }).toEqual({ own, status: 200 })
  const others = ['evil.test', `evil.test:${here.port}`, '127.0.0.1', 'localhost', `127.0.0.1:${here.port + 1}`]
  const nearly = [`localhost.:${here.port}`, `127.1:${here.port}`, `[::1]:${here.port}`, `localhost:0${here.port}`]
  for (const other of [...others, ...nearly])
    expect({ other, status: await statusFor(other) }).toEqual({ other, status: 403 })
})

test.each([
  ['no host', ''],
  ['two hosts', 'host: 127.0.0.1:PORT\r\nhost: evil.test\r\n'],
  ['two hosts, the other way around', 'host: evil.test\r\nhost: 127.0.0.1:PORT\r\n'],
])('a request to the port with %s is not let in', async (_, hosts) => {
  const here = await serve()
  const connection = here.connect()
  const authorization = `authorization: Bearer ${here.token}\r\n`
  connection.write(`GET /healthz HTTP/1.1\r\n${hosts.replace('PORT', String(here.port))}${authorization}\r\n`)
  expect(await connection.received('\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /)
})

test('a request of a page of another origin is let in nowhere, with any method and with the token', async () => {
  const here = await serve()
  const others = ['https://evil.test', 'null', 'http://localhost:1', 'file://', `https://localhost:${here.port}`]
  for (const door of ['socket', 'port'] as const) {
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE', 'PUT']) {
      for (const origin of others) {
        const answer = await here.ask(door, method, '/v1/status', { headers: { origin } })
        expect({ door, method, origin, status: answer.status }).toEqual({ door, method, origin, status: 403 })
        if (method !== 'HEAD') expect(codeOf(answer)).toBe('FORBIDDEN')
      }
    }
    for (const origin of [`http://127.0.0.1:${here.port}`, `http://localhost:${here.port}`])
      expect((await here.ask(door, 'GET', '/healthz', { headers: { origin } })).status).toBe(200)
  }
})

test('a request that a browser says another site had a part in is not let in', async () => {
  const here = await serve()
  for (const door of ['socket', 'port'] as const) {
    for (const [site, status] of [
      ['cross-site', 403],
      ['same-site', 403],
      ['something-new', 403],
      ['same-origin', 200],
      ['none', 200],
    ] as const) {
      const answer = await here.ask(door, 'GET', '/healthz', { headers: { 'sec-fetch-site': site } })
      expect({ site, status: answer.status }).toEqual({ site, status })
    }
  }
})

test('no answer allows a page anything', async () => {
  const here = await serve()
  const asked = [
    ['GET', '/healthz'],
    ['OPTIONS', '/v1/status'],
    ['GET', '/nothing'],
    ['POST', '/metrics'],
  ] as const
  for (const door of ['socket', 'port'] as const) {
    for (const [method, path] of asked) {
      for (const headers of [{}, { origin: 'https://evil.test' }, { authorization: 'Bearer guessed' }]) {
        const answer = await here.ask(door, method, path, { headers })
        expect(Object.keys(answer.headers).filter(name => name.startsWith('access-control'))).toEqual([])
        expect(answer.headers).toMatchObject({
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
          'cross-origin-resource-policy': 'same-origin',
        })
      }
    }
  }
})

test.each([
  ['no token', {}],
  ['another host', { host: 'evil.test' }],
  ['another origin', { origin: 'https://evil.test' }],
])('a request with %s is refused before its body is read', async (_, more) => {
  const here = await serve()
  const connection = here.connect()
  const headers = { host: `127.0.0.1:${here.port}`, 'content-length': '1000000000', ...more }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  connection.write(`POST /v1/apply HTTP/1.1\r\n${lines.join('')}expect: 100-continue\r\n\r\n`)
  const head = await connection.received('\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1\.1 40[13] /)
  expect(head).toMatch(/^connection: close\r$/im)
})

test('who sends all the same comes to read why it is refused', async () => {
  const here = await serve()
  const body = Buffer.alloc(20_000_000, 'x')
  for (const headers of [{ authorization: '' }, { origin: 'https://evil.test' }]) {
    const answer = await here.ask('port', 'POST', '/v1/apply', { body, headers })
    expect([401, 403]).toContain(answer.status)
  }
})

test('a web socket is not opened', async () => {
  const here = await serve()
  const upgrade = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'x',
  }
  const answer = await here.ask('port', 'GET', '/v1/status', { headers: { ...upgrade, origin: 'https://evil.test' } })
  expect(answer.status).toBe(403)
})
