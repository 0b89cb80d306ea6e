import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readHead } from '../../../src/sources/codex/head.ts'
import { recordOf, recordOfHead } from '../../../src/sources/codex/record.ts'
import { isObject, type JsonObject } from '../../../src/sources/json.ts'

const headOf = (line: string): unknown => readHead(Buffer.from(line))

test('the types of a line are told from its beginning', () => {
  expect(
    headOf('{"timestamp":"2026-03-01T10:00:00Z","type":"event_msg","payload":{"type":"agent_message","m":1}}'),
  ).toEqual({
    type: 'event_msg',
    payloadType: 'agent_message',
    ordinal: undefined,
  })
  expect(headOf('{ "timestamp" : null, "ordinal" : 17 ,\t"type": "compacted", "payload": {"message": "')).toEqual({
    type: 'compacted',
    payloadType: undefined,
    ordinal: 17,
  })
  expect(headOf('{"a\\"b":"c\\\\","flag":true,"n":-1.5e3,"type":"x"}')).toEqual({
    type: 'x',
    payloadType: undefined,
    ordinal: undefined,
  })
})

test('nothing is told where something else stands before the types, or the bytes end', () => {
  const nothing = { type: undefined, payloadType: undefined, ordinal: undefined }
  for (const line of [
    '',
    '{',
    'null',
    '["type","compacted"]',
    '{"payload":{"type":"ghost_snapshot"},"type":"response_item"}',
    '{"note":{"type":"compacted"},"type":"message"}',
    '{"list":["type"],"type":"message"}',
    '{"type":"compac',
    `{"long":"${'x'.repeat(2000)}","type":"message"}`,
  ]) {
    expect(headOf(line)).toMatchObject({ type: undefined })
  }
  expect(headOf('not JSON "type":"compacted"')).toEqual(nothing)
})

const word = fc.constantFrom(
  'type',
  'payload',
  'ordinal',
  'timestamp',
  'event_msg',
  'response_item',
  'compacted',
  'ghost_snapshot',
  'message',
  'token_count',
  'agent_message',
  '{"type":"compacted"}',
)
const value = fc.oneof(word, fc.jsonValue({ maxDepth: 2 }))
const inner = fc.array(fc.tuple(fc.oneof(word, fc.string()), value)).map(entries => Object.fromEntries(entries))
const lines = fc
  .array(fc.tuple(fc.oneof({ weight: 4, arbitrary: word }, fc.string()), fc.oneof(value, inner)))
  .map(entries => Object.fromEntries(entries) as JsonObject)

test('whatever a beginning tells, the whole line says as well', () => {
  fc.assert(
    fc.property(lines, fc.constantFrom(undefined, 1), fc.boolean(), (line, indent, isBare) => {
      const bytes = Buffer.from(JSON.stringify(line, null, indent))
      const head = readHead(bytes)
      if (head.type !== undefined) expect(line['type']).toBe(head.type)
      if (head.ordinal !== undefined) expect(line['ordinal']).toBe(head.ordinal)
      const { payload } = line
      if (head.payloadType !== undefined) expect(isObject(payload) ? payload['type'] : undefined).toBe(head.payloadType)
      const told = recordOfHead(head)
      if (told !== undefined) expect(recordOf(line, isBare)).toEqual(told)
    }),
    { numRuns: 5000 },
  )
})
