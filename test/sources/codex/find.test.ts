import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { threadOfName } from '../../../src/sources/codex/file-name.ts'
import { codexRoots, findCodexHistories } from '../../../src/sources/codex/find.ts'
import { tree } from '../claude/transcript.ts'
import { archivedPlaceOf, placeOf, threadA, threadB, threadC } from './rollouts.ts'

/** Paths below the directory, of each root. */
async function found(directory: string): Promise<string[][]> {
  const histories = await findCodexHistories({ home: '/nowhere', env: {}, directory })
  return histories.map(({ files }) => files.map(({ path }) => path.slice(directory.length + 1)))
}

test('rollouts lie in the directory that is named, in CODEX_HOME, or in the home directory', () => {
  const env = { CODEX_HOME: '/codex' }
  expect(codexRoots({ home: '/home/ada', env: {} })).toEqual([
    '/home/ada/.codex/sessions',
    '/home/ada/.codex/archived_sessions',
  ])
  expect(codexRoots({ home: '/home/ada', env })).toEqual(['/codex/sessions', '/codex/archived_sessions'])
  expect(codexRoots({ home: '/home/ada', env, directory: '/named' })[0]).toBe('/named/sessions')
  expect(codexRoots({ home: '/home/ada', env: { CODEX_HOME: '' } })[0]).toBe('/home/ada/.codex/sessions')
})

test('current and archived rollouts are found, plain, compressed and as documents, and nothing else', async () => {
  const old = `sessions/rollout-2025-04-17-${threadC}.json`
  const files = [placeOf(threadA), placeOf(threadB, 'jsonl.zst'), old, archivedPlaceOf(threadC, 'jsonl.zst')]
  const others = [
    'history.jsonl',
    'session_index.jsonl',
    'config.json',
    'sessions/notes.json',
    `${placeOf(threadA)}.pending`,
    'sessions/2026/03/01/rollout.txt',
  ]
  const directory = await tree(Object.fromEntries([...files, ...others].map(name => [name, 'x'])))
  expect(await found(directory)).toEqual([[placeOf(threadA), placeOf(threadB, 'jsonl.zst'), old].sort(), [files[3]]])
})

test('of a rollout that lies there plain and compressed the plain one is read', async () => {
  const directory = await tree({ [placeOf(threadA)]: 'xy', [placeOf(threadA, 'jsonl.zst')]: 'xyz' })
  expect(await found(directory)).toEqual([[placeOf(threadA)]])
  const [history] = await findCodexHistories({ home: '/nowhere', env: {}, directory })
  expect(history?.bytes).toBe(2)
})

test('links that go in a circle end, and each file is listed once', async () => {
  const directory = await tree({ [placeOf(threadA)]: 'x' })
  await symlink(join(directory, 'sessions'), join(directory, 'sessions/2026/again'))
  await symlink(join(directory, placeOf(threadA)), join(directory, 'sessions/rollout-link.jsonl'))
  expect((await found(directory)).flat()).toHaveLength(1)
})

test.each(['sessions', 'archived_sessions', 'sessions/'])(
  'the directory %s is as good as the one it lies in',
  async inner => {
    const directory = await tree({ [placeOf(threadA)]: 'x', [archivedPlaceOf(threadB)]: 'y' })
    const named = await findCodexHistories({ home: '/nowhere', env: {}, directory: join(directory, inner) })
    expect(named).toEqual(await findCodexHistories({ home: '/nowhere', env: {}, directory }))
    expect(named).toHaveLength(2)
  },
)

test('a directory of the client may be called like one that lies in it', async () => {
  const directory = join(await tree({ [`sessions/${placeOf(threadA)}`]: 'x', [placeOf(threadB)]: 'y' }), 'sessions')
  expect(await found(directory)).toEqual([[placeOf(threadA)]])
})

test('where there is nothing, nothing is found', async () => {
  expect(await found(await tree({}))).toEqual([])
})

test('the name of a rollout tells its thread', () => {
  expect(threadOfName(`/x/${placeOf(threadA)}`)).toBe(threadA)
  expect(threadOfName(`/x/${placeOf(threadA, 'jsonl.zst')}`)).toBe(threadA)
  expect(threadOfName(`/x/rollout-2025-04-17-${threadB}.json`)).toBe(threadB)
  expect(threadOfName('/x/rollout-2026-03-01T11-00-00-my-thread.jsonl')).toBe('my-thread')
  expect(threadOfName('/x/some.jsonl')).toBeNull()
  expect(threadOfName('/x/rollout-2026-03-01T11-00-00-.jsonl')).toBeNull()
})
