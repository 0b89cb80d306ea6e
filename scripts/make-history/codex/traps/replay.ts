import { compress } from '../../zstd.ts'
import { copied, replay } from '../replay.ts'
import { closeRollout, type KeptItem, lineOf, type Rollout, skipped, type Thread, writeText } from '../rollout.ts'
import { metaOf, writeMeta } from '../turn.ts'
import { conversation, turn } from './lines.ts'
import type { Trap, TrapPlace } from './trap.ts'

interface Parent {
  readonly thread: Thread
  readonly meta: string
  readonly items: readonly KeptItem[]
}

/** A thread of two turns that others go on from. */
function parent({ begin }: TrapPlace, thread: Thread, path?: string): Parent {
  const items: KeptItem[] = []
  const rollout = begin(thread, { keep: item => items.push(item), ...(path === undefined ? {} : { path }) })
  conversation(rollout, 'What is the parent?', 'And what is its second turn?')
  const meta = metaLine(rollout)
  closeRollout(rollout)
  return { thread, meta, items }
}

function metaLine(rollout: Rollout): string {
  return JSON.stringify({
    timestamp: new Date(rollout.ms).toISOString(),
    type: 'session_meta',
    payload: metaOf(rollout),
  })
}

function spawned(origin: Thread): Partial<Thread> {
  const thread_spawn = { parent_thread_id: origin.id, depth: 1, agent_path: 'explorer', agent_nickname: 'Ada' }
  return { sessionId: origin.sessionId, parentThreadId: origin.id, source: { subagent: { thread_spawn } } }
}

/** A thread that begins with the turns of another. */
function copying({ begin }: TrapPlace, thread: Thread, origin: Parent): void {
  const rollout = begin(thread)
  writeMeta(rollout)
  replay(rollout, origin)
  turn(rollout, 'What is my own turn?')
  closeRollout(rollout)
}

/** What makes the history of one thread be counted for another again. */
export const replayTraps: Readonly<Record<string, Trap>> = {
  fork: place => {
    const origin = parent(place, place.thread())
    copying(place, place.thread('0.125.0', { forkedFrom: origin.thread.id }), origin)
    // Two forks of one thread, and none counts what they share.
    copying(place, place.thread('0.125.0', { forkedFrom: origin.thread.id }), origin)
  },
  'fork-of-archived': place => {
    const thread = place.thread()
    const origin = parent(place, thread, place.pathOf(thread, true))
    copying(place, place.thread('0.125.0', { forkedFrom: thread.id }), origin)
  },
  'fork-of-compressed': async place => {
    const thread = place.thread()
    const origin = parent(place, thread)
    await compress(place.absolute(place.pathOf(thread)))
    copying(place, place.thread('0.125.0', { forkedFrom: thread.id }), origin)
  },
  'child-with-copy': place => {
    const origin = parent(place, place.thread('0.142.0'))
    copying(place, place.thread('0.142.0', spawned(origin.thread)), origin)
  },
  'child-without-copy': place => {
    const origin = parent(place, place.thread())
    const rollout = place.begin(place.thread('0.125.0', spawned(origin.thread)))
    conversation(rollout, 'Look for it.')
    closeRollout(rollout)
  },
  // The first session_meta is the file's own, whatever comes after.
  'later-meta': place => {
    const rollout = place.begin(place.thread())
    conversation(rollout, 'Who am I?')
    const other = place.thread()
    writeText(rollout, metaLine({ ...rollout, thread: other }), skipped('thread-context'))
    turn(rollout, 'Still me?')
    closeRollout(rollout)
  },
  // Says itself where its own history begins.
  'child-with-ordinal': place => {
    const origin = parent(place, place.thread('0.149.0'))
    const rollout = place.begin(place.thread('0.149.0', spawned(origin.thread)))
    const start = origin.items.length + 1
    writeMeta(rollout, { subagent_history_start_ordinal: start })
    const turns = origin.items.filter(({ turn: of }) => of > 0)
    for (const { text, effect, totals } of turns) {
      const ordinal = rollout.ordinal++
      writeText(rollout, text.replace(/"ordinal":\d+/, `"ordinal":${ordinal}`), copied(effect))
      rollout.totals = { ...totals }
    }
    rollout.tally.replayed(2)
    rollout.ordinal = start
    turn(rollout, 'What is my own turn?')
    closeRollout(rollout)
  },
  // Names what it goes on from in place of copying it.
  'fork-by-reference': place => {
    const origin = parent(place, place.thread('0.149.0'))
    const rollout = place.begin(place.thread('0.149.0', { forkedFrom: origin.thread.id }))
    const end_ordinal_exclusive = origin.items.length
    rollout.ordinal = end_ordinal_exclusive
    writeMeta(rollout, { history_base: { thread_id: origin.thread.id, end_ordinal_exclusive, end_byte_offset: 0 } })
    turn(rollout, 'What is my own turn?')
    closeRollout(rollout)
  },
  // Nobody can say what it repeats: everything is kept.
  'fork-of-nothing': place => {
    const gone = place.thread()
    const rollout = place.begin(place.thread('0.125.0', { forkedFrom: gone.id }))
    writeMeta(rollout)
    writeText(rollout, metaLine({ ...rollout, thread: gone }), skipped('thread-context'))
    turn(rollout, 'A turn of the parent, which is gone.')
    turn(rollout, 'What is my own turn?')
    closeRollout(rollout)
  },
  // Its events and lines without an envelope around the item are no second history.
  'nested-type': place => {
    const rollout = place.begin(place.thread())
    conversation(rollout, 'Is {"type":"compacted"} a type?')
    const quoting = lineOf(rollout, 'event_msg', { type: 'agent_message', message: '"type":"response_item"' })
    writeText(rollout, quoting, skipped('client-event'))
    closeRollout(rollout)
  },
}
