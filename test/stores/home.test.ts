import { chmod, mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ensureHome, homeAt, resolveHome } from '../../src/stores/home.ts'
import { temporaryFolder } from '../support/table.ts'

async function mode(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}

test('a home is made with its folders, readable to its owner only', async () => {
  const home = homeAt(join(await temporaryFolder(), 'deep', 'home ü'))
  await ensureHome(home)
  for (const directory of [home.directory, home.schema, home.tables, home.run])
    expect(await mode(directory)).toBe(0o700)
})

test('a home that others could read is closed to them', async () => {
  const home = homeAt(join(await temporaryFolder(), 'home'))
  await mkdir(home.directory)
  await chmod(home.directory, 0o755)
  await ensureHome(home)
  expect(await mode(home.directory)).toBe(0o700)
  await ensureHome(home)
})

test('a home below a file is refused with its path', async () => {
  const file = join(await temporaryFolder(), 'file')
  await writeFile(file, '')
  await expect(ensureHome(homeAt(join(file, 'home')))).rejects.toMatchObject({
    code: 'HOME_UNUSABLE',
    message: expect.stringContaining(file) as string,
  })
})

test('the flag wins over HYP_HOME, which wins over XDG_DATA_HOME, which wins over the usual place', () => {
  const env = { HYP_HOME: '/from/env', XDG_DATA_HOME: '/data' }
  expect(resolveHome(env, '/from/flag', '/user').directory).toBe('/from/flag')
  expect(resolveHome(env, undefined, '/user').directory).toBe('/from/env')
  expect(resolveHome({ XDG_DATA_HOME: '/data' }, undefined, '/user').directory).toBe('/data/hyp')
  expect(resolveHome({ XDG_DATA_HOME: 'not/absolute' }, undefined, '/user').directory).toBe('/user/.local/share/hyp')
  expect(resolveHome({ HYP_HOME: '' }, undefined, '/user').directory).toBe('/user/.local/share/hyp')
})
