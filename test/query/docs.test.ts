import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { resultFormats } from '../../src/query/format/format.ts'
import { tableFunctions } from '../../src/query/gate.ts'
import { builtinPrices } from '../../src/query/prices/builtin-prices.ts'
import { viewForOthers, viewNames, views } from '../../src/query/views/catalogue.ts'
import { messageKinds } from '../../src/query/views/kind.ts'
import { builtinDeclaration, newestRelease } from '../../src/schema/builtin.ts'

const page = readFileSync('docs/querying.md', 'utf8')

const columns = builtinDeclaration(newestRelease).columns.map(column => column.name)

/** The first price of the example on the page. */
const price = { model: 'example-*', input: 3, output: 15, cacheWrite: 3.75, cacheRead: 0.3 }

test.each(viewNames)('the page has the view %s for other engines, and says what each of its columns means', name => {
  expect(page).toContain(`\n\`\`\`sql\n${viewForOthers(name, columns, [price])}\n\`\`\`\n`)
  const section = page.split(`\n### ${name}\n`)[1]?.split(/\n##+ /)[0] ?? ''
  for (const [named, meaning] of Object.entries(views[name].columns)) {
    const cells = named.split(', ').map(one => `\`${one}\``)
    expect(section).toContain(`\n| ${cells.join(', ')} | ${meaning} |`)
  }
})

test('the page says what each kind of message is, and what each price is that is built in', () => {
  for (const [kind, meaning] of Object.entries(messageKinds)) expect(page).toContain(`\n| \`${kind}\` | ${meaning} |`)
  for (const { model, input, output } of builtinPrices)
    expect(page).toContain(`\n| \`${model}\` | ${input} | ${output} |`)
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
