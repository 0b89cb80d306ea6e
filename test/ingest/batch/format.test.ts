import { tableFromArrays, tableToIPC } from 'apache-arrow'
import { expect, test } from 'vitest'
import { detectFormat, formatOf, mediaTypes } from '../../../src/ingest/batch/format.ts'

test.each([
  ['application/x-ndjson', 'ndjson'],
  ['application/json', 'json'],
  ['application/vnd.apache.arrow.stream', 'arrow'],
  ['Application/JSON', 'json'],
  [' application/json ; charset=utf-8', 'json'],
  ['application/json;charset="UTF-8"', 'json'],
  ['application/json; charset="u\\tf-8"', 'json'],
  ['application/x-ndjson; charset=utf8; profile=x', 'ndjson'],
  ['application/json; charset', 'json'],
] as const)('the content type %j says %s', (header, format) => {
  expect(formatOf(header)).toBe(format)
})

test.each([
  undefined,
  '',
  'text/plain',
  'application/jsonx',
  'application/x-www-form-urlencoded',
  'application/json; charset=latin1',
  'application/json; profile=x; CHARSET="utf-16"',
])('the content type %j is refused, and it is said what to send', header => {
  expect(() => formatOf(header)).toThrow(
    expect.objectContaining({
      code: 'MEDIA_TYPE_UNSUPPORTED',
      hint: expect.stringContaining(mediaTypes.arrow),
    }),
  )
})

test.each([
  ['', 'ndjson'],
  ['\n \n', 'ndjson'],
  ['{"n":1}\n{"n":2}\n', 'ndjson'],
  ['{"n":1}', 'ndjson'],
  ['\uFEFF \n{"n":1}\n', 'ndjson'],
  ['{"text":"{[\\"{"}\r\n{"n":2}\n', 'ndjson'],
  ['{"n":}\n{"n":2}\n', 'ndjson'],
  ['{"text":"never ends\n{"n":2}\n', 'ndjson'],
  ['[{"n":1}]', 'json'],
  ['\uFEFF\n[', 'json'],
  ['{\n  "n": 1\n}\n', 'json'],
  ['{ "n": 1,\n  "text": "}" }', 'json'],
  ['{"list": [1,\n2]}', 'json'],
  ['id,text\n1,a\n', 'ndjson'],
  ['ARROW1\0\0', 'arrow'],
])('a file that begins with %j holds %s', (text, format) => {
  expect(detectFormat(Buffer.from(text))).toBe(format)
})

test('an Arrow stream and an Arrow file are known by their first bytes', () => {
  const table = tableFromArrays({ n: [1, 2] })
  expect(detectFormat(tableToIPC(table, 'stream'))).toBe('arrow')
  expect(detectFormat(tableToIPC(table, 'file'))).toBe('arrow')
})
