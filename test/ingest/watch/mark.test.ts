import { appendFileSync, renameSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Marks } from '../../../src/ingest/watch/mark.ts'
import { type Stamp, stampOf } from '../../../src/ingest/watch/stamp.ts'
import type { ReadPoint } from '../../../src/sources/source.ts'
import { temporary } from './watching.ts'

const beginning = { from: undefined, taken: 0 }

function pointAt(offset: number): ReadPoint {
  return { offset, line: 1, memory: { offset } }
}

function look(path: string): Stamp {
  return stampOf(statSync(path))
}

/** A file of so many bytes that differ from one another in places. */
async function fileOf(bytes: number, name = 'a.jsonl'): Promise<string> {
  const path = join(await temporary(), name)
  writeFileSync(path, Array.from({ length: bytes }, (_, n) => String(n % 7)).join(''))
  return path
}

test('a file that grew is read on from its point, once', async () => {
  const path = await fileOf(20_000)
  const marks = new Marks()
  const before = look(path)
  marks.set(path, before, 19_000, pointAt(19_000))
  expect(marks.behind(before)).toBe(19_000)
  appendFileSync(path, 'more')
  expect(marks.start(path, before, look(path))).toEqual({ from: pointAt(19_000), taken: 19_000 })
  expect(marks.start(path, before, look(path))).toEqual({ from: undefined, taken: 19_000 })
  expect(marks.behind(before)).toBe(0)
})

test('a file that another one reads has no point, and its rows are taken up to the mark', async () => {
  const path = await fileOf(20_000)
  const marks = new Marks()
  const before = look(path)
  marks.set(path, before, before.size)
  appendFileSync(path, 'more')
  expect(marks.start(path, before, look(path))).toEqual({ from: undefined, taken: 20_000 })
})

test.each<[string, (path: string) => void]>([
  ['its beginning is another', path => writeFileSync(path, `x${'0'.repeat(30_000)}`)],
  ['it is shorter than the mark', path => truncateSync(path, 9_000)],
  ['what lies before the mark moved', path => writeFileSync(path, 'x'.repeat(30_000))],
  ['it changed and did not grow', path => utimesSync(path, 1, 1)],
])('a file is read from its beginning where %s', async (_what, change) => {
  const path = await fileOf(20_000)
  const marks = new Marks()
  const before = look(path)
  marks.set(path, before, 10_000, pointAt(10_000))
  change(path)
  expect(marks.start(path, before, look(path))).toEqual(beginning)
})

test('the mark of a file counts where it is moved to, and not under another name', async () => {
  const path = await fileOf(100)
  const marks = new Marks()
  marks.set(path, look(path), 100, pointAt(100))
  const renamed = join(path, '../b.jsonl')
  renameSync(path, renamed)
  expect(marks.start(renamed, undefined, look(renamed))).toEqual(beginning)
  const moved = join(await temporary(), 'a.jsonl')
  renameSync(renamed, moved)
  expect(marks.start(moved, undefined, look(moved))).toEqual({ from: pointAt(100), taken: 100 })
})

test('of too many files the smallest are read anew, and never the one that was read last', async () => {
  const marks = new Marks(2)
  const paths = [await fileOf(300), await fileOf(100), await fileOf(200), await fileOf(50)]
  for (const path of paths) marks.set(path, look(path), look(path).size, pointAt(look(path).size))
  const points = paths.map(path => marks.start(path, undefined, look(path)).from?.offset)
  expect(points).toEqual([300, undefined, undefined, 50])
})

test('marks of files that are gone are forgotten', async () => {
  const path = await fileOf(100)
  const marks = new Marks()
  marks.set(path, look(path), 100)
  marks.retain(new Set([look(path).id]))
  expect(marks.has(look(path))).toBe(true)
  marks.retain(new Set())
  expect(marks.has(look(path))).toBe(false)
})
