import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  comparePositions,
  parsePosition,
  positionProperty,
  positionsOf,
  printPosition,
} from '../../../src/ingest/spool/position.ts'
import {
  compareSegments,
  isStreamId,
  keysFile,
  newStreamId,
  parseKeysFile,
  parseSegmentFile,
  segmentFile,
  timeOf,
} from '../../../src/ingest/spool/stream.ts'

const id = '019b76da-a800-7abc-8def-0123456789ab'

describe('the name of a stream', () => {
  test('is a UUID v7 of its moment', () => {
    const name = newStreamId(0x0123_4567_89ab, () => new Uint8Array(10).fill(255))
    expect(name).toBe('01234567-89ab-7fff-bfff-ffffffffffff')
    expect(isStreamId(name)).toBe(true)
    expect(timeOf(name)).toBe(0x0123_4567_89ab)
  })

  test('is greater than the one before, whatever the clock and chance say', () => {
    const same = (): Uint8Array => new Uint8Array(10).fill(7)
    let last = newStreamId(1000, same)
    for (const now of [1000, 1000, 999, 0, -5, 2000.7, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Infinity, 0]) {
      const next = newStreamId(now, same, last)
      expect(next > last).toBe(true)
      expect(isStreamId(next)).toBe(true)
      last = next
    }
  })

  test('differs between two that follow the same one, also when the clock went back', () => {
    const after = newStreamId(5000, randomBytes)
    const names = new Set(Array.from({ length: 1000 }, () => newStreamId(10, randomBytes, after)))
    expect(names.size).toBe(1000)
  })

  test.each([
    ['another version', id.replace('-7', '-4')],
    ['capitals', id.toUpperCase()],
    ['another variant', id.replace('-8', '-c')],
    ['a time that leaves no room for a later one', id.replace('019b', 'ffff')],
    ['more behind it', `${id}0`],
    ['nothing', ''],
  ])('is not %s', (_what, text) => expect(isStreamId(text)).toBe(false))
})

describe('the name of a segment', () => {
  test('is that of its file, and back', () => {
    expect(segmentFile({ stream: id, segment: 1 })).toBe(`${id}.000001.seg`)
    expect(keysFile({ stream: id, segment: 42 })).toBe(`${id}.000042.keys`)
    for (const segment of [1, 999_999, 1_000_000, 12_345_678]) {
      expect(parseSegmentFile(segmentFile({ stream: id, segment }))).toEqual({ stream: id, segment })
      expect(parseKeysFile(keysFile({ stream: id, segment }))).toEqual({ stream: id, segment })
    }
  })

  test.each([
    `${id}.1.seg`,
    `${id}.0000001.seg`,
    `${id}.000000.seg`,
    `${id}.-00001.seg`,
    `${id}.000001.seg.part`,
    `${id}.000001.keys`,
    `${id}.1e0000.seg`,
    `${id.slice(1)}.000001.seg`,
    'rejects',
    '.DS_Store',
    '.seg',
  ])('is nothing else: %s', file => expect(parseSegmentFile(file)).toBeUndefined())

  test('sorts by stream and then by number, also beyond six digits', () => {
    const later = id.replace('019b', '019c')
    const names = [
      { stream: later, segment: 1 },
      { stream: id, segment: 1_000_000 },
      { stream: id, segment: 999_999 },
    ]
    expect(names.sort(compareSegments).map(({ segment }) => segment)).toEqual([999_999, 1_000_000, 1])
  })
})

describe('a position', () => {
  test('is written into a property of the table, and read from it', () => {
    const properties = {
      [positionProperty(id)]: printPosition({ segment: 3, end: 1024 }),
      'write.format.default': 'parquet',
      'hyp.spool.': '1:1',
      'hyp.spool.not-a-stream': '1:1',
    }
    expect(properties[`hyp.spool.${id}`]).toBe('3:1024')
    expect(positionsOf(properties)).toEqual(new Map([[id, { segment: 3, end: 1024 }]]))
  })

  test.each(['', '3', '3:', ':3', '0:5', '1:-1', '1:1:1', '01:1', '1: 1', '1.5:1', '1:1e3', '1:99999999999999999999'])(
    'is not %j, which leaves its rows to come again',
    text => {
      expect(parsePosition(text)).toBeUndefined()
      expect(positionsOf({ [positionProperty(id)]: text })).toEqual(new Map())
    },
  )

  test('is further in a later segment, and in the same one further behind', () => {
    const positions = [
      { segment: 2, end: 0 },
      { segment: 1, end: 500 },
      { segment: 1, end: 20 },
    ]
    expect(positions.sort(comparePositions)).toEqual([
      { segment: 1, end: 20 },
      { segment: 1, end: 500 },
      { segment: 2, end: 0 },
    ])
    expect(comparePositions({ segment: 1, end: 5 }, { segment: 1, end: 5 })).toBe(0)
  })
})
