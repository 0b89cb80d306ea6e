import { writeFileSync } from 'node:fs'
import type { KeptLine } from '../chain.ts'
import { linked, node, skipped } from '../chain.ts'
import { answer, exchange, prompt } from './lines.ts'
import type { Trap } from './trap.ts'

/** What makes rows be lost, stored twice or given to the wrong session. */
export const identityTraps: Readonly<Record<string, Trap>> = {
  // A fork copies lines byte by byte but for the session's id; usage must not count again.
  fork: ({ session, begin }) => {
    const origin = begin(session())
    const lines = exchangeLines(origin)
    for (const { text, effect } of lines) origin.out.text(text, effect)
    origin.out.close(origin.ms)
    const fork = begin({ ...origin.session, id: origin.random.uuid() })
    for (const { text, effect } of lines) {
      const renamed = text.replace(origin.session.id, fork.session.id)
      fork.out.text(renamed, { ...effect, session: fork.session.id } as typeof effect, 'fork')
    }
    prompt(fork, 'And on from here.')
    fork.out.close(fork.ms)
  },
  // Resumed as old clients do: copied lines keep the old session's id, new ones have the file's.
  'two-sessions-in-a-file': ({ session, begin }) => {
    const origin = begin(session('1.0.51'))
    const lines = exchangeLines(origin)
    for (const { text, effect } of lines) origin.out.text(text, effect)
    origin.out.close(origin.ms)
    const next = begin(session('1.0.51'))
    for (const { text, effect } of lines) next.out.text(text, effect, 'copy')
    exchange(next)
    next.out.close(next.ms)
  },
  'named-otherwise': ({ session, begin }) => {
    const chain = begin(session(), { path: 'agent-smith.jsonl' })
    exchange(chain)
    chain.out.close(chain.ms)
  },
  'summaries-only': ({ session, begin }) => {
    const chain = begin(session('2.0.14'))
    for (const summary of ['A title', 'Another title'])
      chain.out.write({ type: 'summary', summary, leafUuid: chain.random.uuid() }, skipped('summary'))
    chain.out.close(chain.ms)
  },
  'no-session-id': ({ session, begin }) => {
    const chain = begin(session())
    const { sessionId: _, ...line } = linked(chain, 'user', { message: { role: 'user', content: 'Whose am I?' } })
    chain.out.write(line, skipped('no-session-id'))
    chain.out.close(chain.ms)
  },
  // The same id, other words: the first stays.
  'repeated-uuid': ({ session, begin }) => {
    const chain = begin(session())
    const line = prompt(chain, 'The first words.')
    const message = { role: 'user', content: 'Other words.' }
    chain.out.write({ ...line, message }, node(chain, 'user', ['text']), 'copy')
    chain.out.close(chain.ms)
  },
  // Two equal lines without an id are two messages.
  'equal-lines-without-uuid': ({ session, begin }) => {
    const chain = begin(session('1.0.24'))
    const message = { role: 'user', content: 'Once more.' }
    const line = { type: 'user', sessionId: chain.session.id, timestamp: '2025-06-10T10:00:00.000Z', message }
    for (let n = 0; n < 2; n++) chain.out.write(line, node(chain, 'user', ['text'], { prompt: true }))
    chain.out.close(chain.ms)
  },
  // Messages kept by a compaction are hung up anew: the order of the file is not that of the tree.
  'hung-up-anew': ({ session, begin }) => {
    const chain = begin(session())
    exchange(chain)
    const later = chain.random.uuid()
    prompt(chain, 'Below what comes later.', { parentUuid: later })
    chain.parent = null
    prompt(chain, 'What comes later.', { parentUuid: null })
    chain.out.close(chain.ms)
  },
  // A file of the same name elsewhere, and things beside the transcripts that are none.
  'other-files': ({ session, begin, pathOf }) => {
    const chain = begin(session())
    exchange(chain)
    chain.out.close(chain.ms)
    for (const name of ['journal.jsonl', 'history.jsonl', 'audit.jsonl'])
      writeFileSync(pathOf(name), '{"type":"user","sessionId":"none","message":{"role":"user","content":"No."}}\n')
    writeFileSync(pathOf('notes.txt'), 'nothing\n')
  },
  // Asked twice in the same words: two prompts.
  'same-words-twice': ({ session, begin }) => {
    const chain = begin(session())
    for (let n = 0; n < 2; n++) {
      prompt(chain, 'Are we there yet?')
      answer(chain, { id: `msg_yet_${n}`, request: `req_yet_${n}`, output: 3 })
    }
    chain.out.close(chain.ms)
  },
}

/** The lines of a small conversation, not written yet. */
function exchangeLines(chain: Parameters<typeof exchange>[0]): KeptLine[] {
  const lines: KeptLine[] = []
  const recorder = {
    ...chain.out,
    write: (line: object, effect: KeptLine['effect']) => void lines.push({ text: JSON.stringify(line), effect }),
  }
  const recorded = { ...chain, out: recorder as typeof chain.out }
  exchange(recorded)
  chain.parent = recorded.parent
  chain.ms = recorded.ms
  return lines
}
