import { message, writePrompt } from '../items.ts'
import { closeRollout, lineOf, type Rollout, skipped, writeItem, writeRaw, writeText } from '../rollout.ts'
import type { CodexEffect } from '../tally.ts'
import { conversation, turn } from './lines.ts'
import type { Trap } from './trap.ts'

const broken: CodexEffect = { kind: 'skipped', reason: 'invalid-json', malformed: true }
const notAnObject: CodexEffect = { kind: 'skipped', reason: 'not-an-object', malformed: true }
const human: CodexEffect = { kind: 'item', item: 'message', rows: 1, prompt: true }

/** What crashes, editors and other systems make of a file. */
export const damageTraps: Readonly<Record<string, Trap>> = {
  'lone-surrogates': ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'Half a flower: \ud83c, the other half: \udf3f.')
    closeRollout(rollout)
  },
  // Legal in JSON text, and the end of a line for some readers.
  'line-separators': ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'One\u2028line\u2029only.\u0085')
    closeRollout(rollout)
  },
  'byte-order-mark': ({ thread, begin }) => {
    const rollout = begin(thread())
    writeRaw(rollout, '\ufeff')
    conversation(rollout, 'Behind a mark.')
    closeRollout(rollout)
  },
  'carriage-returns': ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'Before.')
    for (let n = 0; n < 3; n++) writeRaw(rollout, `${said(rollout, `Line ${n}.`)}\r\n`, [human])
    closeRollout(rollout)
  },
  'blank-lines-and-nuls': ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'Before.')
    writeRaw(rollout, '\n  \n\t\r\n')
    turn(rollout, 'After.')
    writeRaw(rollout, `${'\0'.repeat(5000)}${said(rollout, 'Behind the hole.')}\n`, [human])
    closeRollout(rollout)
  },
  'invalid-utf8': ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'Before.')
    const [head = '', tail = ''] = said(rollout, 'Before XX after.').split('XX')
    writeRaw(rollout, Buffer.concat([Buffer.from(head), Buffer.from([0xff, 0xc3, 0x28]), Buffer.from(`${tail}\n`)]), [
      human,
    ])
    closeRollout(rollout)
  },
  'broken-lines': ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'Before.')
    for (const text of ['not json', '{"type":"response_item",', '{"a":1}{"b":2}']) writeText(rollout, text, broken)
    for (const text of ['42', 'null', '[]', '"text"']) writeText(rollout, text, notAnObject)
    turn(rollout, 'After.')
    closeRollout(rollout)
  },
  'torn-tail': ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'Before.')
    const line = said(rollout, 'Never finished.')
    writeRaw(rollout, line.slice(0, line.length / 2), [skipped('torn-tail')])
    closeRollout(rollout)
  },
  'no-last-newline': ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'Before.')
    writeRaw(rollout, said(rollout, 'The end.'), [human])
    closeRollout(rollout)
  },
  empty: ({ thread, begin }) => {
    closeRollout(begin(thread()))
  },
  'large-lines': ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'Before.')
    const { texts, random } = rollout
    writePrompt(rollout, 'What is on it?', 1)
    const image_url = `data:image/png;base64,${texts.base64(random, 3_000_000)}`
    const call_id = 'call_screenshot'
    writeItem(rollout, { type: 'function_call', name: 'view_image', arguments: '{"path":"a.png"}', call_id })
    writeItem(rollout, { type: 'function_call_output', call_id, output: [{ type: 'input_image', image_url }] })
    writeItem(rollout, { type: 'function_call_output', call_id, output: texts.output(random, 2_000_000) })
    closeRollout(rollout)
  },
}

/** A line longer than what readers take, between others. */
export function longLineTrap(bytes: number): Trap {
  return ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'Before.')
    const tooLong: CodexEffect = { kind: 'skipped', reason: 'line-too-long', malformed: true }
    writeText(rollout, said(rollout, rollout.texts.base64(rollout.random, bytes)), tooLong)
    turn(rollout, 'After.')
    closeRollout(rollout)
  }
}

function said(rollout: Rollout, text: string): string {
  return lineOf(rollout, 'response_item', message('user', text))
}
