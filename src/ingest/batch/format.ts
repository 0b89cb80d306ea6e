import { HypError } from '../../errors.ts'
import { openAtEnd } from './open-at-end.ts'
import { isSpace, startOfText } from './raw-row.ts'

/** What rows come as: an object a line, an array of objects or one object, or an Arrow IPC stream. */
export type BatchFormat = 'ndjson' | 'json' | 'arrow'

/** As what rows in a format are sent. */
export const mediaTypes: Readonly<Record<BatchFormat, string>> = {
  ndjson: 'application/x-ndjson',
  json: 'application/json',
  arrow: 'application/vnd.apache.arrow.stream',
}

const token = "[\\w!#$%&'*+.^`|~-]+"
const parameter = new RegExp(`^\\s*(${token})=(?:(${token})|"((?:[^"\\\\]|\\\\.)*)")\\s*$`)

/**
 * The format that a `content-type` says (RFC 9110 §8.3).
 * @throws HypError MEDIA_TYPE_UNSUPPORTED for any other, for none, and for texts that are not in UTF-8
 */
export function formatOf(header: string | undefined): BatchFormat {
  const [type = '', ...parameters] = (header ?? '').split(';')
  const name = type.trim().toLowerCase()
  const format = (Object.keys(mediaTypes) as BatchFormat[]).find(candidate => mediaTypes[candidate] === name)
  if (format === undefined)
    throw new HypError(
      'MEDIA_TYPE_UNSUPPORTED',
      header === undefined ? 'The request says no content type.' : 'The content type is none of rows.',
    )
  for (const text of parameters) {
    const [, key = '', plain, quoted = ''] = parameter.exec(text) ?? []
    if (key.toLowerCase() !== 'charset') continue
    const charset = (plain ?? quoted.replace(/\\(.)/g, '$1')).toLowerCase()
    if (charset !== 'utf-8' && charset !== 'utf8')
      throw new HypError('MEDIA_TYPE_UNSUPPORTED', 'The content type names another charset than UTF-8.')
  }
  return format
}

const openBracket = 0x5b
const openBrace = 0x7b

/**
 * The format of rows by their first bytes. Where an object begins, the first
 * line decides: whole, it is a row of NDJSON; else it is one object on several
 * lines.
 */
export function detectFormat(bytes: Uint8Array): BatchFormat {
  // A message of a stream begins with −1, a file with its name.
  if (startsWith(bytes, [0xff, 0xff, 0xff, 0xff]) || startsWith(bytes, Buffer.from('ARROW1'))) return 'arrow'
  let start = startOfText(bytes)
  while (isSpace(bytes[start])) start++
  if (bytes[start] === openBracket) return 'json'
  const newline = bytes.indexOf(0x0a, start)
  if (bytes[start] !== openBrace || newline < 0) return 'ndjson'
  return openAtEnd(bytes.subarray(start, newline)) === 'bracket' ? 'json' : 'ndjson'
}

function startsWith(bytes: Uint8Array, start: ArrayLike<number>): boolean {
  return bytes.length >= start.length && Array.from(start).every((byte, at) => bytes[at] === byte)
}
