import { compress } from '../../zstd.ts'
import { writeDocument } from '../document.ts'
import { closeRollout, type KeptItem, type Rollout, skipped, writeText } from '../rollout.ts'
import { writeMeta } from '../turn.ts'
import { conversation, turn } from './lines.ts'
import type { Trap, TrapPlace } from './trap.ts'

const prompts = ['Where am I?', 'And where was I?']

/** Where rollouts lie, and in which form. */
export const placeTraps: Readonly<Record<string, Trap>> = {
  archived: ({ thread, begin, pathOf }) => {
    const moved = thread()
    const rollout = begin(moved, { path: pathOf(moved, true) })
    conversation(rollout, ...prompts)
    closeRollout(rollout)
  },
  compressed: async ({ thread, begin, pathOf, absolute }) => {
    const old = thread()
    const rollout = begin(old)
    conversation(rollout, ...prompts)
    closeRollout(rollout, `${pathOf(old)}.zst`)
    await compress(absolute(pathOf(old)))
  },
  // While both exist, only the plain one is whole.
  'plain-and-compressed': async ({ thread, begin, pathOf, absolute }) => {
    const old = thread()
    const rollout = begin(old)
    conversation(rollout, ...prompts)
    closeRollout(rollout)
    await compress(absolute(pathOf(old)), true)
  },
  // Copied into the archive, not moved: one thread.
  'live-and-archived': place => {
    closeRollout(twice(place).copy)
  },
  'archived-and-compressed': async place => {
    const { path, copy } = twice(place)
    closeRollout(copy, `${path}.zst`)
    await compress(place.absolute(path))
  },
  bare: ({ thread, begin }) => {
    const rollout = begin(thread('0.10.0'))
    conversation(rollout, ...prompts)
    writeText(rollout, '{"record_type":"state"}', skipped('thread-context'))
    turn(rollout, 'And on?')
    closeRollout(rollout)
  },
  document: ({ thread, begin, pathOf }) => {
    const first = thread('0.1.250')
    const rollout = begin(first, { path: pathOf(first, false, 'json') })
    writeDocument(rollout, 3000)
    closeRollout(rollout)
  },
  'printed-document': ({ thread, begin, pathOf }) => {
    const first = thread('0.1.250')
    const rollout = begin(first, { path: pathOf(first, false, 'json') })
    writeDocument(rollout, 3000, 2)
    closeRollout(rollout)
  },
  // Nothing but its name says which thread it is.
  'no-meta': ({ thread, begin }) => {
    const rollout = begin(thread())
    turn(rollout, 'Who am I?')
    closeRollout(rollout)
  },
  'review-subagent': ({ thread, begin }) => {
    const rollout = begin(thread('0.125.0', { source: { subagent: 'review' } }))
    writeMeta(rollout)
    turn(rollout, 'Is it right?')
    closeRollout(rollout)
  },
}

/** A thread in two files of the same content, the second one in the archive: its rows are there already. */
function twice({ thread, begin, pathOf }: TrapPlace): { readonly copy: Rollout; readonly path: string } {
  const doubled = thread()
  const lines: KeptItem[] = []
  const rollout = begin(doubled, { keep: line => lines.push(line) })
  conversation(rollout, ...prompts)
  closeRollout(rollout)
  const path = pathOf(doubled, true)
  const copy = begin(doubled, { path, copy: true })
  for (const { text, effect } of lines) writeText(copy, text, effect)
  return { copy, path }
}
