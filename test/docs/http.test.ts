import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { routes } from '../../src/daemon/http/routes.ts'
import { metricEntries, metricLabels } from '../../src/daemon/metrics/catalogue.ts'
import { errorCatalogue } from '../../src/error-catalogue.ts'

const page = readFileSync('docs/http.md', 'utf8')
const metrics = readFileSync('docs/metrics.md', 'utf8')

test('docs/http.md has a line for each route, and for nothing else', () => {
  const rows = Array.from(page.matchAll(/^\| `([A-Z]+ \/[^`]*)` \|/gm), ([, route]) => route)
  expect(rows).toEqual(routes.map(({ method, path }) => `${method} ${path}`))
})

test('the other pages name no route that is not there', () => {
  const patterns = routes.map(({ method, path }) => `${method} ${path}`)
  const pages = readdirSync('docs').filter(name => name.endsWith('.md'))
  const named = pages.flatMap(name =>
    Array.from(readFileSync(`docs/${name}`, 'utf8').matchAll(/`((?:GET|POST) \/[a-z/:_0-9]*)/g), ([, route]) => route),
  )
  expect(named).toEqual(expect.arrayContaining(['GET /v1/status', 'GET /readyz']))
  expect(named.filter(route => !patterns.includes(route as string))).toEqual([])
})

test('each error that the page names has the status it says', () => {
  const named = Array.from(page.matchAll(/\b([45]\d\d) ([A-Z_]+)\b/g), ([, status, code]) => [Number(status), code])
  expect(named.length).toBeGreaterThan(8)
  for (const [status, code] of named)
    expect({ code, status: errorCatalogue[code as keyof typeof errorCatalogue].http }).toEqual({ code, status })
})

test('docs/metrics.md has a line for each metric with its type and labels, and for nothing else', () => {
  const rows = Array.from(metrics.matchAll(/^\| `(hyp_\w+)` \| (\w+) \| ([^|]*) \|/gm), ([, name, type, labels]) => ({
    name,
    type,
    labels: (labels ?? '').match(/\w+/g) ?? [],
  }))
  expect(rows).toEqual(metricEntries.map(([name, { type, labels }]) => ({ name, type, labels: [...labels] })))
  const labels = Array.from(metrics.matchAll(/^\| `([a-z]+)` \|/gm), ([, label]) => label)
  expect(labels).toEqual(Object.keys(metricLabels))
})
