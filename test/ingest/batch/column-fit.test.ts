import { expect, test } from 'vitest'
import { fitOf } from '../../../src/ingest/batch/column-fit.ts'
import { cellFromJson } from '../../../src/schema/json-cell.ts'

const days = [
  '2024-01-31',
  '2024-02-28',
  '2024-02-29',
  '2023-02-29',
  '2024-04-31',
  '2024-00-10',
  '2024-13-01',
  '0000-01-01',
]
const clocks = [
  '09:05:00',
  '23:59:59.999999999999',
  '24:00:00',
  '09:60:00',
  '09:05:60',
  '09:05',
  '09:05:00.',
  '09:05:00,5',
]
const zones = ['', 'Z', 'z', '+01:00', '-23:59', '+24:00', '+0100', '+01', ' Z']

test.each(['date', 'time', 'timestamp', 'timestamptz'])(
  'texts are judged as %s in the short way as in the long one',
  type => {
    const fits = fitOf(type)
    const texts = [
      ...days,
      ...clocks,
      ...days.flatMap(day =>
        clocks.flatMap(clock => zones.flatMap(zone => [`${day}T${clock}${zone}`, `${day} ${clock}${zone}`])),
      ),
      '2024-01-28T09:05:00Z\n',
      '2024-01-28\n',
      '+2024-01-28T09:05:00Z',
    ]
    const judged = texts.map(text => [text, fits(text)])
    expect(judged).toEqual(texts.map(text => [text, 'cell' in cellFromJson(text, type)]))
    expect(new Set(judged.map(([, fit]) => fit))).toEqual(new Set([true, false]))
  },
)

test('numbers of every size are judged as cellFromJson judges them', () => {
  const numbers = [
    0,
    -0,
    1,
    -1,
    0.5,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    2 ** 53 - 1,
    2 ** 53,
    1e300,
    3.5e38,
    2n ** 63n,
    2n ** 63n - 1n,
    7n,
  ]
  for (const type of ['int', 'long', 'float', 'double', 'boolean', 'string', 'decimal(38,0)', 'uuid'])
    expect(numbers.map(fitOf(type))).toEqual(numbers.map(number => 'cell' in cellFromJson(number, type)))
})
