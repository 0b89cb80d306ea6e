import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Element, readElements } from '../../src/sources/elements.ts'

async function elementsOf(document: string | Uint8Array, sizes: readonly number[] = [1 << 20]): Promise<Element[]> {
  const bytes = Buffer.from(document)
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const size = sizes[turn % sizes.length] ?? 1
      yield Buffer.from(bytes.subarray(at, at + size))
      at += size
    }
  }
  const elements: Element[] = []
  for await (const batch of readElements(chunks())) elements.push(...batch)
  return elements
}

const shown = (elements: readonly Element[]): string[] =>
  elements.map(({ key, bytes, isWhole }) => `${key} ${bytes.toString().trim()}${isWhole ? '' : ' …'}`)

test('members come whole, and those that are lists element by element', async () => {
  const document = '{"session":{"id":"s","list":[1,{"a":[2]}]},"items":[{"a":1},[2,3],"x,]}",null],"n":7}'
  expect(shown(await elementsOf(document))).toEqual([
    'session {"id":"s","list":[1,{"a":[2]}]}',
    'items {"a":1}',
    'items [2,3]',
    'items "x,]}"',
    'items null',
    'n 7',
  ])
})

test('a document that is a list gives its elements without a name', async () => {
  expect(shown(await elementsOf('[{"a":1}, [2] ,3]'))).toEqual([' {"a":1}', ' [2]', ' 3'])
})

test('empty lists and objects have no elements', async () => {
  for (const document of ['', '{}', '[]', '{"items":[]}', '{"items":[ ]}\n\0\0']) {
    expect(await elementsOf(document)).toEqual([])
  }
})

test('an element tells the line on which it begins', async () => {
  const document = JSON.stringify({ session: { id: 's' }, items: [{ a: 1 }, { b: 'x\ny' }] }, null, 2)
  expect((await elementsOf(`\ufeff${document}`)).map(({ key, number }) => [key, number])).toEqual([
    ['session', 2],
    ['items', 6],
    ['items', 9],
  ])
})

test('what the end of the document cuts off is not whole', async () => {
  expect(shown(await elementsOf('{"items":[{"a":1},{"b":'))).toEqual(['items {"a":1}', 'items {"b": …'])
  expect(shown(await elementsOf('{"items":[{"a":1}'))).toEqual(['items {"a":1} …'])
  expect(shown(await elementsOf('no JSON at all'))).toEqual([' no JSON at all …'])
})

test('of an element above the limit only the beginning is kept, and the next one is whole', async () => {
  const bytes = Buffer.from(`{"items":[{"long":"${'x'.repeat(3_000_000)}"},{"a":1}]}`)
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
  }
  const found: [string, number, boolean][] = []
  for await (const batch of readElements(chunks(), { maxLineBytes: 100_000 })) {
    for (const { end, bytes: kept, isWhole } of batch) found.push([end, kept.length, isWhole])
  }
  expect(found).toEqual([
    ['cut', 4096, true],
    ['newline', 7, true],
  ])
})

test('any document gives its elements, however it is laid out and wherever it is cut into pieces', async () => {
  const name = fc.string().filter(key => key !== '__proto__')
  const documents = fc.dictionary(name, fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()))
  await fc.assert(
    fc.asyncProperty(
      documents,
      fc.constantFrom(undefined, 2, '\t'),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      async (document, indent, sizes) => {
        const found = await elementsOf(JSON.stringify(document, null, indent), sizes)
        const expected = Object.values(document).flatMap(value =>
          Array.isArray(value) ? (value as unknown[]) : [value],
        )
        expect(found.map(({ bytes }) => JSON.parse(bytes.toString()) as unknown)).toEqual(
          expected.map(value => JSON.parse(JSON.stringify(value)) as unknown),
        )
        expect(found.every(({ isWhole }) => isWhole)).toBe(true)
      },
    ),
  )
})
