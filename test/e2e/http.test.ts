import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorCatalogue } from '../../src/errors.ts'
import { version } from '../../src/version.ts'
import { type Answer, machine } from '../support/home.ts'
import { addHistory } from '../support/transcripts.ts'

/** An error's document, with the status that the catalogue gives its code. */
function expectError(answer: Answer, code: keyof typeof errorCatalogue): void {
  expect(answer.status).toBe(errorCatalogue[code].http)
  const { error } = JSON.parse(answer.text) as { error: Record<string, unknown> }
  expect(Object.keys(error)).toEqual(['code', 'message', 'hint', 'details', 'docs'])
  expect(error).toMatchObject({ code, docs: `docs/errors.md#${code}` })
}

test('a daemon listens on its socket only, and says on every answer which version it is', async () => {
  const here = machine()
  const daemon = await here.daemon()
  expect(daemon.socket).toBe(join(here.home, 'run/hyp.sock'))
  const ready = await daemon.ask('GET', '/readyz')
  expect(ready.status).toBe(200)
  expect(ready.text).toMatch(/^ok {3}table: .*\nok {3}import: rows are taken\n$/)
  expect(ready.headers).toMatchObject({ 'hyp-version': version, 'hyp-pid': String(daemon.pid) })
  const status = await daemon.ask('GET', '/v1/status')
  expect(status.headers['content-type']).toBe('application/json')
  expect(JSON.parse(status.text)).toMatchObject({ formatVersion: 1, pid: daemon.pid, ready: true })
})

test('a request of another version is refused where meanings may differ, and not where they cannot', async () => {
  const here = machine()
  const daemon = await here.daemon()
  const headers = { 'hyp-version': '99.0.0' }
  expectError(await daemon.ask('GET', '/v1/status', { headers }), 'VERSION_MISMATCH')
  expectError(await daemon.ask('POST', '/v1/apply', { headers, body: {} }), 'VERSION_MISMATCH')
  expectError(await daemon.ask('POST', '/v1/backfill', { headers, body: {} }), 'VERSION_MISMATCH')
  expect((await daemon.ask('GET', '/readyz', { headers })).status).toBe(200)
})

test('what is not understood is a usage error and harms nothing', async () => {
  const here = machine()
  const daemon = await here.daemon()
  const bad: [string, string, { body?: string | object }?][] = [
    ['GET', '/'],
    ['GET', '/v1/nothing'],
    ['DELETE', '/v1/status'],
    ['GET', '/v1/apply'],
    ['POST', '/v1/apply', { body: 'not JSON' }],
    ['POST', '/v1/apply', { body: '[]' }],
    ['POST', '/v1/apply', { body: { expect: 7 } }],
    ['POST', '/v1/apply', { body: { table: 'nobody' } }],
    ['POST', '/v1/adopt', { body: {} }],
    ['POST', '/v1/adopt', { body: { target: 7 } }],
    ['POST', '/v1/backfill', { body: { source: 'nobody' } }],
    ['POST', '/v1/backfill', { body: { source: '__proto__' } }],
  ]
  for (const [method, path, options] of bad) expectError(await daemon.ask(method, path, options), 'USAGE')
  expect((await daemon.ask('GET', '/readyz')).status).toBe(200)
})

test('a body without end is cut off, and the daemon answers the next one', async () => {
  const here = machine()
  const daemon = await here.daemon()
  const long = await daemon
    .ask('POST', '/v1/apply', { body: `{"expect": "${'x'.repeat(10_000_000)}"}` })
    .catch((error: NodeJS.ErrnoException) => error.code)
  // Either the answer came through or the connection was closed while we were still sending.
  if (typeof long === 'object') expectError(long, 'USAGE')
  else expect(['EPIPE', 'ECONNRESET']).toContain(long)
  expect((await daemon.ask('GET', '/readyz')).status).toBe(200)
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
