import { expect, test } from 'vitest'
import { sendJson } from '../../../src/daemon/http/reply.ts'
import { get, post, postBytes, type Route } from '../../../src/daemon/http/route.ts'
import { newRouter } from '../../../src/daemon/http/router.ts'
import { routes } from '../../../src/daemon/http/routes.ts'
import { HypError } from '../../../src/errors.ts'
import { version } from '../../../src/version.ts'
import { codeOf, serve } from './serving.ts'

const doc = 'For a test.'

/** Routes with parts that have names, and bodies of each kind. */
const samples: readonly Route[] = [
  get('/v1/tables/:table/rows/:row', { doc }, ({ params, query, response }) =>
    sendJson(response, 200, { table: params.table, row: params.row, from: query.get('from') }),
  ),
  postBytes('/v1/tables/:table/rows', { doc }, ({ params, body, headers, response }) =>
    sendJson(response, 202, { table: params.table, bytes: body.byteLength, type: headers['content-type'] ?? null }),
  ),
  post('/v1/tasks/:id/cancel', { doc }, ({ params, body, response }) => sendJson(response, 200, { ...params, body })),
]

test('a path with names in it brings them decoded, and its query', async () => {
  const here = await serve({ routes: samples })
  const answer = await here.ask('port', 'GET', '/v1/tables/caf%C3%A9%20au%20lait/rows/a.b?from=%2F1')
  expect(JSON.parse(answer.text)).toEqual({ table: 'café au lait', row: 'a.b', from: '/1' })
})

test('a name is never a path, nothing, or what is no text', () => {
  const find = newRouter(samples)
  expect(find('/v1/tables/t/rows')?.params).toEqual({ table: 't' })
  for (const word of ['', '%2F', '..%2Fetc', 'a%00b', 'a%0Ab', '%', '%FF', 'a/b'])
    expect({ word, found: find(`/v1/tables/${word}/rows`) }).toEqual({ word, found: undefined })
})

test('bytes come as they were sent, and a JSON object as one', async () => {
  const here = await serve({ routes: samples })
  const body = Buffer.from([0, 255, 10, 128])
  const headers = { 'content-type': 'application/x-ndjson' }
  const bytes = await here.ask('socket', 'POST', '/v1/tables/t/rows', { body, headers })
  expect(JSON.parse(bytes.text)).toEqual({ table: 't', bytes: 4, type: 'application/x-ndjson' })
  const object = await here.ask('socket', 'POST', '/v1/tasks/7/cancel', { body: '{"why": "ü"}' })
  expect(JSON.parse(object.text)).toEqual({ id: '7', body: { why: 'ü' } })
  const nothing = await here.ask('socket', 'POST', '/v1/tasks/7/cancel')
  expect(JSON.parse(nothing.text)).toEqual({ id: '7', body: {} })
})

test('what is not there is told with what is', async () => {
  const here = await serve()
  for (const path of [
    '/',
    '/v1/nothing',
    '/v1/status/',
    '//v1/status',
    '/V1/status',
    '/v1/../metrics',
    '*',
    'http://x/',
  ])
    expect(codeOf(await here.ask('port', 'GET', path))).toBe('NOT_FOUND')
  const { status, text } = await here.ask('port', 'GET', '/v1/nothing')
  expect(status).toBe(404)
  for (const { path } of routes) expect(text).toContain(path)
})

test('a method that a route does not take is told with those it takes', async () => {
  const here = await serve({ routes: [...routes, ...samples] })
  const cases = [
    ['DELETE', '/v1/status', 'GET, HEAD'],
    ['OPTIONS', '/v1/status', 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['GET', '/v1/apply', 'POST'],
    ['HEAD', '/v1/apply', 'POST'],
    ['OPTIONS', '/v1/tables/t/rows', 'POST'],
  ] as const
  for (const [method, path, allow] of cases) {
    const answer = await here.ask('port', method, path)
    expect({ method, path, status: answer.status, allow: answer.headers.allow }).toEqual({
      method,
      path,
      status: 405,
      allow,
    })
  }
})

test('HEAD says of each GET what it would answer, without the answer', async () => {
  const here = await serve()
  for (const path of ['/healthz', '/readyz', '/v1/status']) {
    const whole = await here.ask('port', 'GET', path)
    const head = await here.ask('port', 'HEAD', path)
    expect(head).toMatchObject({ status: whole.status, text: '' })
    expect(head.headers['content-length']).toBe(String(whole.text.length))
  }
})

test('a request of another version is refused at the port too, where meanings may differ', async () => {
  const here = await serve()
  const headers = { 'hyp-version': '99.0.0' }
  for (const door of ['socket', 'port'] as const) {
    const refused = await here.ask(door, 'GET', '/v1/status', { headers })
    expect(codeOf(refused)).toBe('VERSION_MISMATCH')
    expect(refused.headers['hyp-version']).toBe(version)
    expect((await here.ask(door, 'POST', '/v1/apply', { headers, body: '{}' })).status).toBe(409)
    expect((await here.ask(door, 'GET', '/healthz', { headers })).status).toBe(200)
    expect((await here.ask(door, 'GET', '/v1/status', { headers: { 'hyp-version': version } })).status).toBe(200)
  }
})

test('/healthz is well whatever the daemon says of itself; /readyz tells what is not, and with ?verbose the rest', async () => {
  const status = async (): Promise<unknown> => ({
    ready: false,
    checks: [
      { name: 'table', ok: true, message: 'there', hint: null },
      { name: 'import', ok: false, message: 'paused', hint: 'go on' },
    ],
  })
  const here = await serve({ daemon: { release: 9, status } as never })
  expect(await here.ask('port', 'GET', '/healthz')).toMatchObject({ status: 200, text: 'ok\n' })
  const failing = 'FAIL import: paused (go on)\nnot ready: 1 of 2 checks failed\n'
  expect(await here.ask('port', 'GET', '/readyz')).toMatchObject({ status: 503, text: failing })
  expect((await here.ask('port', 'GET', '/readyz?verbose')).text).toBe(`ok   table: there\n${failing}`)
  const well = await serve()
  expect(await well.ask('port', 'GET', '/readyz')).toMatchObject({ status: 200, text: 'ready\n' })
})

test('no error says what was sent: not where it is no JSON, and not where we fail on it', async () => {
  const canary = 'canary-7f3a'
  const broken: Route[] = [
    ...samples,
    postBytes('/json', { doc }, ({ body }) => void JSON.parse(body.toString())),
    postBytes('/number', { doc }, ({ body }) => void BigInt(body.toString())),
    postBytes('/own', { doc }, () => {
      throw new HypError('BODY_INVALID', 'The body is no JSON.')
    }),
  ]
  const here = await serve({ routes: broken })
  const asked = [
    ['/v1/tasks/7/cancel', 'USAGE'],
    ['/json', 'INTERNAL'],
    ['/number', 'INTERNAL'],
    ['/own', 'BODY_INVALID'],
  ] as const
  for (const [path, code] of asked) {
    for (const body of [canary, `{"a": ${canary}`, `["${canary}"]x`]) {
      const answer = await here.ask('port', 'POST', path, { body })
      expect(codeOf(answer)).toBe(code)
      expect(JSON.stringify(answer)).not.toContain('canary')
      if (code === 'INTERNAL') expect(answer.text).toMatch(/SyntaxError at [\w/.-]+:\d+\./)
    }
  }
})

test('an answer that fails on its way ends with the error', async () => {
  const route = get('/stream', { doc }, ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write('{"type":"found"}\n')
    throw new HypError('DISK_FULL', 'Nothing fits any more.')
  })
  const here = await serve({ routes: [route] })
  const { status, text } = await here.ask('port', 'GET', '/stream')
  expect(status).toBe(200)
  expect(text).toMatch(/^\{"type":"found"\}\n\{"error":\{"code":"DISK_FULL",/)
})

test('a mistake behind the end of an answer harms nobody', async () => {
  const route = get('/late', { doc }, ({ response }) => {
    sendJson(response, 200, { whole: true })
    throw new Error('too late')
  })
  const here = await serve({ routes: [route] })
  for (let round = 0; round < 2; round++)
    expect(await here.ask('port', 'GET', '/late')).toMatchObject({ status: 200, text: '{"whole":true}\n' })
})

test('each route says in one sentence what it does, and no two are the same', () => {
  for (const { path, doc: sentence } of routes) {
    expect(path).toMatch(/^(\/:?[a-z_0-9]+)+$/)
    expect(sentence).toMatch(/^[A-Z].*\.$/)
  }
  const names = routes.map(({ method, path }) => `${method} ${path}`)
  expect(names).toEqual([...new Set(names)])
})
