import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { machine } from '../support/home.ts'
import { addHistory, addLines, line } from '../support/transcripts.ts'

/*
 * What a daemon does when what stood in its way is gone, and when somebody
 * stands in its way for ever.
 */

const column = (type: string): string => JSON.stringify({ columns: [{ name: 'c1', type, from: '/c1' }] })
const countRows = 'SELECT count(*) AS n FROM ai_gateway_messages'

test('rows of an import wait in the spool while the declaration is refused, and go on when an apply lifts the refusal', async () => {
  const here = machine()
  here.declare(column('string'))
  expect((await here.hyp('apply')).status).toBe(0)
  here.declare(column('int'))
  addHistory(here.claude, 50)
  const daemon = await here.daemon()
  expect((await daemon.ask('GET', '/readyz')).status).toBe(503)
  expect(await daemon.imported()).toMatchObject({ rows: 0, spooled: 50 })
  expect(await here.query(countRows)).toEqual([{ n: 50 }])
  // Running as the table's own release would be refused just the same: it is not offered.
  expect((await here.hyp('plan')).stdout).not.toContain('--as-release')
  here.declare(column('string'))
  expect((await here.hyp('apply')).status).toBe(0)
  await daemon.imported(1)
  expect(await here.query(countRows)).toEqual([{ n: 50 }])
  expect(await here.json('spool', '--json')).toMatchObject({ tables: [{ held: [] }] })
  expect((await daemon.ask('GET', '/readyz')).status).toBe(200)
})

test('a daemon whose import failed is not ready and says why, until an import succeeds', async () => {
  const here = machine()
  addHistory(here.claude, 50)
  expect((await here.hyp('backfill')).status).toBe(0)
  const metadata = join(here.table, 'metadata')
  const [manifest] = readdirSync(metadata).filter(name => name.endsWith('-m0.avro'))
  const path = join(metadata, String(manifest))
  const whole = readFileSync(path)
  writeFileSync(path, 'hello')
  addLines(here.claude, 'more', [line('more', 0)])
  const daemon = await here.daemon()
  await daemon.until('the import failed', () => daemon.events().some(({ msg }) => msg === 'backfill-failed'))
  const ready = await daemon.ask('GET', '/readyz')
  expect(ready.status).toBe(503)
  expect(ready.text).toMatch(/^FAIL import: failed: .*\[MANIFEST_INVALID\]/m)
  expect((await here.hyp('status')).stdout).toContain('[MANIFEST_INVALID]')
  writeFileSync(path, whole)
  expect((await here.hyp('backfill')).status).toBe(0)
  expect((await daemon.ask('GET', '/readyz')).status).toBe(200)
})

test('a client that never ends its question does not keep a daemon from stopping', async () => {
  const here = machine()
  const daemon = await here.daemon()
  const socket = connect(daemon.socket)
  socket.on('error', () => undefined)
  socket.write('POST /v1/apply HTTP/1.1\r\nHost: hyp\r\nContent-Length: 100\r\n\r\n{')
  await new Promise(resolve => socket.once('connect', resolve))
  const { status } = await daemon.stop('SIGTERM')
  socket.destroy()
  expect(status).toBe(0)
  expect(daemon.events().at(-1)?.msg).toBe('stopped')
})

test('a body that is too long is refused, and the daemon still stops in good order', async () => {
  const here = machine()
  const daemon = await here.daemon()
  const answer = await daemon.ask('POST', '/v1/apply', { body: 'x'.repeat(1_000_000) }).catch(() => undefined)
  if (answer !== undefined) expect(answer.status).toBe(413)
  expect((await daemon.stop('SIGTERM')).status).toBe(0)
  expect(daemon.events().at(-1)?.msg).toBe('stopped')
})

test('verify names the columns that icebird cannot give, and is not misled by how it gives the others', async () => {
  const here = machine()
  here.declare(
    JSON.stringify({
      columns: [
        { name: 'stop-reason', type: 'string', from: '/message/stop_reason' },
        { name: 'line_uuid', type: 'uuid', from: '/line' },
        { name: 'score', type: 'double', from: '/score' },
      ],
    }),
  )
  const message = { id: 'm', role: 'assistant', model: 'x', stop_reason: 'end_turn', content: '\ufeff\ufeffmarked' }
  addLines(here.claude, 'one', [
    line('one', 0, { message, line: '5a1de5e0-0000-4000-8000-000000000001', score: 0.25 }),
    line('one', 1),
  ])
  expect((await here.hyp('backfill')).status).toBe(0)
  const { status, stdout } = await here.hyp('table', 'verify')
  expect(stdout).toContain('re-read by icebird: same (not compared: stop-reason, line_uuid)')
  expect(status).toBe(0)
})
