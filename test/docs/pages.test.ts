import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { pages } from '../../scripts/docs/pages.ts'

test.each(Object.entries(pages))('%s is as new as the source it is written from: npm run docs', (path, render) => {
  expect(readFileSync(path, 'utf8')).toBe(render())
})
