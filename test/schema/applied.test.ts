import { expect, test } from 'vitest'
import { readEvolutions } from '../../src/schema/applied.ts'

const whole = { from: null, to: { release: 9, schema: 0 }, changes: [], fingerprint: 'f', at: 't', ms: 1, hyp: '0' }
const changes = [{ code: 'AD101', path: 'a', change: 'optional int' }]

test('evolutions are read in order, those without kind and field ids too', () => {
  const properties = {
    'hyp.evolution.10': JSON.stringify({ ...whole, kind: 'repair', from: { release: null, schema: 1 } }),
    'hyp.evolution.2': JSON.stringify({ ...whole, from: { release: 9, schema: 0 }, changes }),
    'hyp.evolution.1': JSON.stringify(whole),
    'other.evolution.3': JSON.stringify(whole),
  }
  expect(readEvolutions(properties).map(({ n, kind }) => [n, kind])).toEqual([
    [1, 'creation'],
    [2, 'evolution'],
    [10, 'repair'],
  ])
  expect(readEvolutions(properties)[1]?.changes).toEqual([{ ...changes[0], fieldId: null }])
})

test.each(['{"changes":5}', '{}', 'null', '[]', '{', JSON.stringify({ ...whole, changes: [null] })])(
  'what is no evolution is left out: %s',
  text => {
    expect(readEvolutions({ 'hyp.evolution.1': text })).toEqual([])
  },
)
