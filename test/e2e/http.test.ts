import { once } from 'node:events'
import { chmodSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { errorCatalogue } from '../../src/error-catalogue.ts'
import { version } from '../../src/version.ts'
import { type Answer, machine, write } from '../support/home.ts'
import { addHistory } from '../support/transcripts.ts'

/** A port that nobody has, and that the system gives nobody who names none: it stays free. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    await new Promise<void>(done => void server.close(() => done()))
    return port
  }
}

/** An error's document, with the status that the catalogue gives its code. */
function expectError(answer: Answer, code: keyof typeof errorCatalogue): void {
  expect(answer.status).toBe(errorCatalogue[code].http)
  const { error } = JSON.parse(answer.text) as { error: Record<string, unknown> }
  expect(Object.keys(error)).toEqual(['code', 'message', 'hint', 'details', 'docs'])
  expect(error).toMatchObject({ code, docs: `docs/errors.md#${code}` })
}

test('a daemon listens at its socket and at a port, and says where, and on every answer which version it is', async () => {
  const here = machine()
  const daemon = await here.daemon()
  const presence = JSON.parse(readFileSync(join(here.home, 'run/daemon.json'), 'utf8')) as Record<string, unknown>
  expect(presence).toMatchObject({
    pid: daemon.pid,
    socket: join(here.home, 'run/hyp.sock'),
    port: daemon.port,
    tokenFile: join(here.home, 'run/token'),
  })
  for (const ask of [daemon.ask, daemon.askPort]) {
    const ready = await ask('GET', '/readyz?verbose')
    expect(ready.status).toBe(200)
    expect(ready.text).toMatch(/^ok {3}table: .*\nok {3}import: rows are taken\nok {3}watch: .*\nready\n$/)
    expect(ready.headers).toMatchObject({ 'hyp-version': version, 'hyp-pid': String(daemon.pid) })
    expect(await ask('GET', '/readyz')).toMatchObject({ status: 200, text: 'ready\n' })
    const status = await ask('GET', '/v1/status')
    expect(status.headers['content-type']).toBe('application/json')
    expect(JSON.parse(status.text)).toMatchObject({ formatVersion: 1, pid: daemon.pid, ready: true })
  }
})

test('a command goes through the port as it does through the socket, for who has the token', async () => {
  const here = machine()
  const daemon = await here.daemon()
  await daemon.imported()
  const refused = await daemon.askPort('POST', '/v1/apply', { body: {}, headers: { authorization: 'Bearer guessed' } })
  expectError(refused, 'UNAUTHORIZED')
  const applied = await daemon.askPort('POST', '/v1/apply', { body: {} })
  expect(applied.status).toBe(200)
  expect(JSON.parse(applied.text)).toMatchObject({ formatVersion: 1, failures: [], receipts: [{ action: 'none' }] })
})

test('a port that is named is the one, from start to start with the same token', async () => {
  const here = machine()
  const first = await here.daemon('--port', String(await freePort()))
  await first.stop()
  const second = await here.daemon('--port', String(first.port))
  expect({ port: second.port, token: second.token }).toEqual({ port: first.port, token: first.token })
  const other = machine({ env: { HYP_PORT: String(second.port) } })
  const { status, stderr } = await other.hyp('daemon')
  expect(status).toBe(78)
  expect(stderr).toMatch(
    /^error: Port \d+ of 127\.0\.0\.1 is in use by another program\. \[CONFIG_INVALID\]\nhint: .*--port/,
  )
  expect((await other.hyp('daemon', '--port', 'seven')).stderr).toContain('[CONFIG_INVALID]')
  // A start that failed leaves nothing in the way.
  const third = await other.daemon('--port', '0')
  expect(third.port).not.toBe(second.port)
})

test('start hands the port on, and says so where the daemon runs at another', async () => {
  const here = machine()
  onTestFinished(async () => void (await here.hyp('stop')))
  const free = await freePort()
  const port = String(free)
  expect(await here.hyp('start', '--port', port)).toMatchObject({ status: 0, stderr: '' })
  const { port: taken } = JSON.parse(readFileSync(join(here.home, 'run/daemon.json'), 'utf8')) as { port: number }
  expect(taken).toBe(free)
  expect(await here.hyp('start', '--port', port)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('runs already'),
  })
  const { status, stderr } = await here.hyp('start', '--port', String(free - 1))
  expect(status).toBe(78)
  expect(stderr).toContain(`The daemon runs already, at port ${port}. [CONFIG_INVALID]`)
})

test('a token that others could read is told and replaced', async () => {
  const here = machine()
  const first = await here.daemon()
  await first.stop()
  chmodSync(join(here.home, 'run/token'), 0o644)
  const second = await here.daemon()
  expect(second.events().find(({ msg }) => msg === 'token-replaced')).toMatchObject({
    level: 40,
    file: join(here.home, 'run/token'),
    reason: 'readable to others',
  })
  expect(second.stdout()).not.toContain(second.token)
  const answer = await second.askPort('GET', '/healthz', { headers: { authorization: `Bearer ${first.token}` } })
  expectError(answer, 'UNAUTHORIZED')
  expect((await second.askPort('GET', '/healthz')).text).toBe('ok\n')
})

test('a request of another version is refused where meanings may differ, and not where they cannot', async () => {
  const here = machine()
  const daemon = await here.daemon()
  const headers = { 'hyp-version': '99.0.0' }
  for (const ask of [daemon.ask, daemon.askPort]) {
    expectError(await ask('GET', '/v1/status', { headers }), 'VERSION_MISMATCH')
    expectError(await ask('POST', '/v1/apply', { headers, body: {} }), 'VERSION_MISMATCH')
    expectError(await ask('POST', '/v1/backfill', { headers, body: {} }), 'VERSION_MISMATCH')
    expect((await ask('GET', '/readyz', { headers })).status).toBe(200)
  }
})

test('what is not understood is told and harms nothing', async () => {
  const here = machine()
  const daemon = await here.daemon()
  type Case = [code: keyof typeof errorCatalogue, method: string, path: string, options?: { body?: string | object }]
  const bad: Case[] = [
    ['NOT_FOUND', 'GET', '/'],
    ['NOT_FOUND', 'GET', '/v1/nothing'],
    ['METHOD_NOT_ALLOWED', 'DELETE', '/v1/status'],
    ['METHOD_NOT_ALLOWED', 'GET', '/v1/apply'],
    ['USAGE', 'POST', '/v1/apply', { body: 'not JSON' }],
    ['USAGE', 'POST', '/v1/apply', { body: '[]' }],
    ['USAGE', 'POST', '/v1/apply', { body: { expect: 7 } }],
    ['NOT_FOUND', 'POST', '/v1/apply', { body: { table: 'nobody' } }],
    ['USAGE', 'POST', '/v1/adopt', { body: {} }],
    ['USAGE', 'POST', '/v1/backfill', { body: { dryrun: true } }],
    ['USAGE', 'POST', '/v1/adopt', { body: { target: 7 } }],
    ['USAGE', 'POST', '/v1/backfill', { body: { source: 'nobody' } }],
    ['USAGE', 'POST', '/v1/backfill', { body: { source: '__proto__' } }],
  ]
  for (const [code, method, path, options] of bad) expectError(await daemon.ask(method, path, options), code)
  expect((await daemon.ask('GET', '/readyz')).status).toBe(200)
})

test('a body that is too long is refused, and its sender comes to read why', async () => {
  const here = machine()
  const daemon = await here.daemon()
  const body = `{"expect": "${'x'.repeat(10_000_000)}"}`
  expectError(await daemon.ask('POST', '/v1/apply', { body }), 'TOO_LARGE')
  expectError(await daemon.askPort('POST', '/v1/apply', { body }), 'TOO_LARGE')
  expect((await daemon.ask('GET', '/readyz')).status).toBe(200)
})

test('a running daemon has metrics of itself and of what is asked of it', async () => {
  const here = machine()
  const daemon = await here.daemon()
  await daemon.imported()
  const { status, text } = await daemon.askPort('GET', '/metrics')
  expect(status).toBe(200)
  expect(text).toMatch(/^hyp_process_resident_memory_bytes \d{8,}$/m)
  expect(text).toMatch(new RegExp(`^hyp_build_info\\{version="${version}",node="[\\d.]+",release="9"\\} 1$`, 'm'))
  expect((await daemon.ask('GET', '/metrics')).text).toContain(
    'hyp_http_requests_total{route="/metrics",method="GET",status="2xx"} 1\n',
  )
})

test('no command but the daemon pays for the metrics', async () => {
  const here = machine()
  const spy = join(here.directory, 'spy.cjs')
  write(
    spy,
    "process.on('exit', () => process.stderr.write(Object.keys(require('node:module')._cache).filter(name => name.includes('prom-client')).length + ' files'))",
  )
  const loads = async (words: string): Promise<string> =>
    (await here.shell(`'${process.execPath}' --require '${spy}' ${words}`)).stderr
  expect(await loads(`'${here.program}' --version`)).toBe('0 files')
  expect(await loads(`'${here.program}' plan`)).toBe('0 files')
  // The spy sees what is loaded.
  expect(await loads(`-e "import('${resolve('node_modules/prom-client/index.js')}')"`)).toMatch(/^[1-9]\d* files$/)
})

test('a backfill answers with one event a line, and ends with its sum', async () => {
  const here = machine()
  const daemon = await here.daemon()
  await daemon.imported()
  addHistory(here.claude, 50)
  const { status, headers, text } = await daemon.ask('POST', '/v1/backfill', { body: {} })
  expect(status).toBe(200)
  expect(headers['content-type']).toBe('application/x-ndjson')
  const events = text
    .trimEnd()
    .split('\n')
    .map(each => JSON.parse(each) as { type: string })
  expect(events[0]).toMatchObject({ type: 'found' })
  expect(events.at(-1)).toMatchObject({ type: 'done', summary: { rows: 50 } })
})

test('status and readiness are answered while an import runs', async () => {
  const here = machine()
  addHistory(here.claude, 20_000)
  const daemon = await here.daemon()
  const { text } = await daemon.ask('GET', '/v1/status')
  expect(JSON.parse(text)).toMatchObject({ importing: true, tables: [{ rows: 0 }] })
  expect((await daemon.ask('GET', '/readyz')).status).toBe(200)
  await daemon.imported()
  expect(JSON.parse((await daemon.ask('GET', '/v1/status')).text)).toMatchObject({ tables: [{ rows: 20_000 }] })
})
