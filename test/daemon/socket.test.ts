import { existsSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { socketPlace } from '../../src/daemon/socket.ts'
import { ensureHome, homeAt } from '../../src/stores/home.ts'
import { temporaryFolder } from '../support/table.ts'

test('the socket lies in the home, and what a killed daemon left there is taken away', async () => {
  const home = homeAt(await temporaryFolder('short'))
  await ensureHome(home)
  writeFileSync(join(home.run, 'hyp.sock'), '')
  const place = await socketPlace(home)
  expect(place.path).toBe(join(home.run, 'hyp.sock'))
  expect(existsSync(place.path)).toBe(false)
  await place.remove()
})

test('where the home’s path is too long for a socket, it lies in a private folder that goes with it', async () => {
  // 60 characters, but more bytes than a socket's path may have.
  const home = homeAt(join(await temporaryFolder('x'), 'ü'.repeat(60)))
  await ensureHome(home)
  const place = await socketPlace(home)
  expect(Buffer.byteLength(place.path)).toBeLessThanOrEqual(103)
  expect(statSync(dirname(place.path)).mode & 0o777).toBe(0o700)
  await place.remove()
  expect(existsSync(dirname(place.path))).toBe(false)
})
