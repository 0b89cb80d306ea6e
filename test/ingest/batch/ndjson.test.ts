import { describe, expect, test } from 'vitest'
import { largestRow, mostErrors, mostInside, mostRows } from '../../../src/ingest/batch/limits.ts'
import { check, keptText, refusal, table, told } from './checking.ts'

const notes = table([
  { name: 'text', type: 'string' },
  { name: 'n', type: 'long' },
])

describe('NDJSON', () => {
  test('is kept without a copy where every line is kept', async () => {
    const body = Buffer.from('{"n":1}\n{"n":2}\n')
    const { bytes } = await check(body, notes)
    expect(bytes.buffer).toBe(body.buffer)
    expect(bytes.byteOffset).toBe(body.byteOffset)
    expect(bytes.byteLength).toBe(body.byteLength)
  })

  test('ends every row that is kept with the end of a line, and leaves out what is none', async () => {
    const batch = await check('\n{"n":1}\r\n \t\r\n\n{"n":2}\n\n  {"n":3}', notes)
    expect(batch).toMatchObject({ rows: 3, kept: 3, refused: 0 })
    expect(keptText(batch)).toBe('{"n":1}\r\n{"n":2}\n  {"n":3}\n')
  })

  test('counts rows without blank lines, where it names one', async () => {
    expect((await check('\n\n{"n":1}\n\n{"n":"x"}\n', notes)).errors).toMatchObject([{ index: 1, column: 'n' }])
  })

  test('may begin with a byte order mark, which is not kept; elsewhere it is no JSON', async () => {
    expect(keptText(await check('\uFEFF{"n":1}\n', notes))).toBe('{"n":1}\n')
    expect(told(await check('{"n":1}\n\uFEFF{"n":1}\n', notes))).toEqual(['1 null: not JSON'])
  })

  test.each([
    ['', 0],
    ['\n \r\n\t', 0],
    ['\uFEFF', 0],
    ['\uFEFF\n', 0],
  ])('of nothing (%j) is no rows', async (body, rows) => {
    expect(await check(body, notes)).toMatchObject({ rows, kept: 0, refused: 0, bytes: new Uint8Array() })
  })

  test.each([
    ['{"n":1}\r{"n":2}', 'not JSON'],
    ['{"n":1', 'not JSON: it ends too soon'],
    ['{"text":"a', 'not JSON: it ends too soon'],
    ['{"n":NaN}', 'not JSON, which has no NaN and no Infinity'],
    ['{"n": -Infinity}', 'not JSON, which has no NaN and no Infinity'],
    ["{'n':1}", 'not JSON'],
    ['{"n":1}{"n":2}', 'not JSON'],
    ['{"n":01}', 'not JSON'],
    ['{"n":1,}', 'not JSON'],
    ['{"text":"a\tb"}', 'not JSON'],
    ['{"text":"a\0b"}', 'not JSON'],
    ['\0', 'not JSON'],
    ['\u00A0{"n":1}', 'not JSON'],
  ])('refuses the line %j: %s', async (line, reason) => {
    const batch = await check(`{"n":1}\n${line}\n{"n":2}`, notes)
    expect(told(batch)).toEqual([`1 null: ${reason}`])
    expect(keptText(batch)).toBe('{"n":1}\n{"n":2}\n')
  })

  test.each([
    ['separators that are ends of lines elsewhere', '{"text":"a\u2028b\u2029c\u0085"}'],
    ['escaped control characters, and half of a character', '{"text":"\\u0000\\n\\ud800"}'],
    ['the character that stands for what cannot be read', '{"text":"a\uFFFDb"}'],
  ])('keeps texts with %s', async (_, line) => {
    expect(keptText(await check(line, notes))).toBe(`${line}\n`)
  })

  test.each([
    ['a byte that begins nothing', [0xff]],
    ['a character that is cut off', [0xe2, 0x82]],
    ['half of a character of UTF-16', [0xed, 0xa0, 0x80]],
    ['a character in too many bytes', [0xc0, 0x80]],
  ])('refuses a line with %s, and no other', async (_, bytes) => {
    const line = Buffer.concat([Buffer.from('{"text":"'), Buffer.from(bytes), Buffer.from('"}')])
    const body = Buffer.concat([Buffer.from('{"n":1}\n'), line, Buffer.from('\n{"text":"ü"}\n')])
    const batch = await check(body, notes)
    expect(told(batch)).toEqual(['1 null: not UTF-8'])
    expect(keptText(batch)).toBe('{"n":1}\n{"text":"ü"}\n')
  })

  test('in UTF-16 is refused line by line', async () => {
    expect(await check(Buffer.from('\uFEFF{"n":1}\n', 'utf16le'), notes)).toMatchObject({ kept: 0, refused: 2 })
  })
})

describe('a row that is too much', () => {
  test.each([
    ['arrays', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['arrays that are not closed', '['.repeat(100_000)],
    ['arrays with a long number in them', `${'['.repeat(100_000)}9223372036854775807${']'.repeat(100_000)}`],
  ])('of 100 000 %s in one another is refused, and others are kept', async (_, value) => {
    for (const declaration of [notes, { ...notes, contract: { unknownFields: 'discard_value' } as const }]) {
      const batch = await check(`{"n":1}\n{"text":${value}}\n{"other":${value}}\n${value}\n{"n":2}\n`, declaration)
      expect(batch).toMatchObject({ rows: 5, kept: 2, refused: 3, rejects: [] })
    }
  })

  test('by its depth is told so: a text of JSON has at most 1000 levels', async () => {
    const nested = (levels: number): string => `{"text":${'['.repeat(levels)}${']'.repeat(levels)}}`
    const batch = await check(`${nested(1000)}\n${nested(1001)}\n`, notes)
    expect(batch.kept).toBe(1)
    expect(told(batch)).toEqual([
      expect.stringMatching(/^1 text: an array, which is no string; write less deeply nested/),
    ])
  })

  test('by its length is refused: 8 MiB are the most', async () => {
    const row = (bytes: number): string => `{"text":"${'x'.repeat(bytes - 11)}"}`
    const batch = await check(
      `${row(largestRow)}\n${row(largestRow + 1)}\n${' '.repeat(largestRow + 1)}\n{"n":1}`,
      notes,
    )
    expect(told(batch)).toEqual(['1 null: the row is larger than 8 MiB', '2 null: the row is larger than 8 MiB'])
    expect(batch.kept).toBe(2)
  })

  test('by what it holds twice: a long text beside a long number', async () => {
    const row = `{"text":"${'x\\"'.repeat(2_000_000)}","n":9223372036854775807}`
    expect(await check(row, notes)).toMatchObject({ kept: 1, refused: 0 })
  })
})

test('names of unknown fields are shortened where they are told, and not where they are kept', async () => {
  const name = 'n'.repeat(1000)
  const body = JSON.stringify({ [name]: 1 })
  expect((await check(body, notes)).errors[0]?.column).toBe(`${'n'.repeat(200)}…`)
  const batch = await check(body, { ...notes, contract: { unknownFields: 'discard_value' } })
  expect(batch.rejects[0]?.column).toBe(name)
})

test('of many refused rows the first errors are told, and all are counted', async () => {
  const batch = await check('1\n'.repeat(mostErrors + 500), notes)
  expect(batch.refused).toBe(mostErrors + 500)
  expect(batch.errors).toHaveLength(mostErrors)
})

test('a body of too many rows is refused whole', async () => {
  expect(await refusal(check('1\n'.repeat(mostRows + 1), notes))).toMatchObject({ code: 'TOO_LARGE' })
})

test('a body whose lists and structs hold too many values is refused whole', async () => {
  const points = { type: 'struct', fields: [{ name: 'x', type: 'int' }] } as const
  const nested = table([
    { name: 'path', type: { type: 'list', element: points } },
    { name: 'text', type: 'string' },
  ])
  const rowOf = (items: number): string => `{"path":[${Array(items).fill('{}').join(',')}]}\n`
  const half = rowOf(mostInside / 2 - 1)
  expect(await check(half + half, nested)).toMatchObject({ kept: 2 })
  expect(await refusal(check(half + half + rowOf(1), nested))).toMatchObject({ code: 'TOO_LARGE' })
})

describe('others have their turn', () => {
  /** A clock that goes on by so much whenever it is looked at, and how often others had their turn. */
  function turns(ms: number): { now: () => number; breathe: () => Promise<void>; count: () => number } {
    let time = 0
    let count = 0
    return {
      now: () => (time += ms),
      breathe: async () => void count++,
      count: () => count,
    }
  }

  test('after each 8 ms of work, whatever the body holds', async () => {
    const rows = '{"n":1}\n'.repeat(100)
    for (const [body, format, ms, least] of [
      [rows, 'ndjson', 1, 100 / 8 - 1],
      [rows, 'ndjson', 8, 100],
      ['1\n'.repeat(100), 'ndjson', 8, 100],
      [`[${Array(100).fill('{"n":1}').join()}]`, 'json', 8, 100],
      // Without a single row, or with one that takes long to find.
      ['\n'.repeat(50_000), 'ndjson', 8, 10],
      [`[${' '.repeat(5_000_000)}]`, 'json', 8, 3],
      [`[{"text":"${'x'.repeat(7_000_000)}"}]`, 'json', 8, 5],
    ] as const) {
      const { now, breathe, count } = turns(ms)
      await check(body, notes, format, { now, breathe })
      expect(count(), body.slice(0, 20)).toBeGreaterThanOrEqual(least)
    }
  })

  test('also when the clock is put back', async () => {
    const { now, breathe, count } = turns(-1000)
    await check('{"n":1}\n'.repeat(10), notes, 'ndjson', { now, breathe })
    expect(count()).toBe(10)
  })

  test('once for each slice, however many bodies are checked at a time', async () => {
    const bodies = 5
    const rows = 40
    let passed = 0
    let busy = true
    const count = (): void => {
      passed++
      if (busy) setImmediate(count)
    }
    setImmediate(count)
    const checks = Array.from({ length: bodies }, () => {
      let time = 0
      return check('{"n":1}\n'.repeat(rows), notes, 'ndjson', { now: () => (time += 8) })
    })
    expect(await Promise.all(checks)).toMatchObject(checks.map(() => ({ kept: rows })))
    busy = false
    expect(passed).toBeGreaterThanOrEqual(bodies * rows)
  })

  test('without being told how', async () => {
    let others = 0
    const timer = setInterval(() => others++, 1)
    await check('{"text":"something of a row"}\n'.repeat(200_000), notes)
    clearInterval(timer)
    expect(others).toBeGreaterThan(0)
  })
})
