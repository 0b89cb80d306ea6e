import { expect, test } from 'vitest'
import { checkBatch } from '../../src/ingest/batch/batch.ts'
import type { Checks } from '../../src/ingest/batch/check-thread.ts'
import { rowChecker } from '../../src/ingest/batch/contract.ts'
import { openRejects } from '../../src/ingest/batch/rejects.ts'
import { type Intake, newIntake } from '../../src/ingest/intake.ts'
import { declaration, directory, newDisk, open, start } from './spool/spooling.ts'

const target = { declaration, held: false }
const large = Array.from({ length: 10_000 }, (_, id) => `{"id":"${id}"}\n`).join('')

/** An intake, and the bodies that it sent to be checked elsewhere. */
async function opened(): Promise<{ intake: Intake; sent: number[] }> {
  const { io } = await newDisk()
  const { spool } = await open(io)
  const rejects = openRejects({ io, directory: `${directory}/rejects`, now: () => start, newName: () => 'r' })
  const sent: number[] = []
  const checks: Pick<Checks, 'check'> = {
    check: (body, format, declared) => {
      sent.push(body.byteLength)
      // As it is sent: whoever gave it has it no more.
      return checkBatch(structuredClone(body, { transfer: [body.buffer] }), format, rowChecker(declared))
    },
  }
  return { intake: newIntake({ spool, rejects, checks }), sent }
}

test('a large body that nobody needs any more is checked elsewhere, and is gone', async () => {
  const { intake, sent } = await opened()
  const body = new TextEncoder().encode(large)
  const size = body.byteLength
  const { answer } = await intake.accept({ body, isGiven: true, format: 'ndjson', partial: false }, target)
  expect(answer).toMatchObject({ rows: 10_000, refused: 0 })
  expect({ sent, left: body.byteLength }).toEqual({ sent: [size], left: 0 })
})

test('a body that may be needed again, stands among other bytes or is small, is checked here and stays', async () => {
  const { intake, sent } = await opened()
  const whole = new TextEncoder().encode(large)
  const bodies = [
    { body: whole.slice(), isGiven: false },
    { body: whole.subarray(0, whole.lastIndexOf(0x7b)), isGiven: true },
    { body: new TextEncoder().encode('{"id":"a"}\n'), isGiven: true },
  ]
  for (const { body, isGiven } of bodies) {
    const size = body.byteLength
    await intake.accept({ body, isGiven, format: 'ndjson', partial: false }, target)
    expect(body.byteLength).toBe(size)
  }
  expect(sent).toEqual([])
})

test('a request that comes again is known by its key, also when its body was checked elsewhere', async () => {
  const { intake, sent } = await opened()
  const request = { isGiven: true, format: 'ndjson', partial: false, idempotencyKey: 'k' } as const
  const first = await intake.accept({ ...request, body: new TextEncoder().encode(large) }, target)
  const again = await intake.accept({ ...request, body: new TextEncoder().encode(large) }, target)
  expect([first.replayed, again.replayed, sent.length]).toEqual([false, true, 1])
})
