import { expect, test } from 'vitest'
import type { DaemonEvent } from '../../src/daemon/event.ts'
import { importBeside } from '../../src/daemon/upkeep/import-beside.ts'

const found: DaemonEvent = {
  type: 'backfill',
  event: { type: 'found', source: 'claude', roots: [], diskFreeBytes: 1 },
}
const failed: DaemonEvent = { type: 'backfill-failed', code: 'DISK_FULL', message: 'no space left', hint: 'Make room.' }

test('an import goes on from when it is heard of until it fails', () => {
  const beside = importBeside({ silentMs: 60_000, longestMs: 60_000 })
  expect(beside.isGoingOn()).toBe(false)
  beside.hear(found)
  expect(beside.isGoingOn()).toBe(true)
  beside.hear(failed)
  expect(beside.isGoingOn()).toBe(false)
})

test('one that is silent has ended, and one that goes on for too long counts no more', () => {
  for (const limits of [
    { silentMs: 0, longestMs: 60_000 },
    { silentMs: 60_000, longestMs: 0 },
  ]) {
    const beside = importBeside(limits)
    beside.hear(found)
    expect(beside.isGoingOn()).toBe(false)
  }
})
