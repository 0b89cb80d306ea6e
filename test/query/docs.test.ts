import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { resultFormats } from '../../src/query/format/format.ts'
import { tableFunctions } from '../../src/query/gate.ts'
import { usageView, usageViewSql } from '../../src/query/usage-view.ts'
import { builtinDeclaration, newestRelease } from '../../src/schema/builtin.ts'

const page = readFileSync('docs/querying.md', 'utf8')

test('the view for other engines is the view that hyp makes, without what only DuckDB knows', () => {
  const columns = builtinDeclaration(newestRelease).columns.map(column => column.name)
  const plain = usageViewSql(columns.filter(name => name !== 'attributes'))
  expect(page).toContain(`\n\`\`\`sql\nCREATE VIEW ${usageView} AS\n${plain}\n\`\`\`\n`)
  expect(plain).not.toMatch(/json|TRY|UNION/i)
})

test('the page lists each format, and nothing else', () => {
  const [, section = ''] = page.split('## Formats\n')
  const rows = [...(section.split('\nValues in ')[0] as string).matchAll(/^\| `(\w+)` \|/gm)].map(match => match[1])
  expect(rows).toEqual([...resultFormats])
})

test('the page lists each table function that may be called, and nothing else', () => {
  const [, list = ''] = /only these can be called:\n([^.]*)\./.exec(page) ?? []
  expect([...list.matchAll(/`(\w+)`/g)].map(match => match[1])).toEqual([...tableFunctions])
})
