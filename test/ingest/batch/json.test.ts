import { describe, expect, test } from 'vitest'
import { check, keptText, refusal, table, told } from './checking.ts'

const notes = table([
  { name: 'text', type: 'string' },
  { name: 'n', type: 'long' },
])

describe('JSON', () => {
  test('is an array of rows, each of which becomes a line', async () => {
    const body = Buffer.from('[\n  {"n": 1},{ "text" :"a,]}\\"[{"} ,\r\n{"n":9223372036854775807}\n]\n')
    const before = Buffer.from(body)
    const batch = await check(body, notes, 'json')
    expect(keptText(batch)).toBe('{"n": 1}\n{ "text" :"a,]}\\"[{"}\n{"n":9223372036854775807}\n')
    expect(body).toEqual(before)
  })

  test('may be written over several lines; a row is none the less one line, and the body is left as it is', async () => {
    const body = Buffer.from(JSON.stringify([{ n: 1, text: 'a\nb' }, { n: 2 }], null, 2).replaceAll('\n', '\r\n'))
    const before = Buffer.from(body)
    const batch = await check(body, notes, 'json')
    expect(batch).toMatchObject({ rows: 2, kept: 2 })
    const lines = keptText(batch).split('\n')
    expect(lines).toHaveLength(3)
    expect(lines.slice(0, 2).map(line => JSON.parse(line) as unknown)).toEqual([{ n: 1, text: 'a\nb' }, { n: 2 }])
    expect(body).toEqual(before)
  })

  test('may be one object', async () => {
    expect(keptText(await check(' {"n":1,\n"text":"}"} \n', notes, 'json'))).toBe('{"n":1, "text":"}"}\n')
  })

  test.each(['', ' \n', '[]', ' [ \n ] ', '\uFEFF[]', '\uFEFF'])('of nothing (%j) is no rows', async body => {
    expect(await check(body, notes, 'json')).toMatchObject({ rows: 0, kept: 0, refused: 0 })
  })

  test('may begin with a byte order mark', async () => {
    expect(keptText(await check('\uFEFF[{"n":1}]', notes, 'json'))).toBe('{"n":1}\n')
  })

  test('refuses elements that are no rows, and says which', async () => {
    const batch = await check('[{"n":1}, 5, "a]", [{"n":1}], null, {"n":}, nul, {"n":"x"}, {"n":2}]', notes, 'json')
    expect(keptText(batch)).toBe('{"n":1}\n{"n":2}\n')
    expect(told(batch)).toEqual([
      '1 null: a number, not an object',
      '2 null: a text, not an object',
      '3 null: an array, not an object',
      '4 null: null, not an object',
      '5 null: not JSON',
      '6 null: not JSON',
      expect.stringMatching(/^7 n: a text, which is no long/),
    ])
  })

  test('refuses elements that are not UTF-8 or nested too deeply', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const body = Buffer.concat([
      Buffer.from('[{"text":"'),
      Buffer.from([0xff]),
      Buffer.from(`"},{"text":${deep}},{"n":1}]`),
    ])
    const batch = await check(body, notes, 'json')
    expect(batch).toMatchObject({ rows: 3, kept: 1, refused: 2 })
    expect(told(batch)[0]).toBe('0 null: not UTF-8')
  })
})

describe('JSON that is none is refused whole, with the place and without the content', () => {
  test.each([
    ['[{"n":1}', 'The array ends without its closing bracket, at byte 8.'],
    ['[', 'The array ends without its closing bracket, at byte 1.'],
    ['[{"n":1},', 'The array ends without its closing bracket, at byte 9.'],
    ['[{"n":1},]', 'A comma stands behind the last element of the array, at byte 8.'],
    ['[,{"n":1}]', 'An element is missing in the array, at byte 1.'],
    ['[{"n":1},,{"n":2}]', 'An element is missing in the array, at byte 9.'],
    ['[{"n":1} {"n":2}]', 'A comma is missing in the array, at byte 9.'],
    ['[1 2]', 'A comma is missing in the array, at byte 3.'],
    ['[1"a"]', 'A comma is missing in the array, at byte 2.'],
    ['["a""b"]', 'A comma is missing in the array, at byte 4.'],
    ['[1{}]', 'A comma is missing in the array, at byte 2.'],
    ['[{"n":1}] ]', 'Something follows the end of the array, at byte 10.'],
    ['[{"n":[1}]', 'A closing bracket does not belong to the one that is open, at byte 8.'],
    ['[}]', 'A closing bracket does not belong to the one that is open, at byte 1.'],
    ['[1}]', 'A comma is missing in the array, at byte 2.'],
    ['[{"text":"secret}]', 'The body ends inside a text, at byte 18.'],
    ['[{"text":"secret\\"}]', 'The body ends inside a text, at byte 20.'],
    ['[{"text":"secret\\', 'The body ends inside a text, at byte 17.'],
    ['[{"secret":1', 'The body ends inside an object or an array, at byte 12.'],
    ['{"secret":1', 'The body ends inside an object or an array, at byte 11.'],
    ['{"n":1}\n{"n":2}', 'Something follows the end of the object, at byte 8.'],
    ['"secret"', 'The body is neither a JSON array nor a JSON object, at byte 0.'],
    [' 5', 'The body is neither a JSON array nor a JSON object, at byte 1.'],
    ['id,text\n1,secret', 'The body is neither a JSON array nor a JSON object, at byte 0.'],
  ])('%j', async (body, message) => {
    const error = await refusal(check(body, notes, 'json'))
    expect(error).toMatchObject({ code: 'BODY_INVALID', message })
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('secret')
    expect(error).not.toHaveProperty('cause')
  })

  test('and whoever sent NDJSON is told how to send it', async () => {
    const error = await refusal(check('{"n":1}\n{"n":2}', notes, 'json'))
    expect(error).toMatchObject({ hint: expect.stringContaining('application/x-ndjson') })
  })
})
