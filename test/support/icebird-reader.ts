import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { icebergRead } from 'icebird'

/*
 * Reads tables with icebird, one a line: {file} names the metadata file, and
 * is answered by {answer}, its rows. icebird fetches, and Node's fetch knows no
 * files; in a process of its own it can be another.
 */

globalThis.fetch = async (input, init): Promise<Response> => {
  const bytes = await readFile((input instanceof Request ? input.url : input.toString()).replace(/^file:\/\//, ''))
  const [, start = '', end = ''] = /^bytes=(\d+)-(\d*)$/.exec(new Headers(init?.headers).get('range') ?? '') ?? []
  if (start === '') return new Response(bytes, { headers: { 'content-length': String(bytes.byteLength) } })
  const part = bytes.subarray(Number(start), end === '' ? undefined : Number(end) + 1)
  return new Response(part, { status: 206, headers: { 'content-length': String(part.byteLength) } })
}

/** JSON has neither undefined nor most of what icebird gives: each is told by its own name. */
function told(value: unknown): unknown {
  if (value === undefined) return { undefined: true }
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'bigint') return { bigint: String(value) }
  if (typeof value === 'number') return { number: Object.is(value, -0) ? '-0' : String(value) }
  if (value instanceof Date) return { date: value.getTime() }
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') }
  if (Array.isArray(value)) return value.map(told)
  return { object: Object.fromEntries(Object.entries(value).map(([name, item]) => [name, told(item)])) }
}

async function read(file: string): Promise<unknown> {
  const metadata = JSON.parse(await readFile(file, 'utf8')) as Parameters<typeof icebergRead>[0]['metadata']
  const rows = await icebergRead({
    tableUrl: metadata?.location ?? '',
    ...(metadata === undefined ? {} : { metadata }),
  })
  return rows.map(row => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, told(value)])))
}

for await (const line of createInterface({ input: process.stdin })) {
  const { file } = JSON.parse(line) as { file: string }
  let answer: object
  try {
    answer = { answer: await read(file) }
  } catch (error) {
    answer = { error: (error as Error).message }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
