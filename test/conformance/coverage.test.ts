import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { notOurs } from './not-ours.ts'

const folder = import.meta.dirname
const highest = 194

/** The numbers that titles of tests begin with: `#7 …`, `#158, #159 …`. */
function titled(): ReadonlySet<number> {
  const files = readdirSync(folder).filter(name => /^4-\d\d-.*\.test\.ts$/.test(name))
  const titles = files.flatMap(name =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/['`]((?:#\d+(?:, )?)+) /g)].map(match => match[1] as string),
  )
  return new Set(titles.flatMap(title => [...title.matchAll(/\d+/g)].map(Number)))
}

test('every case of the catalogue is tested under its number, or said to be none of ours, with the reason', () => {
  const tested = titled()
  const all = Array.from({ length: highest }, (_, index) => index + 1)
  expect(all.filter(number => !tested.has(number) && notOurs[number] === undefined)).toEqual([])
  expect([...tested].filter(number => number > highest || notOurs[number] !== undefined)).toEqual([])
  expect(Object.values(notOurs).filter(reason => !/^[A-Z].{20,}\.$/.test(reason))).toEqual([])
})
