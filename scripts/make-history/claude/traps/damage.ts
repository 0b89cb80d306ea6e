import { type Chain, linked, node, row, skipped } from '../chain.ts'
import type { ClaudeEffect } from '../tally.ts'
import { exchange, prompt } from './lines.ts'
import type { Trap } from './trap.ts'

const broken: ClaudeEffect = { kind: 'skipped', reason: 'invalid-json', malformed: true }
const notAnObject: ClaudeEffect = { kind: 'skipped', reason: 'not-an-object', malformed: true }

/** What crashes, editors and other systems make of a file. */
export const damageTraps: Readonly<Record<string, Trap>> = {
  'lone-surrogates': ({ session, begin }) => {
    const chain = begin(session())
    prompt(chain, 'Half a flower: \ud83c, the other half: \udf3f.')
    chain.out.close(chain.ms)
  },
  // Legal in JSON text, and the end of a line for some readers.
  'line-separators': ({ session, begin }) => {
    const chain = begin(session())
    prompt(chain, 'One\u2028line\u2029only.\u0085')
    exchange(chain)
    chain.out.close(chain.ms)
  },
  'invalid-utf8': ({ session, begin }) => {
    const chain = begin(session())
    const [head = '', tail = ''] = lineOf(chain, 'Before XX after.').split('XX')
    chain.out.raw(Buffer.concat([Buffer.from(head), Buffer.from([0xff, 0xc3, 0x28]), Buffer.from(`${tail}\n`)]), [
      human(chain),
    ])
    exchange(chain)
    chain.out.close(chain.ms)
  },
  'byte-order-mark': ({ session, begin }) => {
    const chain = begin(session())
    chain.out.raw(`\ufeff${lineOf(chain, 'Behind a mark.')}\n`, [human(chain)])
    exchange(chain)
    chain.out.close(chain.ms)
  },
  'carriage-returns': ({ session, begin }) => {
    const chain = begin(session())
    for (let n = 0; n < 3; n++) chain.out.raw(`${lineOf(chain, `Line ${n}.`)}\r\n`, [human(chain)])
    chain.out.close(chain.ms)
  },
  'blank-lines': ({ session, begin }) => {
    const chain = begin(session())
    chain.out.raw('\n  \n\t\r\n')
    exchange(chain)
    chain.out.raw('\n')
    exchange(chain)
    chain.out.close(chain.ms)
  },
  // A crash leaves NULs where the file had only grown.
  nuls: ({ session, begin }) => {
    const chain = begin(session())
    exchange(chain)
    chain.out.raw(`${'\0'.repeat(5000)}${lineOf(chain, 'Behind the hole.')}\n`, [human(chain)])
    chain.out.close(chain.ms)
  },
  'pretty-printed': ({ session, begin }) => {
    const chain = begin(session())
    exchange(chain)
    const pretty = JSON.stringify(JSON.parse(lineOf(chain, 'Over many lines.')), null, 2)
    chain.out.raw(
      `${pretty}\n`,
      Array.from({ length: pretty.split('\n').length }, () => broken),
    )
    exchange(chain)
    chain.out.close(chain.ms)
  },
  'torn-tail': ({ session, begin }) => {
    const chain = begin(session())
    exchange(chain)
    const line = lineOf(chain, 'Never finished.')
    chain.out.raw(line.slice(0, line.length / 2), [skipped('torn-tail')])
    chain.out.close(chain.ms)
  },
  // The last line is whole and has no end.
  'no-last-newline': ({ session, begin }) => {
    const chain = begin(session())
    exchange(chain)
    chain.out.raw(lineOf(chain, 'The end.'), [human(chain)])
    chain.out.close(chain.ms)
  },
  'broken-lines': ({ session, begin }) => {
    const chain = begin(session())
    exchange(chain)
    for (const text of ['not json', '{"type":"user",', '{"a":1}{"b":2}']) chain.out.text(text, broken)
    for (const text of ['42', 'null', '[]', '"text"', 'true']) chain.out.text(text, notAnObject)
    exchange(chain)
    chain.out.close(chain.ms)
  },
  empty: ({ session, begin }) => {
    const chain = begin(session())
    chain.out.close(chain.ms)
  },
  'large-line': ({ session, begin }) => {
    const chain = begin(session())
    const { texts, random } = chain
    const image = {
      type: 'image',
      source: { type: 'base64', media_type: 'image/png', data: texts.base64(random, 3_000_000) },
    }
    const message = { role: 'user', content: [image, { type: 'text', text: 'What is on it?' }] }
    chain.out.write(linked(chain, 'user', { message }), node(chain, 'user', ['image', 'text'], { prompt: true }))
    exchange(chain)
    chain.out.close(chain.ms)
  },
  'hostile-keys': ({ session, begin }) => {
    const chain = begin(session())
    const line = lineOf(chain, 'Keys of every object.').replace('{', '{"__proto__":{"type":"summary"},"constructor":1,')
    chain.out.text(line, human(chain))
    const nested = `${'['.repeat(500)}${']'.repeat(500)}`
    chain.out.text(`{"type":"deep","sessionId":"${chain.session.id}","nested":${nested}}`, row(chain))
    chain.out.close(chain.ms)
  },
}

/** A line longer than what readers take, between others. */
export function longLineTrap(bytes: number): Trap {
  return ({ session, begin }) => {
    const chain = begin(session())
    exchange(chain)
    const tooLong: ClaudeEffect = { kind: 'skipped', reason: 'line-too-long', malformed: true }
    chain.out.text(lineOf(chain, chain.texts.base64(chain.random, bytes)), tooLong)
    exchange(chain)
    chain.out.close(chain.ms)
  }
}

function lineOf(chain: Chain, content: string): string {
  return JSON.stringify(linked(chain, 'user', { message: { role: 'user', content } }))
}

function human(chain: Chain): ClaudeEffect {
  return node(chain, 'user', ['text'], { prompt: true })
}
