import { rm } from 'node:fs/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ownTexts, ownTurns, twoTurns } from './continued.ts'
import {
  archivedPlaceOf,
  assistant,
  codexHome,
  codexOf,
  envelope,
  event,
  item,
  type Line,
  meta,
  newThread,
  placeOf,
  said,
  text,
  threadA,
  threadB,
  threadC,
  threadD,
  turn,
  user,
  zstdCompressed,
} from './rollouts.ts'

const parentTurns = twoTurns(item('ghost_snapshot', { ghost_commit: { id: 'g' } }))
const parent = text(meta(threadA), ...parentTurns, ...turn('p3'), user('parent goes on'))

/** Codex stamps the lines that it copies anew. */
function copied(lines: readonly Line[]): Line[] {
  return lines.map(line => ({ ...line, timestamp: '2026-03-05T00:00:00.000Z' }))
}

function fork(fields: object = { forked_from_id: threadA }, own: readonly Line[] = ownTurns): string {
  return text(meta(threadB, fields), meta(threadA), ...copied(parentTurns), ...own)
}

test('of a fork only its own turns are rows, and the tokens of the parent count for the parent', async () => {
  const home = await codexHome({ [placeOf(threadA)]: parent, [placeOf(threadB)]: fork() })
  const { rows, skipped, unresolved } = await home.read(placeOf(threadB))
  expect(said(rows)).toEqual(ownTexts)
  expect(rows.map(row => row['input_tokens']).filter(cell => cell !== null)).toEqual([10n])
  expect(rows[0]).toMatchObject({ message_index: 0, previous_message_id: '[]', parent_thread_id: null })
  expect(skipped).toEqual({ replayed: 8, 'thread-context': 8, 'unchanged-usage': 1 })
  expect(unresolved).toBe(false)
})

test('a fork of a fork copies both, and is left out as far as either had it', async () => {
  const grandchild = text(
    meta(threadC, { forked_from_id: threadB }),
    meta(threadB, { forked_from_id: threadA }),
    meta(threadA),
    ...copied(parentTurns),
    ...copied(ownTurns),
    ...turn('g1'),
    user('grandchild'),
  )
  const home = await codexHome({
    [placeOf(threadA)]: parent,
    [placeOf(threadB)]: fork(),
    [placeOf(threadC)]: grandchild,
  })
  expect(said((await home.read(placeOf(threadC))).rows)).toEqual(['grandchild'])
})

test('turns that the parent has do not count as copies any more once the thread has turns of its own', async () => {
  const home = await codexHome({
    [placeOf(threadA)]: parent,
    [placeOf(threadB)]: fork(undefined, [...ownTurns, ...turn('p1'), user('later')]),
  })
  expect(said((await home.read(placeOf(threadB))).rows)).toEqual([...ownTexts, 'later'])
})

test('the parent is found where it was archived, and compressed', async () => {
  for (const [name, content] of [
    [archivedPlaceOf(threadA), parent],
    [placeOf(threadA, 'jsonl.zst'), await zstdCompressed(parent)],
    [archivedPlaceOf(threadA, 'jsonl.zst'), await zstdCompressed(parent)],
  ] as const) {
    const home = await codexHome({ [name]: content, [placeOf(threadB)]: fork() })
    expect(said((await home.read(placeOf(threadB))).rows)).toEqual(ownTexts)
  }
})

test('the parent is found by what its file says where the name tells another thread', async () => {
  for (const [name, content] of [
    ['sessions/2026/renamed.jsonl', parent],
    [placeOf(threadC, 'jsonl.zst'), await zstdCompressed(parent)],
  ] as const) {
    const home = await codexHome({
      'sessions/a.jsonl': '',
      'sessions/b.jsonl': '{}',
      [name]: content,
      [placeOf(threadB)]: fork(),
    })
    expect(said((await home.read(placeOf(threadB))).rows)).toEqual(ownTexts)
  }
})

test('a parent whose file was empty at first is found when it has its first line', async () => {
  const home = await codexHome({ 'sessions/renamed.jsonl': '', [placeOf(threadB)]: fork() })
  expect((await home.read(placeOf(threadB))).unresolved).toBe(true)
  await home.write('sessions/renamed.jsonl', parent)
  expect((await home.read(placeOf(threadB))).unresolved).toBe(false)
})

test('a copy of the parent that ends before the fork was made does not hide the rest of it', async () => {
  const early = text(meta(threadA), ...parentTurns.slice(0, 5))
  for (const [first, second] of [
    [early, parent],
    [parent, early],
  ] as const) {
    const home = await codexHome({
      [placeOf(threadA)]: first,
      [archivedPlaceOf(threadA)]: second,
      [placeOf(threadB)]: fork(),
    })
    expect(said((await home.read(placeOf(threadB))).rows)).toEqual(ownTexts)
  }
})

test('of a copy that begins in the middle of a turn, what only one file of the parent has is recognised', async () => {
  const home = await codexHome({
    [placeOf(threadA)]: text(meta(threadA), ...parentTurns.slice(0, 3)),
    [archivedPlaceOf(threadA)]: parent,
    [placeOf(threadB)]: text(
      meta(threadB, { parent_thread_id: threadA }),
      meta(threadA),
      ...copied(parentTurns.slice(2, 4)),
      ...ownTurns,
    ),
  })
  expect(said((await home.read(placeOf(threadB))).rows)).toEqual(ownTexts)
})

test('the parent is found by what its file says wherever the file says it before its first item', async () => {
  for (const content of [
    `{"torn\n${parent}`,
    text(item('ghost_snapshot', {}), envelope('world_state', {})) + parent,
    text(meta(threadA, { base_instructions: { text: 'x'.repeat(300_000) } }), ...parentTurns),
  ]) {
    const home = await codexHome({ 'sessions/2026/renamed.jsonl': content, [placeOf(threadB)]: fork() })
    expect(said((await home.read(placeOf(threadB))).rows)).toEqual(ownTexts)
  }
})

test('a file that is named after the parent and describes another thread is not the parent', async () => {
  const other = text(meta(threadC), ...turn('o1'), user('other'))
  const home = await codexHome({ [placeOf(threadA)]: other, [placeOf(threadB)]: fork() })
  const { rows, waitsFor } = await home.read(placeOf(threadB))
  expect(waitsFor).toEqual([threadA])
  expect(rows.every(row => codexOf(row)['parent_missing'] === threadA)).toBe(true)
  await home.write('sessions/2026/renamed.jsonl', parent)
  expect(said((await home.read(placeOf(threadB))).rows)).toEqual(ownTexts)
})

test('a fork that another thread spawned waits for the one it copies', async () => {
  const fields = { forked_from_id: threadA, parent_thread_id: threadC }
  const home = await codexHome({
    [placeOf(threadC)]: text(meta(threadC), ...turn('o1'), user('other')),
    [placeOf(threadB)]: fork(fields),
  })
  expect((await home.read(placeOf(threadB))).waitsFor).toEqual([threadA])
  await home.write(placeOf(threadA), parent)
  expect(said((await home.read(placeOf(threadB))).rows)).toEqual(ownTexts)
})

test('a fork can be compressed itself', async () => {
  const name = archivedPlaceOf(threadB, 'jsonl.zst')
  const home = await codexHome({ [placeOf(threadA)]: parent, [name]: await zstdCompressed(fork()) })
  expect(said((await home.read(name)).rows)).toEqual(ownTexts)
})

test('a spawned thread that copied its parent’s history has only its own rows', async () => {
  const source = { subagent: { thread_spawn: { parent_thread_id: threadA, depth: 1 } } }
  const home = await codexHome({ [placeOf(threadA)]: parent, [placeOf(threadB)]: fork({ source }) })
  const { rows } = await home.read(placeOf(threadB))
  expect(said(rows)).toEqual(ownTexts)
  expect(rows[0]).toMatchObject({ parent_thread_id: threadA, is_sidechain: true })
})

test('a spawned thread without a copy has all its rows, whether the parent is there or not', async () => {
  const source = { subagent: { thread_spawn: { parent_thread_id: threadA, depth: 1 } } }
  const home = await codexHome({ [placeOf(threadB)]: text(meta(threadB, { source }), ...ownTurns) })
  const alone = await home.read(placeOf(threadB))
  expect(alone.unresolved).toBe(false)
  expect(said(alone.rows)).toEqual(ownTexts)
  await home.write(placeOf(threadA), parent)
  expect((await home.read(placeOf(threadB))).rows).toEqual(alone.rows)
})

test('a copy whose parent only its copied description names is recognised', async () => {
  const home = await codexHome({ [placeOf(threadA)]: parent, [placeOf(threadB)]: fork({}) })
  expect(said((await home.read(placeOf(threadB))).rows)).toEqual(ownTexts)
})

test('while the parent is missing all rows are kept and marked, and the file is to be read again', async () => {
  const home = await codexHome({ [placeOf(threadB)]: fork() })
  const { rows, unresolved } = await home.read(placeOf(threadB))
  expect(unresolved).toBe(true)
  expect(said(rows)).toEqual(['continue', 'parent one', 'continue', null, 'widgets.ts', ...ownTexts])
  expect(rows.map(row => codexOf(row)['parent_missing'])).toEqual(rows.map(() => threadA))
})

test('when the parent appears, the same reader leaves the copy out, and the own rows keep their keys', async () => {
  const home = await codexHome({ [placeOf(threadB)]: fork() })
  const before = await home.read(placeOf(threadB))
  await home.write(placeOf(threadA), parent)
  const after = await home.read(placeOf(threadB))
  expect(after.unresolved).toBe(false)
  expect(said(after.rows)).toEqual(ownTexts)
  expect(after.rows.map(row => row['part_id'])).toEqual(before.rows.slice(-3).map(row => row['part_id']))
  expect(after.rows.every(row => codexOf(row)['parent_missing'] === undefined)).toBe(true)
  expect(before.rows.slice(-3).map(row => row['prompt_id'])).toEqual(['c1', 'c1', 'c1'])
})

test('a parent that began after files were listed is found, however long listing them takes', async () => {
  const orphan = text(meta(threadA, { forked_from_id: threadB }), meta(threadB), user('hi'))
  const home = await codexHome({ [placeOf(threadA)]: orphan })
  let now = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 60_000))
  onTestFinished(() => clock.mockRestore())
  expect((await home.read(placeOf(threadA))).unresolved).toBe(true)

  const [newParent, newFork] = [newThread(1), newThread(2)]
  const before = [...turn('t1'), user('hello'), assistant('hi')]
  await home.write(placeOf(newParent), text(meta(newParent), ...before))
  await home.write(
    placeOf(newFork),
    text(meta(newFork, { forked_from_id: newParent }), meta(newParent), ...before, ...turn('t2'), user('on')),
  )
  const { rows, unresolved } = await home.read(placeOf(newFork))
  expect(unresolved).toBe(false)
  expect(rows.map(row => row['content_text'])).toEqual(['on'])
})

test('a parent that goes away again is missed again', async () => {
  const home = await codexHome({ [placeOf(threadA)]: parent, [placeOf(threadB)]: fork() })
  expect((await home.read(placeOf(threadB))).unresolved).toBe(false)
  await rm(home.path(placeOf(threadA)))
  expect((await home.read(placeOf(threadB))).unresolved).toBe(true)
})

test('a turn that the parent has only now begun is recognised', async () => {
  const short = text(meta(threadA), ...parentTurns.slice(0, 5))
  const home = await codexHome({ [placeOf(threadA)]: short, [placeOf(threadB)]: text(meta(threadB)) })
  await home.write(placeOf(threadC), fork())
  await home.read(placeOf(threadB))
  await home.write(placeOf(threadA), parent)
  await home.write(placeOf(threadB), fork())
  expect(said((await home.read(placeOf(threadB))).rows)).toEqual(ownTexts)
})

test('a number that says where a subagent’s own history begins decides without the parent', async () => {
  const fields = { subagent_history_start_ordinal: 14, parent_thread_id: threadA, thread_source: 'subagent' }
  const lines = [meta(threadB, fields), meta(threadA), ...copied(parentTurns), ...ownTurns]
  const home = await codexHome({ [placeOf(threadB)]: text(...lines.map((line, ordinal) => ({ ...line, ordinal }))) })
  const { rows, unresolved } = await home.read(placeOf(threadB))
  expect(unresolved).toBe(false)
  expect(said(rows)).toEqual(ownTexts)
  expect(rows.map(row => row['input_tokens']).filter(cell => cell !== null)).toEqual([10n])
})

test('a copy of turns that have no ids is recognised by what it says', async () => {
  const old = (lines: readonly Line[]): Line[] =>
    lines
      .filter(line => line['type'] !== 'event_msg' || !JSON.stringify(line).includes('task_started'))
      .map(line => (line['type'] === 'turn_context' ? { ...line, payload: { model: 'gpt-5' } } : line))
  const history = old(parentTurns)
  const home = await codexHome({
    [placeOf(threadA)]: text(meta(threadA), ...history, user('parent goes on')),
    [placeOf(threadB)]: text(
      meta(threadB, { forked_from_id: threadA }),
      meta(threadA),
      ...copied(history),
      user('new'),
      user('continue'),
    ),
  })
  expect(said((await home.read(placeOf(threadB))).rows)).toEqual(['new', 'continue'])
})

test('a fork without the description of its parent is recognised before its first turn too, and without turns', async () => {
  const context = [
    user('<environment_context>x</environment_context>'),
    item('message', { role: 'developer', content: 'd' }),
  ]
  const old = [user('one'), assistant('two')]
  const home = await codexHome({
    [placeOf(threadA)]: text(meta(threadA), ...context, ...parentTurns),
    [placeOf(threadB)]: text(
      meta(threadB, { forked_from_id: threadA }),
      ...copied([...context, ...parentTurns]),
      ...ownTurns,
    ),
    [placeOf(threadC)]: text(meta(threadC), ...old),
    // So the client leaves it when it rewrites it.
    [placeOf(threadD)]: text(
      meta(threadD, { forked_from_id: threadC }),
      event('task_started', { turn_id: 'rollout-2' }),
      ...copied(old),
      user('new'),
    ),
  })
  expect(said((await home.read(placeOf(threadB))).rows)).toEqual(ownTexts)
  expect(said((await home.read(placeOf(threadD))).rows)).toEqual(['new'])
})

test('a copy that begins in the middle of a turn is recognised by what it says until the first turn', async () => {
  const spawn = { subagent: { thread_spawn: { parent_thread_id: threadA, depth: 1 } } }
  const home = await codexHome({
    [placeOf(threadA)]: parent,
    [placeOf(threadB)]: text(
      meta(threadB, { source: spawn }),
      meta(threadA),
      ...copied(parentTurns.slice(2, 5)),
      user('put in by the client'),
      ...copied(parentTurns.slice(5, 8)),
      ...ownTurns,
    ),
    [placeOf(threadC)]: text(
      meta(threadC, { source: spawn }),
      meta(threadA),
      ...copied(parentTurns.slice(2, 4)),
      ...ownTurns,
    ),
  })
  expect(said((await home.read(placeOf(threadB))).rows)).toEqual(['put in by the client', ...ownTexts])
  expect(said((await home.read(placeOf(threadC))).rows)).toEqual(ownTexts)
})

test('a thread that names itself as its parent has all its rows', async () => {
  const home = await codexHome({ [placeOf(threadB)]: text(meta(threadB, { forked_from_id: threadB }), ...ownTurns) })
  const { rows, unresolved } = await home.read(placeOf(threadB))
  expect(said(rows)).toEqual(ownTexts)
  expect(unresolved).toBe(false)
})
