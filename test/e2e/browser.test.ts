import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
import type { DaemonStatus } from '../../src/daemon/status.ts'
import { openBrowser, testWithBrowser } from '../support/browser.ts'
import { digests, machine, type RunningDaemon } from '../support/home.ts'
import { addHistory } from '../support/transcripts.ts'

/*
 * What a page in a browser on this machine can read and write by way of the
 * port: the page tries all there is to try, from another origin and under a
 * name of its own that was made to lead to the daemon.
 */

const html = readFileSync('test/support/attacking-page.html', 'utf8')

interface Try {
  readonly what: string
  /** What the page could read; null where that was nothing. */
  readonly got: string | null
}

const paths = ['/healthz', '/readyz?verbose', '/metrics', '/v1/status', '/v1/nothing', '/']

const writes = [
  { path: '/v1/apply', body: '{}' },
  { path: '/v1/backfill', body: '{"source":"claude"}' },
  { path: '/v1/tables/ai_gateway_messages/rows', body: '{"session_id":"evil","part_id":"evil"}' },
]

async function attack(page: Page, target: string, tokens: readonly string[]): Promise<Try[]> {
  return page.evaluate<Try[]>(`attack(${JSON.stringify({ target, paths, writes, tokens })})`)
}

/** A server on this machine; gives its port. */
async function serving(answer: RequestListener): Promise<number> {
  const server = createServer(answer)
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Whoever the page comes from. */
async function attacker(): Promise<number> {
  return serving((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html))
}

/** Requests that were answered, by `route method status`. */
async function answered(daemon: RunningDaemon): Promise<Record<string, number>> {
  const { text } = await daemon.ask('GET', '/metrics')
  const found = text.matchAll(/^hyp_http_requests_total\{route="([^"]+)",method="(\w+)",status="(\w+)"\} (\d+)$/gm)
  const counts = Array.from(found, ([, route, method, status, count]) => [
    `${route} ${method} ${status}`,
    Number(count),
  ])
  // What this test asks for itself.
  return Object.fromEntries(counts.filter(([name]) => !/^\/(metrics|v1\/status) GET 2xx$/.test(String(name))))
}

async function state(daemon: RunningDaemon): Promise<DaemonStatus> {
  return JSON.parse((await daemon.ask('GET', '/v1/status')).text) as DaemonStatus
}

testWithBrowser('a page can neither read nor write anything, of another origin or by a rebound name', async () => {
  const here = machine()
  addHistory(here.claude, 20)
  const daemon = await here.daemon()
  await daemon.imported()
  // There is something to write for whoever comes in.
  here.declare(JSON.stringify({ columns: [{ name: 'written_by_a_page', type: 'string' }] }))
  const events = daemon.events()
  const before = { state: await state(daemon), table: digests(here.table), answered: await answered(daemon) }

  const browser = await openBrowser()
  const port = await attacker()
  const tokens = ['x'.repeat(43), daemon.token]
  const pages = [`http://127.0.0.1:${port}/`, `http://localhost:${port}/`, `http://evil.test:${port}/`]
  const targets = ['127.0.0.1', 'localhost', 'evil.test'].map(name => `http://${name}:${daemon.port}`)
  for (const address of pages) {
    const page = await browser.newPage()
    await page.goto(address)
    for (const target of targets) {
      const tries = await attack(page, target, tokens)
      expect(tries.length).toBeGreaterThan(150)
      expect({ address, target, read: tries.filter(({ got }) => got !== null) }).toEqual({ address, target, read: [] })
    }
    await page.close()
  }

  // The name leads to the attacker when the page is loaded, and to the daemon from then on.
  const rebound = await browser.newPage()
  await rebound.route(`http://evil.test:${daemon.port}/page`, route =>
    route.fulfill({ contentType: 'text/html', body: html }),
  )
  await rebound.goto(`http://evil.test:${daemon.port}/page`)
  const tries = await attack(rebound, `http://evil.test:${daemon.port}`, tokens)
  const read = tries.flatMap(({ got }) => (got === null || got === '' ? [] : [got]))
  // To the browser it is the page's own server: it shows the refusal, and there is nothing else in it.
  expect(read.length).toBeGreaterThan(50)
  expect(read.filter(text => !text.includes('"code":"FORBIDDEN"') && !/^403 \S.* $/s.test(text))).toEqual([])
  expect(read.filter(text => text.includes('hyp-'))).toEqual([])

  const after = { state: await state(daemon), table: digests(here.table), answered: await answered(daemon) }
  expect(after.state).toEqual(before.state)
  expect(after.table).toEqual(before.table)
  expect(daemon.events()).toEqual(events)
  const refused = Object.entries(after.answered).filter(([name, count]) => count !== (before.answered[name] ?? 0))
  expect(refused.map(([name]) => name).filter(name => !/^none \w+ 4xx$/.test(name))).toEqual([])
  // They did come to the daemon, writes among them.
  expect(after.answered['none GET 4xx']).toBeGreaterThan(300)
  expect(after.answered['none POST 4xx']).toBeGreaterThan(100)

  // And it would have been there for the taking.
  expect((await daemon.askPort('POST', '/v1/apply', { body: {} })).status).toBe(200)
  expect((await state(daemon)).tables[0]?.schemaId).not.toBe(before.state.tables[0]?.schemaId)
})

testWithBrowser('the same page reads and writes where somebody lets it', async () => {
  const bodies: string[] = []
  const careless = await serving((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      if (request.method === 'POST') bodies.push(body)
      response.writeHead(200, { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' })
      response.end('secret')
    })
  })
  const page = await (await openBrowser()).newPage()
  await page.goto(`http://evil.test:${await attacker()}/`)
  const tries = await attack(page, `http://127.0.0.1:${careless}`, ['guessed'])
  const read = tries.filter(({ got }) => got?.includes('secret') === true).map(({ what }) => what)
  expect(read).toEqual(
    expect.arrayContaining([
      'fetch cors omit /v1/status',
      'fetch with a token /metrics',
      'xhr /healthz',
      'post cors application/json with a token /v1/apply',
    ]),
  )
  for (const { body } of writes) expect(bodies).toContain(body)
  expect(bodies.some(body => body.includes('"x":"='))).toBe(true)
})
