import { expect, test } from 'vitest'
import { ownTexts, ownTurns, twoTurns } from './continued.ts'
import {
  archivedPlaceOf,
  codexHome,
  codexOf,
  type Line,
  meta,
  placeOf,
  said,
  text,
  threadA,
  threadB,
  threadC,
  threadD,
  turn,
  user,
} from './rollouts.ts'

const baseTurns = twoTurns()

/** The lines with the numbers that a paginated history has. */
function numbered(lines: readonly Line[], first = 0): Line[] {
  return lines.map((line, index) => ({ ...line, ordinal: first + index }))
}

const paginated = numbered([
  meta(threadA, { history_mode: 'paginated' }),
  ...baseTurns,
  ...turn('p3'),
  user('too late'),
])

function pageOf(thread: string, base: string, endOrdinal: number, own: readonly Line[]): string {
  const fields = {
    history_mode: 'paginated',
    forked_from_id: base,
    history_base: { thread_id: base, end_ordinal_exclusive: endOrdinal, end_byte_offset: 1 },
  }
  return text(...numbered([meta(thread, fields), ...own], endOrdinal))
}

test('a paginated fork goes on from the message before it, which stands in the other file', async () => {
  const home = await codexHome({
    [placeOf(threadA)]: text(...paginated),
    [placeOf(threadB)]: pageOf(threadB, threadA, 12, ownTurns),
  })
  const base = await home.read(placeOf(threadA))
  const { rows, unresolved } = await home.read(placeOf(threadB))
  expect(unresolved).toBe(false)
  expect(said(rows)).toEqual(ownTexts)
  // The last message of the base before its line 12 answers the call; the report of tokens after it is no message.
  const answer = base.rows.find(row => row['part_type'] === 'tool_result')
  expect(rows[0]?.['previous_message_id']).toBe(JSON.stringify([answer?.['message_id']]))
  expect(rows.map(row => row['message_index'])).toEqual([7, 8, 9])
  expect(codexOf(rows[0])['history_base']).toEqual({
    thread_id: threadA,
    end_ordinal_exclusive: 12,
    end_byte_offset: 1,
  })
  // What the base reported before is not reported again.
  expect(rows.map(row => row['input_tokens']).filter(cell => cell !== null)).toEqual([10n])
})

test('a paginated fork of a paginated fork follows both', async () => {
  const home = await codexHome({
    [archivedPlaceOf(threadA)]: text(...paginated),
    [placeOf(threadB)]: pageOf(threadB, threadA, 12, ownTurns),
    [placeOf(threadC)]: pageOf(threadC, threadB, 17, [...turn('d1'), user('last')]),
    [placeOf(threadD)]: pageOf(threadD, threadA, 0, [user('from nothing')]),
  })
  const middle = await home.read(placeOf(threadB))
  const { rows } = await home.read(placeOf(threadC))
  expect(rows[0]).toMatchObject({
    message_index: 9,
    previous_message_id: JSON.stringify([middle.rows[1]?.['message_id']]),
  })
  expect((await home.read(placeOf(threadD))).rows[0]).toMatchObject({ message_index: 0, previous_message_id: '[]' })
})

test('a legacy copy of a paginated fork has the turns of both files', async () => {
  const home = await codexHome({
    [placeOf(threadA)]: text(...paginated),
    [placeOf(threadB)]: pageOf(threadB, threadA, 12, ownTurns),
    [placeOf(threadC)]: text(
      meta(threadC, { forked_from_id: threadB }),
      meta(threadB),
      ...baseTurns,
      ...ownTurns,
      ...turn('g1'),
      user('grandchild'),
    ),
  })
  expect(said((await home.read(placeOf(threadC))).rows)).toEqual(['grandchild'])
})

test('a copy of the base that ends before the fork was made does not tell where the fork goes on', async () => {
  const early = text(...paginated.slice(0, 5))
  const [of, archived] = await Promise.all(
    [
      { [placeOf(threadA)]: text(...paginated) },
      { [placeOf(threadA)]: early, [archivedPlaceOf(threadA)]: text(...paginated) },
    ].map(async base => {
      const home = await codexHome({ ...base, [placeOf(threadB)]: pageOf(threadB, threadA, 12, ownTurns) })
      return (await home.read(placeOf(threadB))).rows
    }),
  )
  expect(archived).toEqual(of)
})

test('a base that is missing leaves the rows, and the file is to be read again', async () => {
  const home = await codexHome({ [placeOf(threadB)]: pageOf(threadB, threadA, 12, ownTurns) })
  const alone = await home.read(placeOf(threadB))
  expect(alone.unresolved).toBe(true)
  expect(said(alone.rows)).toEqual(ownTexts)
  await home.write(placeOf(threadA), text(...paginated))
  const { rows, unresolved } = await home.read(placeOf(threadB))
  expect(unresolved).toBe(false)
  expect(rows.map(row => row['part_id']).slice(0, 2)).toEqual(alone.rows.map(row => row['part_id']).slice(0, 2))
})

test('bases that go round in a circle end', async () => {
  const home = await codexHome({
    [placeOf(threadA)]: pageOf(threadA, threadB, 5, [user('a')]),
    [placeOf(threadB)]: pageOf(threadB, threadA, 9, [user('b')]),
  })
  expect(said((await home.read(placeOf(threadB))).rows)).toEqual(['b'])
})
