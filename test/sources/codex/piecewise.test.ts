import { appendFile } from 'node:fs/promises'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import type { ReadPoint } from '../../../src/sources/source.ts'
import {
  assistant,
  call,
  codexHome,
  event,
  item,
  type Line,
  meta,
  output,
  placeOf,
  text,
  threadA,
  threadB,
  tokenCount,
  tokens,
  turn,
  user,
} from './rollouts.ts'

const some = fc.constantFrom('continue', 'yes', '<environment_context>', 'größe \u2028 😀')
const turnIds = fc.constantFrom('p1', 'p2', 'c1', 'c2')
const counts = fc.integer({ min: 0, max: 3 }).map(tokens_ => tokens(tokens_ * 10))

/** Any line, also damaged ones and those of other threads. */
const line: fc.Arbitrary<readonly (Line | string)[]> = fc.oneof(
  { weight: 4, arbitrary: some.map(said => [user(said)]) },
  { weight: 3, arbitrary: some.map(said => [assistant(said)]) },
  { weight: 2, arbitrary: turnIds.map(id => turn(id)) },
  { weight: 2, arbitrary: fc.constantFrom('1', '2').map(id => [call(id), output(id)]) },
  { weight: 3, arbitrary: fc.tuple(counts, counts).map(([total, last]) => [tokenCount(total, last)]) },
  fc.constantFrom(
    [meta(threadB)],
    [meta(threadA)],
    [item('ghost_snapshot', { ghost_commit: {} })],
    [event('agent_message', { message: 'x' })],
    ['{"damaged":'],
    [''],
    ['\0\0\0'],
  ),
)

const heads = fc.constantFrom<readonly Line[]>(
  [meta(threadA)],
  [],
  [meta(threadA, { forked_from_id: threadB }), meta(threadB)],
  [meta(threadA, { forked_from_id: threadB })],
  [meta(threadA, { subagent_history_start_ordinal: 4 }), meta(threadB)],
  [meta(threadA, { history_base: { thread_id: threadB, end_ordinal_exclusive: 5 } })],
)

const parent = text(meta(threadB), ...turn('p1'), user('continue'), assistant('yes'), ...turn('p2'), user('yes'))

test('reading a growing file piece by piece gives what reading it whole gives', async () => {
  const home = await codexHome({ [placeOf(threadB)]: parent })
  let number = 0
  await fc.assert(
    fc.asyncProperty(
      heads,
      fc.array(line, { maxLength: 25 }),
      fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 8 }),
      async (head, lines, sizes) => {
        const content = Buffer.from(text(...head, ...lines.flat()))
        const name = `sessions/${number++}/rollout-2026-03-01T11-00-00-${threadA}.jsonl`
        await home.write(name, '')
        const rows: Row[] = []
        let from: ReadPoint | undefined
        let at = 0
        for (let turns = 0; at < content.length; turns++) {
          const size = turns < sizes.length * 3 ? (sizes[turns % sizes.length] ?? 1) : content.length
          await appendFile(home.path(name), content.subarray(at, at + size))
          at += size
          const read = await home.read(name, { from })
          rows.push(...read.rows)
          from = read.end
        }
        const whole = await home.read(name)
        // Only a line without time of a file without any shows when the file was written.
        expect(rows).toEqual(whole.rows)
        expect(new Set(whole.rows.map(row => row['part_id'])).size).toBe(whole.rows.length)
      },
    ),
    { numRuns: 150 },
  )
})
