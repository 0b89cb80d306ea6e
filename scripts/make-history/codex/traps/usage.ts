import { closeRollout, skipped, writeEvent } from '../rollout.ts'
import { noCodexUsage } from '../truth.ts'
import { writeMeta, writeTurnStart } from '../turn.ts'
import { emptyTokenCount, tokenCount } from '../usage.ts'
import { conversation, spend, turn, usageOf } from './lines.ts'
import type { Trap } from './trap.ts'

const unchanged = skipped('unchanged-usage')

/** What makes tokens be counted twice or not at all. */
export const usageTraps: Readonly<Record<string, Trap>> = {
  'repeated-token-counts': ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'What does it cost?')
    for (let n = 0; n < 3; n++) writeEvent(rollout, tokenCount(rollout.totals, usageOf(1000), n), unchanged)
    turn(rollout, 'And now?')
    closeRollout(rollout)
  },
  'doubled-events': ({ thread, begin }) => {
    const rollout = begin(thread('0.104.0'))
    conversation(rollout, 'Say it twice.', 'And again.')
    closeRollout(rollout)
  },
  // Two requests that cost the same are two requests.
  'equal-usage': ({ thread, begin }) => {
    const rollout = begin(thread())
    conversation(rollout, 'One.')
    for (let n = 0; n < 3; n++) spend(rollout, 777)
    closeRollout(rollout)
  },
  'falling-totals': ({ thread, begin }) => {
    const rollout = begin(thread('0.40.0'))
    conversation(rollout, 'Before.')
    spend(rollout, 50_000)
    rollout.totals = noCodexUsage()
    spend(rollout, 3000)
    spend(rollout, 200)
    closeRollout(rollout)
  },
  'no-info': ({ thread, begin }) => {
    const rollout = begin(thread())
    writeMeta(rollout)
    writeEvent(rollout, emptyTokenCount(), unchanged)
    turn(rollout, 'What does it cost?')
    writeEvent(rollout, emptyTokenCount(), unchanged)
    closeRollout(rollout)
  },
  // The cost of one request is what the totals rose by.
  'no-last-usage': ({ thread, begin }) => {
    const rollout = begin(thread())
    writeMeta(rollout)
    writeTurnStart(rollout)
    rollout.totals = usageOf(400)
    writeEvent(rollout, tokenCount(rollout.totals, undefined), { kind: 'usage', usage: usageOf(400) })
    const rise = { ...usageOf(600, 5), reasoning_output_tokens: 0 }
    for (const name of Object.keys(rise) as (keyof typeof rise)[]) rollout.totals[name] += rise[name]
    writeEvent(rollout, tokenCount(rollout.totals, undefined), { kind: 'usage', usage: rise })
    closeRollout(rollout)
  },
}
