import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatPointer, lookup, parsePointer } from '../../src/schema/pointer.ts'

/** The document of RFC 6901, section 5. */
const rfc = {
  foo: ['bar', 'baz'],
  '': 0,
  'a/b': 1,
  'c%d': 2,
  'e^f': 3,
  'g|h': 4,
  'i\\j': 5,
  'k"l': 6,
  ' ': 7,
  'm~n': 8,
}

const at = (record: unknown, text: string): unknown => {
  const pointer = parsePointer(text)
  if (pointer === undefined) throw new Error(`${text} is no pointer`)
  return lookup(record, pointer)
}

describe('a JSON Pointer', () => {
  test('finds what RFC 6901 says it finds', () => {
    const expected: Record<string, unknown> = {
      '': rfc,
      '/foo': ['bar', 'baz'],
      '/foo/0': 'bar',
      '/': 0,
      '/a~1b': 1,
      '/c%d': 2,
      '/e^f': 3,
      '/g|h': 4,
      '/i\\j': 5,
      '/k"l': 6,
      '/ ': 7,
      '/m~0n': 8,
    }
    for (const [text, value] of Object.entries(expected)) expect(at(rfc, text), text).toEqual(value)
  })

  test('takes ~01 as ~1, not as a slash', () => {
    expect(parsePointer('/~01')).toEqual(['~1'])
  })

  test('is none without a leading slash or with a tilde that escapes nothing', () => {
    for (const text of ['a', 'a/b', '#/a', '$.a', ' /a', '/a~', '/a~2', '/~a/b']) {
      expect(parsePointer(text), text).toBeUndefined()
    }
  })

  test('survives being written and taken apart again, whatever the tokens are', () => {
    const token = fc.oneof(fc.string(), fc.constantFrom('', '~', '/', '~0', '~1', '~01', '0', '-', '__proto__'))
    fc.assert(
      fc.property(fc.array(token), tokens => {
        expect(parsePointer(formatPointer(tokens))).toEqual(tokens)
      }),
    )
  })

  test('finds the value at any path of any document', () => {
    fc.assert(
      fc.property(fc.jsonValue(), document => {
        for (const [path, value] of paths(document)) expect(lookup(document, path)).toBe(value)
      }),
    )
  })

  test('finds nothing behind a scalar, behind the end of an array and in what a record only inherits', () => {
    const record = { text: 'abc', list: [1], nothing: null }
    for (const text of [
      '/missing',
      '/text/0',
      '/text/length',
      '/nothing/x',
      '/list/1',
      '/list/-',
      '/list/01',
      '/list/length',
      '/list/map',
      '/constructor',
      '/__proto__',
      '/toString',
    ]) {
      expect(at(record, text), text).toBeUndefined()
    }
    expect(lookup(undefined, ['a'])).toBeUndefined()
  })

  test('finds an own key that is called like an inherited one', () => {
    expect(at(JSON.parse('{"__proto__": {"constructor": 1}}'), '/__proto__/constructor')).toBe(1)
  })
})

function paths(value: unknown): [string[], unknown][] {
  if (typeof value !== 'object' || value === null) return [[[], value]]
  const inner = Object.entries(value).flatMap(([key, member]) =>
    paths(member).map(([path, found]): [string[], unknown] => [[key, ...path], found]),
  )
  return [[[], value], ...inner]
}
