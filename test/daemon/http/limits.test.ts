import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { longestCommand } from '../../../src/daemon/http/limits.ts'
import { sendJson } from '../../../src/daemon/http/reply.ts'
import { get, post, postBytes, type Route } from '../../../src/daemon/http/route.ts'
import { largestBody } from '../../../src/ingest/batch/parts.ts'
import { type Answer, type Connection, codeOf, type Serving, serve } from './serving.ts'

const doc = 'For a test.'

const counting: readonly Route[] = [
  get('/size', { doc }, ({ response }) => sendJson(response, 200, {})),
  post('/command', { doc }, ({ response }) => sendJson(response, 200, {})),
  postBytes('/size', { doc }, ({ body, response }) => sendJson(response, 200, { bytes: body.byteLength })),
]

/** The head of a request that is let in. */
function head({ port, token }: Serving, start: string, ...more: string[]): string {
  const lines = [start, `host: 127.0.0.1:${port}`, `authorization: Bearer ${token}`, ...more]
  return `${lines.join('\r\n')}\r\n\r\n`
}

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

function documentIn(received: string): { readonly text: string } {
  return { text: received.slice(received.indexOf('\r\n\r\n') + 4) }
}

async function answerOn(connection: Connection): Promise<string> {
  return connection.received('}}\n')
}

/** What a request of its own is answered; undefined where there is no connection for it. */
async function statusOf(here: Serving): Promise<number | undefined> {
  return here.ask('port', 'GET', '/size').then(
    ({ status }) => status,
    () => undefined,
  )
}

test('a body of the longest length is taken, one byte more is not: of commands 64 KiB, of rows 32 MiB', async () => {
  const here = await serve({ routes: counting })
  const rows = Buffer.alloc(largestBody + 1, 'x')
  const whole = await here.ask('port', 'POST', '/size', { body: rows.subarray(1) })
  expect(JSON.parse(whole.text)).toEqual({ bytes: 33_554_432 })
  const more = await here.ask('port', 'POST', '/size', { body: rows })
  expect({ status: more.status, code: codeOf(more) }).toEqual({ status: 413, code: 'TOO_LARGE' })
  const command = (length: number): string => `{"x":"${'x'.repeat(length - 8)}"}`
  expect((await here.ask('port', 'POST', '/command', { body: command(longestCommand) })).status).toBe(200)
  expect((await here.ask('port', 'POST', '/command', { body: command(longestCommand + 1) })).status).toBe(413)
  expect((await here.ask('port', 'GET', '/size', { body: 'x', headers: { 'content-length': '1' } })).status).toBe(413)
})

test('a length that is too long is refused before anything is sent', async () => {
  const here = await serve({ routes: counting })
  const connection = here.connect()
  connection.write(head(here, 'POST /size HTTP/1.1', `content-length: ${largestBody + 1}`, 'expect: 100-continue'))
  const received = await answerOn(connection)
  expect(received).toMatch(/^HTTP\/1\.1 413 [^]*^connection: close\r$/im)
})

test('who waits for a word before he sends gets it where he may send', async () => {
  const here = await serve({ routes: counting })
  const connection = here.connect()
  connection.write(head(here, 'POST /size HTTP/1.1', 'content-length: 4', 'expect: 100-continue'))
  await connection.received('HTTP/1.1 100 Continue\r\n\r\n')
  connection.write('rows')
  expect(await connection.received('}\n')).toContain('{"bytes":4}')
})

test('a body that does not say its length is cut off where it is too long', async () => {
  const here = await serve({ routes: counting })
  const connection = here.connect()
  connection.write(head(here, 'POST /command HTTP/1.1', 'transfer-encoding: chunked'))
  for (let sent = 0; sent <= longestCommand; sent += 1024) connection.write(chunk('x'.repeat(1024)))
  const received = await answerOn(connection)
  expect(received).toMatch(/^HTTP\/1\.1 413 [^]*^connection: close\r$/im)
  expect(codeOf(documentIn(received))).toBe('TOO_LARGE')
})

test('a body of which nothing more comes is given up, and so is one that comes drop by drop', async () => {
  const idle = await serve({ routes: counting, limits: { bodyIdleMs: 200, lingerMs: 50 } })
  const busy = await serve({ routes: counting, limits: { bodyMs: 600, lingerMs: 50 } })
  const start = performance.now()
  const silent = idle.connect()
  silent.write(head(idle, 'POST /size HTTP/1.1', 'content-length: 100'))
  silent.write('x')
  const dripping = busy.connect()
  dripping.write(head(busy, 'POST /size HTTP/1.1', 'transfer-encoding: chunked'))
  const drops = setInterval(() => dripping.write(chunk('x')), 50)
  onTestFinished(() => clearInterval(drops))
  expect(await silent.closed).toMatch(/^HTTP\/1\.1 408 [^]*REQUEST_TIMEOUT/)
  expect(performance.now() - start).toBeGreaterThan(190)
  expect(await dripping.closed).toMatch(/^HTTP\/1\.1 408 [^]*REQUEST_TIMEOUT/)
  expect(performance.now() - start).toBeGreaterThan(590)
})

test('a sender that goes away leaves nothing behind', async () => {
  const here = await serve({ routes: counting, limits: { heldBodyBytes: 1_000 } })
  for (let round = 1; round <= 5; round++) {
    const connection = here.connect()
    connection.write(head(here, 'POST /size HTTP/1.1', 'content-length: 1000', 'expect: 100-continue'))
    connection.write('x')
    await connection.received('100 Continue')
    connection.socket.destroy()
    await connection.closed
    await expect.poll(() => here.counted()).toEqual({ '/size POST none': round })
  }
  expect((await here.ask('port', 'POST', '/size', { body: 'x'.repeat(1_000) })).status).toBe(200)
})

test.each([
  ['content-length: 800', (text: string) => text],
  ['transfer-encoding: chunked', chunk],
])('more bodies than fit into memory are put off (%s), and taken when others are done', async (length, framed) => {
  const here = await serve({ routes: counting, limits: { heldBodyBytes: 1_000 } })
  const slow = here.connect()
  slow.write(head(here, 'POST /size HTTP/1.1', length))
  slow.write(framed('x'.repeat(700)))
  const ask = (): Promise<Answer> => here.ask('port', 'POST', '/size', { body: 'x'.repeat(400) })
  // As soon as the server has them.
  await expect.poll(async () => (await ask()).status).toBe(429)
  const put = await ask()
  expect({ status: put.status, code: codeOf(put), after: put.headers['retry-after'] }).toEqual({
    status: 429,
    code: 'SPOOL_FULL',
    after: '1',
  })
  expect((await here.ask('port', 'POST', '/size', { body: 'x'.repeat(200) })).status).toBe(200)
  slow.write(framed('x'.repeat(100)))
  if (framed === chunk) slow.write('0\r\n\r\n')
  expect(await slow.received('}\n')).toContain('{"bytes":800}')
  expect((await here.ask('port', 'POST', '/size', { body: 'x'.repeat(400) })).status).toBe(200)
})

test('a compressed body is refused as such', async () => {
  const here = await serve({ routes: counting })
  const answer = await here.ask('port', 'POST', '/size', { body: 'x', headers: { 'content-encoding': 'gzip' } })
  expect({ status: answer.status, code: codeOf(answer) }).toEqual({ status: 415, code: 'MEDIA_TYPE_UNSUPPORTED' })
})

test('headers that are too long, too slow or none are answered, and the connection is closed', async () => {
  const hasty = await serve({ routes: counting, limits: { headerMs: 300, lingerMs: 100 } })
  const slow = hasty.connect()
  slow.write('GET /size HTTP/1.1\r\nhost: ')
  expect(await slow.closed).toMatch(/^HTTP\/1\.1 408 [^]*REQUEST_TIMEOUT/)
  const silent = hasty.connect()
  expect(await silent.closed).toMatch(/^(HTTP\/1\.1 408 [^]*)?$/)
  expect((await hasty.counted())['none other 4xx']).toBeGreaterThanOrEqual(1)

  const here = await serve({ routes: counting, limits: { lingerMs: 100 } })
  const long = here.connect()
  long.write(head(here, 'GET /size HTTP/1.1', `x: ${'x'.repeat(200_000)}`))
  expect(await long.closed).toMatch(/^HTTP\/1\.1 413 [^]*TOO_LARGE/)
  const garbage = here.connect()
  garbage.write('\u0016\u0003\u0001 what?\r\n\r\n')
  const received = await garbage.closed
  expect(received).toMatch(/^HTTP\/1\.1 400 /)
  expect(codeOf(documentIn(received))).toBe('USAGE')
  expect((await here.counted())['none other 4xx']).toBe(2)
})

test.each([
  ['a body nobody wants', (here: Serving) => head(here, 'POST /command HTTP/1.1', 'content-length: 1000000')],
  ['headers without end', (here: Serving) => head(here, 'GET /size HTTP/1.1').slice(0, -2)],
])('who sends %s and reads only then still reads why it was refused', async (_, start) => {
  const here = await serve({ routes: counting })
  const connection = here.connect()
  connection.socket.pause()
  connection.write(start(here))
  for (let part = 0; part < 10; part++) {
    connection.write(`x: ${'x'.repeat(20_000)}\r\n`)
    await sleep(20)
  }
  connection.socket.resume()
  expect(await connection.received('}}\n')).toMatch(/^HTTP\/1\.1 413 [^]*TOO_LARGE/)
})

test('no header is left out, however many there are', async () => {
  const here = await serve({ routes: counting })
  const connection = here.connect()
  const many = Array.from({ length: 2_500 }, () => 'a:')
  connection.write(head(here, 'GET /size HTTP/1.1', ...many, 'origin: https://evil.test'))
  expect(await connection.received('\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /)
})

test('connections beyond the limit are closed, at one door without harm to the other', async () => {
  const here = await serve({ routes: counting, limits: { connections: 4 } })
  const open = Array.from({ length: 4 }, () => here.connect())
  for (const { socket } of open) await new Promise(resolve => socket.once('connect', resolve))
  expect(await here.connect().closed).toBe('')
  expect((await here.ask('socket', 'GET', '/size')).status).toBe(200)
  open[0]?.socket.destroy()
  await expect.poll(() => statusOf(here)).toBe(200)
})

test('who was refused and does not go does not keep a connection', async () => {
  const here = await serve({ routes: counting, limits: { connections: 1, lingerMs: 100 } })
  for (const text of ['garbage\r\n\r\n', 'POST /size HTTP/1.1\r\ncontent-length: 10\r\n\r\n']) {
    const refused = (): Promise<string> => {
      const stubborn = here.connect('stubborn')
      stubborn.write(text)
      return stubborn.received('}}\n').catch(() => '')
    }
    // The connection of the one before may still be there.
    await expect.poll(refused).toMatch(/^HTTP\/1\.1 40[03] /)
    await expect.poll(() => statusOf(here)).toBe(200)
  }
})

test('one connection carries many requests, also such as are sent before the answers come', async () => {
  const here = await serve({ routes: counting })
  const connection = here.connect()
  const rows = (body: string): string => head(here, 'POST /size HTTP/1.1', `content-length: ${body.length}`) + body
  connection.write(rows('xx'))
  await connection.received('{"bytes":2}\n')
  connection.write(rows('xxx') + rows('xxxx'))
  const text = await connection.received('{"bytes":4}\n')
  expect(text).toMatch(/\{"bytes":2\}[^]*\{"bytes":3\}[^]*\{"bytes":4\}\n$/)
  expect(text).not.toMatch(/^connection: close/im)
})

test('what follows a whole request and is none ends the connection, behind the answer', async () => {
  const here = await serve({ routes: counting })
  const connection = here.connect()
  connection.write(`${head(here, 'GET /size HTTP/1.1')}\u0000\u0000`)
  expect(await connection.closed).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\{\}\n$/)
  const half = here.connect()
  half.write(head(here, 'POST /size HTTP/1.1', 'transfer-encoding: chunked'))
  half.write('no length\r\n')
  expect(await half.closed).toBe('')
  expect(await here.counted()).toEqual({ '/size GET 2xx': 1, '/size POST none': 1 })
})

test('at the end idle connections are closed, what is under way finishes, and what hangs is cut off', async () => {
  let finish = (): void => undefined
  const waiting = new Promise<void>(resolve => {
    finish = resolve
  })
  const routes = [
    ...counting,
    get('/slow', { doc }, async ({ response }) => {
      await waiting
      sendJson(response, 200, { late: true })
    }),
    get('/stream', { doc }, async ({ response }) => {
      response.write('begun\n')
      await waiting
      response.end('done\n')
    }),
  ]
  const here = await serve({ routes, limits: { graceMs: 3_000 } })
  const idle = here.connect()
  idle.write(head(here, 'GET /size HTTP/1.1'))
  await idle.received('{}\n')
  const slow = here.connect()
  slow.write(head(here, 'GET /slow HTTP/1.1'))
  const stream = here.connect()
  stream.write(head(here, 'GET /stream HTTP/1.1'))
  await stream.received('begun')
  const hanging = here.connect()
  hanging.write(head(here, 'POST /size HTTP/1.1', 'content-length: 10', 'expect: 100-continue'))
  await hanging.received('100 Continue')

  let isOver = false
  const closed = here.server.close().then(() => (isOver = true))
  await idle.closed
  finish()
  expect(await slow.closed).toMatch(/^connection: close\r$[^]*\{"late":true\}\n$/im)
  expect(await stream.closed).toContain('done')
  expect(isOver).toBe(false)
  await closed
  expect(await hanging.closed).toBe('HTTP/1.1 100 Continue\r\n\r\n')
})

test('a port that another program has is told with the way out', async () => {
  const other = createServer()
  await new Promise<void>(resolve => void other.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void other.close())
  const { port } = other.address() as { port: number }
  await expect(serve({ port })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: `Port ${port} of 127.0.0.1 is in use by another program.`,
    hint: expect.stringContaining('--port or HYP_PORT'),
  })
})
