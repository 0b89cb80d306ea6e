import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findDaemon } from '../../src/cli/client.ts'
import { runIngest } from '../../src/cli/commands/ingest.ts'
import { runStop } from '../../src/cli/commands/start.ts'
import type { CommandContext } from '../../src/cli/context.ts'
import { notListening, writePresence } from '../../src/daemon/presence.ts'
import type { HypError } from '../../src/errors.ts'
import { ensureHome, type Home, homeAt } from '../../src/stores/home.ts'
import { temporaryFolder } from '../support/table.ts'

/** Beyond the ids that a system gives out. */
const nobody = 2 ** 31 - 1

/** A home with somebody at its socket who answers so. */
async function homeOf(pid: number, answer: RequestListener): Promise<Home> {
  const home = homeAt(await temporaryFolder('h'))
  await ensureHome(home)
  const socket = join(await temporaryFolder('s'), 'hyp.sock')
  const server = createServer((request, response) => {
    response.setHeader('hyp-pid', pid)
    if (request.url === '/healthz') response.end('ok\n')
    else answer(request, response)
  })
  await new Promise<void>(resolve => void server.listen(socket, resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await writePresence(home, { ...notListening, pid, version: '0', startedAt: '2026-11-22T00:00:00.000Z', socket })
  return home
}

test('a daemon that ends in the middle of its answer is not to be reached, whatever was asked', async () => {
  const home = await homeOf(process.pid, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('{"type": "found"', () => response.destroy())
  })
  const daemon = await findDaemon(home)
  const { signal } = new AbortController()
  const ended = { code: 'DAEMON_UNREACHABLE', message: 'The daemon ended before its answer was complete.' }
  await expect(daemon?.get('/v1/status')).rejects.toMatchObject(ended)
  await expect(daemon?.send('/v1/tables/notes/rows', Buffer.from('{}'), {}, signal)).rejects.toMatchObject(ended)
  await expect(daemon?.stream('/v1/backfill', {}, () => undefined, signal)).rejects.toMatchObject(ended)
})

test('a daemon that ends by itself before it can be told to has stopped', async () => {
  const home = await homeOf(nobody, () => undefined)
  const said: string[] = []
  const io = { stdout: async (text: string) => void said.push(text) }
  expect(await runStop({ home, io } as unknown as CommandContext)).toBe(0)
  expect(said).toEqual(['The daemon stopped.\n'])
})

test('the command that goes on after a daemon that ended can be pasted, whatever its file is called', async () => {
  const home = await homeOf(process.pid, (_request, response) => void response.destroy())
  const file = join(home.directory, "Ann's rows.ndjson")
  await writeFile(file, '{"id": 1}\n')
  const { signal } = new AbortController()
  const context = { home, io: { signal }, pasteable: (command: string) => command } as unknown as CommandContext
  const hint = runIngest(context, { idempotencyKey: 'k; 1' }, 'notes', file).catch((error: HypError) => error.hint)
  const words = `hyp ingest notes '${file.replace("'", "'\\''")}' --idempotency-key 'k; 1'`
  expect(await hint).toContain(`\`${words}\` goes on from there`)
})
