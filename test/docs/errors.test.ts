import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errorCatalogue } from '../../src/error-catalogue.ts'

test('docs/errors.md has a section for each error code, and for nothing else', () => {
  const sections = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^## (.+)$/gm)].map(match => match[1] ?? '')
  expect(sections.toSorted()).toEqual(Object.keys(errorCatalogue).toSorted())
})

test('every error says when it happens and what the way out is, in whole sentences', () => {
  for (const { when, hint } of Object.values(errorCatalogue)) {
    expect(when).toMatch(/^[A-Z`].*\.$/)
    expect(hint).toMatch(/^[A-Z`].*\.$/)
  }
})
