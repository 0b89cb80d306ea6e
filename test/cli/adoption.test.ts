import { expect, test } from 'vitest'
import { renderAdoption } from '../../src/cli/render/adoption.ts'
import { column, created, declare, planned } from '../schema/declaring.ts'

const things = declare([column('a', 'int')])
const adoption = {
  formatVersion: 1,
  action: 'none',
  table: 'things',
  tableUuid: '',
  directory: '/lake/things',
  declaration: { file: '/home/schema/things.json', written: true },
  accepted: [{ code: 'TO301', path: 'b'.repeat(150), change: '\u001b[31mint' }],
  notices: [],
  plan: planned(things, created(things)),
  metadataVersion: 1,
  elapsed_ms: 1,
} as const
const asIs = (command: string): string => command

test('an adoption that only writes a declaration says that, and one that does nothing says so', () => {
  expect(renderAdoption(adoption, asIs)[0]).toMatch(/^things is declared now; /)
  const again = { ...adoption, declaration: { ...adoption.declaration, written: false } }
  expect(renderAdoption(again, asIs)[0]).toMatch(/^Nothing to do: /)
})

test('its lines are broken at 100, and what a terminal would obey is shown', () => {
  const lines = renderAdoption(adoption, asIs)
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(100)
  expect(lines.join(' ')).toContain('\\u001b[31mint')
})
