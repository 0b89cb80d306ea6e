import { expect, test } from 'vitest'
import { type Folders, watchFolders } from '../../../src/ingest/watch/folders.ts'

/** Directories, with a system that has so many watches to give. */
function limited(watches: number): {
  readonly folders: Folders
  readonly tries: string[]
  readonly open: Map<string, { change: (name: string | null) => void; fail: () => void }>
  readonly told: [string, string | null][]
  readonly more: (watches: number) => void
} {
  const open = new Map<string, { change: (name: string | null) => void; fail: () => void }>()
  const tries: string[] = []
  const told: [string, string | null][] = []
  let left = watches
  const folders = watchFolders(
    (directory, name) => void told.push([directory, name]),
    (directory, change, fail) => {
      tries.push(directory)
      if (directory.startsWith('/shut')) throw failure('EACCES')
      if (left === 0) throw failure('ENOSPC')
      left--
      open.set(directory, { change, fail })
      return {
        close: () => {
          open.delete(directory)
          left++
        },
      }
    },
  )
  return { folders, tries, open, told, more: count => void (left += count) }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'watch' })
}

test('a change is told with its directory', () => {
  const { folders, open, told } = limited(2)
  folders.add('/a', '1')
  open.get('/a')?.change('x.jsonl')
  expect(told).toEqual([['/a', 'x.jsonl']])
  expect(folders.limit()).toBeUndefined()
})

test('when the system has no more watches no other directory is tried, until it is to be tried again', () => {
  const { folders, tries, open, more } = limited(1)
  for (const path of ['/a', '/b', '/c', '/d']) folders.add(path, path)
  expect(tries).toEqual(['/a', '/b'])
  expect(folders.limit()).toBe('the system has no more watches to give (ENOSPC)')
  expect(folders.has('/d')).toBe(true)
  more(2)
  folders.retry()
  expect([...open.keys()]).toEqual(['/a', '/b', '/c'])
  more(1)
  folders.retry()
  expect(folders.limit()).toBeUndefined()
})

test('what cannot be read is not watched either, and is no reason to look at everything', () => {
  const { folders } = limited(1)
  folders.add('/shut', '1')
  expect(folders.limit()).toBeUndefined()
})

test('a directory that was made anew is watched anew', () => {
  const { folders, tries, open } = limited(1)
  folders.add('/a', '1')
  folders.add('/a', '1')
  expect(tries).toEqual(['/a'])
  folders.add('/a', '2')
  expect(tries).toEqual(['/a', '/a'])
  expect(open.size).toBe(1)
})

test('a watch that the system ends is made again', () => {
  const { folders, open } = limited(1)
  folders.add('/a', '1')
  open.get('/a')?.fail()
  expect(folders.limit()).toBe('the system gave up watching a directory')
  folders.retry()
  expect(folders.limit()).toBeUndefined()
  expect([...open.keys()]).toEqual(['/a'])
})

test('with a directory goes all that is below it, and nothing that is called alike', () => {
  const { folders, open } = limited(9)
  for (const path of ['/a', '/a/b', '/ab', '/c']) folders.add(path, path)
  folders.remove('/a')
  expect([...open.keys()]).toEqual(['/ab', '/c'])
  folders.retain(new Set(['/c']))
  expect([...open.keys()]).toEqual(['/c'])
  folders.close()
  expect(open.size).toBe(0)
})
