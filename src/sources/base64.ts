import { createHash } from 'node:crypto'
import { isObject } from './json.ts'

/**
 * Images and documents in base64 are most of the bytes of a long history and of no use to a query. Up to this many
 * characters they are kept; longer ones are replaced by their size and digest, by which the file can be recognised.
 */
export const maxBase64: number = 64 << 10

const base64Keys: ReadonlySet<string> = new Set(['data', 'base64', 'b64_json', 'result'])
const uriKeys: ReadonlySet<string> = new Set(['image_url', 'file_data', 'url'])
const base64Text = /^[A-Za-z0-9+/_-]+={0,2}$/
const dataUri = /(data:[\w.+-]+\/[\w.+-]+;base64,)([A-Za-z0-9+/_-]+={0,2})/g

/**
 * The same JSON value with every long base64 replaced by `{"omitted_bytes", "sha256"}` of the decoded bytes, in
 * data URIs as {@link plainText} does it. What a tool was called with is never shortened.
 */
export function withoutLongBase64(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLongBase64)
  if (!isObject(value)) return value
  const type = value['type']
  if (typeof type === 'string' && type.endsWith('tool_use')) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      isLongBase64(key, member)
        ? omitted(member)
        : isLongUri(key, member)
          ? plainText(member)
          : withoutLongBase64(member),
    ]),
  )
}

/** A text for `content_text`; long base64 in its data URIs becomes `[omitted_bytes=N sha256=HEX]`. */
export function plainText(text: string): string {
  if (text.length <= maxBase64) return text
  return text.replace(dataUri, (uri: string, head: string, base64: string) => {
    if (base64.length <= maxBase64) return uri
    const { omitted_bytes, sha256 } = omitted(base64)
    return `${head}[omitted_bytes=${omitted_bytes} sha256=${sha256}]`
  })
}

function isLongBase64(key: string, value: unknown): value is string {
  return typeof value === 'string' && value.length > maxBase64 && base64Keys.has(key) && base64Text.test(value)
}

function isLongUri(key: string, value: unknown): value is string {
  return typeof value === 'string' && value.length > maxBase64 && uriKeys.has(key) && value.startsWith('data:')
}

function omitted(base64: string): { readonly omitted_bytes: number; readonly sha256: string } {
  const bytes = Buffer.from(base64, 'base64')
  return { omitted_bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}
