import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Readonly<
  Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>
>
const page = readFileSync('docs/dependencies.md', 'utf8')
const [, runtime = '', development = ''] = page.split(/^## .*$/m)

test('docs/dependencies.md has a section for each runtime dependency, and for nothing else', () => {
  const sections = [...runtime.matchAll(/^### `(.+)`$/gm)].map(match => match[1])
  expect(sections).toEqual(Object.keys(manifest.dependencies).sort())
})

test('each section says what for, why this one, how large, and what not for', () => {
  for (const section of runtime.split(/^### /m).slice(1)) {
    for (const question of ['What for', 'Why this one', 'Size', 'Not for']) expect(section).toContain(`* ${question}: `)
  }
})

test('docs/dependencies.md lists each development dependency, and nothing else', () => {
  const rows = [...development.matchAll(/^\| `(.+?)` \|/gm)].map(match => match[1])
  expect(rows).toEqual(Object.keys(manifest.devDependencies).sort())
})
