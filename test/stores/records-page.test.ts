import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { taskStatuses, terminalReasons } from '../../src/stores/records/kinds/task.ts'
import { recordKinds } from '../../src/stores/records/registry.ts'

const page = readFileSync('docs/PERSISTENCE.md', 'utf8')

test('docs/PERSISTENCE.md lists every kind of record with its version, and no other', () => {
  const kinds = page.slice(page.indexOf('## Kinds'), page.indexOf('## Versions'))
  const listed = Array.from(kinds.matchAll(/^\| `(\w+)` \| (\d+) \|/gm), ([, name, version]) => [name, Number(version)])
  expect(listed).toEqual(recordKinds.map(({ name, version }) => [name, version]))
})

test('docs/PERSISTENCE.md says of every kind what each of its versions holds', () => {
  const versions = page.slice(page.indexOf('## Versions'), page.indexOf('## When a record'))
  const sections = versions.split(/^### /m).slice(1)
  const told = sections.map(section => [
    section.slice(0, section.indexOf('\n')),
    Array.from(section.matchAll(/^\| (\d+) \| .+ \|$/gm), ([, version]) => Number(version)),
  ])
  expect(told).toEqual(recordKinds.map(({ name, version }) => [name, Array.from({ length: version }, (_, n) => n + 1)]))
})

test('docs/PERSISTENCE.md names every status and every reason of a task', () => {
  const section = page.slice(page.indexOf('### task'), page.indexOf('## When a record'))
  for (const word of [...taskStatuses, ...terminalReasons]) expect(section).toContain(`\`${word}\``)
})
