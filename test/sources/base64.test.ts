import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { maxBase64, plainText, withoutLongBase64 } from '../../src/sources/base64.ts'

const bytes = Buffer.alloc(90_000, 'pixels')
const base64 = bytes.toString('base64')
const sha256 = createHash('sha256').update(bytes).digest('hex')

test('base64 above the limit becomes its size and digest, wherever the value holds it', () => {
  const value = { a: [{ source: { type: 'base64', data: base64 } }], file: { base64 } }
  const omitted = { omitted_bytes: 90_000, sha256 }
  expect(withoutLongBase64(value)).toEqual({
    a: [{ source: { type: 'base64', data: omitted } }],
    file: { base64: omitted },
  })
})

test('base64 up to the limit, other text and other members are kept', () => {
  const value = { data: 'A'.repeat(maxBase64), text: 'A'.repeat(100_000), base64: 'not base64 '.repeat(10_000) }
  expect(withoutLongBase64(value)).toEqual(value)
})

test('a member that is a data URI keeps its head and becomes as short', () => {
  const uri = `data:image/png;base64,${base64}`
  expect(withoutLongBase64({ content: [{ image_url: uri }, { image_url: { url: uri } }] })).toEqual({
    content: [
      { image_url: `data:image/png;base64,[omitted_bytes=90000 sha256=${sha256}]` },
      { image_url: { url: `data:image/png;base64,[omitted_bytes=90000 sha256=${sha256}]` } },
    ],
  })
  const link = { url: `https://example.com/${'a'.repeat(100_000)}` }
  expect(withoutLongBase64(link)).toEqual(link)
})

test('what a tool was called with is never shortened', () => {
  const value = { content: [{ type: 'tool_use', name: 'upload', input: { data: base64 } }] }
  expect(withoutLongBase64(value)).toEqual(value)
})

test('long base64 in the data URI of a text becomes its size and digest, the text around it stays', () => {
  const text = `before ![](data:image/png;base64,${base64}) after data:image/png;base64,AAAA`
  expect(plainText(text)).toBe(
    `before ![](data:image/png;base64,[omitted_bytes=90000 sha256=${sha256}]) after data:image/png;base64,AAAA`,
  )
  expect(plainText('A'.repeat(100_000))).toBe('A'.repeat(100_000))
})
