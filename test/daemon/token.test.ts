import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openToken, tokenFile } from '../../src/daemon/token.ts'
import { ensureHome, type Home, homeAt } from '../../src/stores/home.ts'
import { temporaryFolder } from '../support/table.ts'

async function newHome(): Promise<Home> {
  const home = homeAt(await temporaryFolder())
  await ensureHome(home)
  return home
}

test('a home has its token from the first start on: 32 random bytes that only the owner can read', async () => {
  const home = await newHome()
  const { text, path, replaced } = await openToken(home)
  expect(Buffer.from(text, 'base64url')).toHaveLength(32)
  expect({ path, replaced }).toEqual({ path: join(home.run, 'token'), replaced: undefined })
  expect(readFileSync(path, 'utf8')).toBe(`${text}\n`)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(await openToken(home)).toEqual({ text, path, replaced: undefined })
  expect(readdirSync(home.run)).toEqual(['token'])
  expect((await openToken(await newHome())).text).not.toBe(text)
})

test('of many that make it at once all have the same', async () => {
  const home = await newHome()
  const tokens = await Promise.all(Array.from({ length: 20 }, () => openToken(home)))
  expect(new Set(tokens.map(({ text }) => text)).size).toBe(1)
  expect(readdirSync(home.run)).toEqual(['token'])
})

test.each([0o640, 0o604, 0o620, 0o606, 0o644])(
  'a token that others could use (%o) gives way to a new one',
  async mode => {
    const home = await newHome()
    const { text } = await openToken(home)
    chmodSync(tokenFile(home), mode)
    const next = await openToken(home)
    expect(next.replaced).toBe('readable to others')
    expect(next.text).not.toBe(text)
    expect(statSync(next.path).mode & 0o777).toBe(0o600)
    expect((await openToken(home)).text).toBe(next.text)
  },
)

test.each([
  ['nothing', ''],
  ['half of it', 'abcdefgh'],
  ['two lines', `${'x'.repeat(43)}\n${'y'.repeat(43)}\n`],
  ['zeros', '\0'.repeat(44)],
])('a file with %s in it gives way to a token', async (_, content) => {
  const home = await newHome()
  writeFileSync(tokenFile(home), content, { mode: 0o600 })
  const { text, replaced } = await openToken(home)
  expect(replaced).toBe('damaged')
  expect(readFileSync(tokenFile(home), 'utf8')).toBe(`${text}\n`)
})

test('what is no file of its own is not taken for a token, and not touched', async () => {
  const home = await newHome()
  mkdirSync(tokenFile(home))
  await expect(openToken(home)).rejects.toMatchObject({ code: 'HOME_UNUSABLE' })
  const other = await newHome()
  const elsewhere = join(other.directory, 'elsewhere')
  writeFileSync(elsewhere, `${'x'.repeat(43)}\n`, { mode: 0o600 })
  symlinkSync(elsewhere, tokenFile(other))
  await expect(openToken(other)).rejects.toMatchObject({ code: 'HOME_UNUSABLE' })
  expect(readFileSync(elsewhere, 'utf8')).toBe(`${'x'.repeat(43)}\n`)
})
