import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { builtinColumns, builtinReleases } from '../../src/schema/builtin.ts'
import { renderColumnsDoc } from '../../src/schema/docs/columns.ts'

const page = fileURLToPath(new URL('../../docs/columns.md', import.meta.url))

describe('docs/columns.md', () => {
  test('is what the declaration gives; if this fails, run `npm run docs`', () => {
    expect(readFileSync(page, 'utf8')).toBe(renderColumnsDoc())
  })

  test('has one row for every column, in the order of the table', () => {
    const rows = [...renderColumnsDoc().matchAll(/^\| `(\w+)` \| (\w+) \| (yes)? ?\| (\d) \| (.+) \|$/gm)]
    expect(rows.map(([, name, type, required, since, doc]) => ({ name, type, required, since, doc }))).toEqual(
      builtinColumns.map(({ name, type, required, since, doc }) => ({
        name,
        type,
        required: required === true ? 'yes' : undefined,
        since: String(since),
        doc,
      })),
    )
  })

  test('tells what came with every release', () => {
    for (const release of builtinReleases) expect(renderColumnsDoc()).toContain(`* **${release}**: `)
  })

  test('leads to a decision record that is there', () => {
    const [, link = ''] = /\]\((decisions\/[^)]+)\)/.exec(renderColumnsDoc()) ?? []
    expect(readFileSync(fileURLToPath(new URL(link, `file://${page}`)), 'utf8')).toContain('517 752')
  })
})
