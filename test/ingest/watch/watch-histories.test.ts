import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import type { Take } from '../../../src/ingest/watch/handover.ts'
import { builtinDeclaration } from '../../../src/schema/builtin.ts'
import type { Declaration } from '../../../src/schema/declaration.ts'
import {
  meta,
  newThread,
  placeOf,
  text as rollout,
  threadA,
  threadB,
  threadC,
  threadD,
  turn,
  user,
} from '../../sources/codex/rollouts.ts'
import { write } from '../../support/home.ts'
import { zstdCompressed } from '../../support/zstd.ts'
import { append, pathOf, rowsOf, temporary, textOf, watching } from './watching.ts'

/** Enough lines that their rows are not handed over a second time. */
const many = Array.from({ length: 300 }, (_, n) => n)

/** Takes bodies, and tells of a column more when so many were offered before. */
function declaringWith(before: number): Take {
  const builtin = builtinDeclaration(9)
  const declared: Declaration = {
    ...builtin,
    columns: [...builtin.columns, { name: 'stop_reason', type: 'string', from: '/message/stop_reason' }],
  }
  let offered = 0
  return async () => (offered++ === before ? declared : undefined)
}

/** Something to wait for until it is opened. */
function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  let open: () => void = () => undefined
  const opened = new Promise<void>(resolve => (open = resolve))
  return { open, opened }
}

test('a line is handed over when it is written, and no line a second time', async () => {
  const directory = await temporary()
  append(directory, 'one', ...many)
  const watch = await watching(directory)
  await watch.write('one', 300)
  await watch.write('one', 301)
  await watch.write('two', 0)
  await watch.write('one', 302)
  expect(watch.handed).toEqual(['one-300', 'one-301', 'two-0', 'one-302'])
})

test('what a line says of the lines before it is the same as when the file is read whole', async () => {
  const directory = await temporary()
  append(directory, 'one', ...many)
  const watch = await watching(directory)
  await watch.write('one', 300)
  await watch.write('one', 301)
  const rows = watch.bodies.flatMap(rowsOf)
  expect(rows).toMatchObject([
    { message_id: 'one-300', previous_message_id: '["one-299"]', message_index: 300 },
    { message_id: 'one-301', previous_message_id: '["one-300"]', message_index: 301 },
  ])
})

test('a small file is handed over from its beginning when it changes', async () => {
  const directory = await temporary()
  append(directory, 'one', 0, 1)
  const watch = await watching(directory)
  await watch.write('one', 2)
  await watch.write('one', 3)
  expect(watch.handed).toEqual(['one-0', 'one-1', 'one-2', 'one-3'])
})

test('a torn line is handed over when it is whole', async () => {
  const directory = await temporary()
  const watch = await watching(directory)
  await watch.write('one', 0)
  const text = textOf('one', 1)
  appendFileSync(pathOf(directory, 'one'), text.slice(0, 100))
  await watch.settled()
  expect(watch.handed).toEqual(['one-0'])
  appendFileSync(pathOf(directory, 'one'), text.slice(100))
  await watch.until('the line is whole', () => watch.handed.length === 2)
  expect(watch.handed).toEqual(['one-0', 'one-1'])
})

test('a line without its end is handed over once, and the one after it too', async () => {
  const directory = await temporary()
  const watch = await watching(directory)
  await watch.write('one', 0)
  appendFileSync(pathOf(directory, 'one'), textOf('one', 1).trimEnd())
  await watch.until('the line without its end is handed over', () => watch.handed.length === 2)
  appendFileSync(pathOf(directory, 'one'), `\n${textOf('one', 2)}`)
  await watch.until('the next line is handed over', () => watch.handed.length === 3)
  expect(watch.handed).toEqual(['one-0', 'one-1', 'one-2'])
})

test('a file that is moved is read on where it was', async () => {
  const directory = await temporary()
  const watch = await watching(directory)
  await watch.write('one', 0)
  const archived = pathOf(directory, 'one', 'archive')
  mkdirSync(dirname(archived), { recursive: true })
  renameSync(pathOf(directory, 'one'), archived)
  appendFileSync(archived, textOf('one', 1))
  await watch.until('the line is handed over', () => watch.handed.includes('one-1'))
  expect(watch.handed).toEqual(['one-0', 'one-1'])
})

test('a directory of sessions that is moved is watched where it is', async () => {
  const directory = await temporary()
  const watch = await watching(directory)
  await watch.write('one', 0)
  renameSync(join(directory, 'projects', '-somewhere'), join(directory, 'projects', '-elsewhere'))
  await watch.settled()
  appendFileSync(pathOf(directory, 'one', '-elsewhere'), textOf('one', 1))
  await watch.until('the line is handed over', () => watch.handed.includes('one-1'))
  expect(watch.handed).toEqual(['one-0', 'one-1'])
})

test('a file that is cut off and written anew is read from its beginning', async () => {
  const directory = await temporary()
  append(directory, 'one', ...many)
  const watch = await watching(directory)
  await watch.write('one', 300)
  truncateSync(pathOf(directory, 'one'))
  await watch.settled()
  appendFileSync(pathOf(directory, 'one'), textOf('other', 0) + textOf('other', 1))
  await watch.until('the new lines are handed over', () => watch.handed.includes('other-1'))
  expect(watch.handed).toEqual(['one-300', 'other-0', 'other-1'])
})

test('a file that is written anew at once, and longer than before, is read from its beginning', async () => {
  const directory = await temporary()
  append(directory, 'one', ...many)
  const watch = await watching(directory)
  await watch.write('one', 300)
  writeFileSync(pathOf(directory, 'one'), many.map(n => textOf('a-longer-name', n)).join(''))
  await watch.until('the new lines are handed over', () => watch.handed.includes('a-longer-name-299'))
  expect(watch.handed).toHaveLength(301)
})

test('a file is read from its beginning where it was written over without changing its size', async () => {
  const directory = await temporary()
  append(directory, 'one', ...many)
  const watch = await watching(directory)
  const path = pathOf(directory, 'one')
  const { size } = statSync(path)
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('one-150', 'one-xyz'))
  await watch.until('the line is handed over', () => watch.handed.includes('one-xyz'))
  expect(statSync(path).size).toBe(size)
})

test('a file is read from its beginning where a line in its middle was changed and others were added at once', async () => {
  const directory = await temporary()
  append(directory, 'one', ...many)
  const watch = await watching(directory)
  await watch.write('one', 300)
  const path = pathOf(directory, 'one')
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('one-150', 'one-xyz') + textOf('one', 301))
  await watch.until('the lines are handed over', () => watch.handed.includes('one-xyz'))
  expect(watch.handed).toContain('one-301')
})

test('another file under the name of one is read from its beginning', async () => {
  const directory = await temporary()
  const watch = await watching(directory)
  await watch.write('one', 0)
  const path = pathOf(directory, 'one')
  writeFileSync(`${path}.new`, textOf('one', 0) + textOf('other', 1))
  renameSync(`${path}.new`, path)
  await watch.until('the line is handed over', () => watch.handed.includes('other-1'))
  expect(watch.handed).toEqual(['one-0', 'one-0', 'other-1'])
})

test('a thread of Codex is handed over as it is written, and when a compressed one or a document appears', async () => {
  const directory = await temporary()
  const codex = join(directory, 'codex')
  const watch = await watching(directory)
  const said = (): unknown[] =>
    watch.bodies.flatMap(rowsOf).flatMap(row => (row['role'] === 'user' ? [row['content_text']] : []))
  write(join(codex, placeOf(threadA)), rollout(meta(threadA), ...turn('t1'), user('one')))
  await watch.until('the thread is handed over', () => said().length === 1)
  appendFileSync(join(codex, placeOf(threadA)), rollout(user('two')))
  await watch.until('the line is handed over', () => said().length === 2)
  const other = rollout(meta(threadB), ...turn('t2'), user('three'))
  write(join(codex, placeOf(threadB, 'jsonl.zst')), await zstdCompressed(other))
  await watch.until('the compressed thread is handed over', () => said().length === 3)
  const items = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'four' }] }]
  write(
    join(codex, `sessions/rollout-2025-04-01-${threadC}.json`),
    JSON.stringify({ session: { id: threadC, timestamp: '2025-04-01T10:00:00.000Z' }, items }),
  )
  await watch.until('the document is handed over', () => said().length === 4)
  expect(said()).toEqual(['one', 'two', 'three', 'four'])
})

test('a fork that is seen before its parent waits for it a while, and no longer', async () => {
  const directory = await temporary()
  const codex = join(directory, 'codex')
  mkdirSync(join(codex, 'sessions'), { recursive: true })
  const watch = await watching(directory, { pace: { parentMs: 3000 } })
  const said = (thread: string): unknown[] =>
    watch.bodies.flatMap(rowsOf).flatMap(row => (row['conversation_id'] === thread ? [row['content_text']] : []))
  const copied = [...turn('p1'), user('copied')]
  const fork = (thread: string, from: string): string =>
    rollout(meta(thread, { forked_from_id: from }), meta(from), ...copied, ...turn(`${thread}-1`), user('own'))
  // For threads that began just now files are listed again, however long that takes on a busy machine.
  const [parent, nobody] = [newThread(1), newThread(2)]
  write(join(codex, placeOf(threadB)), fork(threadB, parent))
  write(join(codex, placeOf(threadC)), fork(threadC, nobody))
  write(join(codex, placeOf(threadD)), rollout(meta(threadD), ...turn('d1'), user('plain')))
  // The forks were looked at before.
  await watch.until('the plain thread is handed over', () => said(threadD).length > 0)
  expect([said(threadB), said(threadC)]).toEqual([[], []])
  write(join(codex, placeOf(parent)), rollout(meta(parent), ...copied))
  await watch.until('both forks are handed over', () => said(threadB).length > 0 && said(threadC).length > 1)
  expect([said(threadB), said(threadC)]).toEqual([['own'], ['copied', 'own']])
})

test('of a large thread that was there before only what is new is handed over', async () => {
  const directory = await temporary()
  const path = join(directory, 'codex', placeOf(threadA))
  write(path, rollout(meta(threadA), ...turn('t1'), ...many.map(n => user(`said ${n} ${'x'.repeat(200)}`))))
  const watch = await watching(directory)
  appendFileSync(path, rollout(user('new')))
  await watch.until('the line is handed over', () => watch.handed.length > 0)
  expect(watch.bodies.flatMap(rowsOf).map(row => row['content_text'])).toEqual(['new'])
})

test('a session in a new directory is handed over, however deep it lies', async () => {
  const directory = await temporary()
  const watch = await watching(directory)
  await watch.write('one', 0)
  const path = join(directory, 'projects', '-new', 'one', 'subagents', 'workflows', 'w', 'agent-1.jsonl')
  write(path, textOf('deep', 0))
  await watch.until('the line is handed over', () => watch.handed.includes('deep-0'))
  expect(watch.handed).toEqual(['one-0', 'deep-0'])
})

test('what lies among transcripts and is none is not read', async () => {
  const directory = await temporary()
  const watch = await watching(directory)
  await watch.write('one', 0)
  for (const path of ['-somewhere/journal.jsonl', '-somewhere/memory/notes.jsonl', '-somewhere/notes.txt']) {
    write(join(directory, 'projects', path), textOf('none', 0))
  }
  await watch.settled()
  expect(watch.handed).toEqual(['one-0'])
})

test('a client that is installed later is watched', async () => {
  const directory = await temporary()
  const watch = await watching(join(directory, 'later'))
  await watch.write('one', 0)
  expect(watch.handed).toEqual(['one-0'])
})

test('a history that goes away and comes back is watched', async () => {
  const directory = await temporary()
  const watch = await watching(directory)
  await watch.write('one', 0)
  rmSync(join(directory, 'projects'), { recursive: true })
  await watch.settled()
  await watch.write('one', 1)
  expect(watch.handed).toEqual(['one-0', 'one-1'])
})

test('a circle of links is no obstacle', async () => {
  const directory = await temporary()
  append(directory, 'one', 0)
  symlinkSync('..', join(directory, 'projects', '-somewhere', 'up'))
  const watch = await watching(directory)
  symlinkSync('..', join(directory, 'projects', '-somewhere', 'again'))
  await watch.settled()
  await watch.write('one', 1)
  expect(watch.handed).toEqual(['one-0', 'one-1'])
})

test('without watches of the system all is seen by looking, and that is told', async () => {
  const directory = await temporary()
  append(directory, 'one', ...many)
  append(directory, 'old', ...many)
  utimesSync(pathOf(directory, 'old'), 1_700_000_000, 1_700_000_000)
  const watch = await watching(directory, {
    watchFolder: () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, watch'), { code: 'ENOSPC', syscall: 'watch' })
    },
  })
  await watch.write('one', 300)
  await watch.write('old', 300)
  await watch.write('new', 0)
  expect(watch.handed).toEqual(['one-300', 'old-300', 'new-0'])
  const deep = join(directory, 'projects', '-new', 'one', 'subagents', 'agent-1.jsonl')
  write(deep, textOf('deep', 0))
  await watch.until('the line is handed over', () => watch.handed.includes('deep-0'))
  const states = watch.events.flatMap(event => (event.type === 'state' ? event.state.limit : []))
  expect(states.at(-1)).toBe('the system has no more watches to give (ENOSPC)')
})

test('what the system does not tell of is found when all is looked at', async () => {
  const directory = await temporary()
  append(directory, 'one', ...many)
  utimesSync(pathOf(directory, 'one'), 1_700_000_000, 1_700_000_000)
  const watch = await watching(directory, { watchFolder: () => ({ close: () => undefined }), pace: { sweepMs: 100 } })
  await watch.write('one', 300)
  await watch.write('new', 0)
  expect(watch.handed).toEqual(['one-300', 'new-0'])
})

test('what cannot be read is told of once, and read when it can', async () => {
  const directory = await temporary()
  const watch = await watching(directory, { pace: { sweepMs: 60 } })
  await watch.write('one', 0)
  const path = pathOf(directory, 'two')
  symlinkSync('two.jsonl', path)
  const problems = (): unknown[] => watch.events.filter(({ type }) => type === 'unreadable')
  await watch.until('it is told of', () => problems().length > 0)
  const state = (): unknown => watch.events.findLast(({ type }) => type === 'state')
  const problem = { path, reason: 'its symbolic links go in a circle' }
  await watch.until('the state has it', () => JSON.stringify(state()).includes(path))
  expect(state()).toMatchObject({ state: { unreadable: { count: 1, first: [problem] } } })
  rmSync(path)
  await watch.write('two', 0)
  await watch.until('the state has it no more', () => !JSON.stringify(state()).includes(path))
  expect(problems()).toEqual([{ type: 'unreadable', problem }])
})

test('rows are made under a declaration that is told while they are handed over', async () => {
  const directory = await temporary()
  const watch = await watching(directory, { take: declaringWith(1) })
  await watch.write('one', 0)
  await watch.write('one', 1)
  await watch.write('one', 2)
  expect(watch.bodies.flatMap(rowsOf).map(row => row['stop_reason'])).toEqual([undefined, 'end_turn', 'end_turn'])
})

test('a row for which there is no more room in a body is made under what was told when that was handed over', async () => {
  const directory = await temporary()
  const watch = await watching(directory, { take: declaringWith(0) })
  const message = { role: 'assistant', content: 'x'.repeat(200_000), stop_reason: 'end_turn' }
  const lines = many.slice(0, 25).map(n => textOf('one', n, { message }))
  write(pathOf(directory, 'one'), lines.join(''))
  await watch.until('all is handed over', () => watch.handed.length >= 25)
  expect(watch.bodies.length).toBeGreaterThan(1)
  expect(watch.bodies.flatMap(rowsOf).filter(row => row['stop_reason'] !== 'end_turn')).toEqual([])
})

test('rows that nobody takes yet are kept, and all that is written meanwhile comes after them', async () => {
  const directory = await temporary()
  const { open, opened } = gate()
  const watch = await watching(directory, { take: () => opened.then(() => undefined) })
  append(directory, 'one', 0)
  await new Promise(resolve => setTimeout(resolve, 100))
  append(directory, 'one', 1)
  append(directory, 'two', 0)
  await new Promise(resolve => setTimeout(resolve, 100))
  expect(watch.handed).toEqual([])
  open()
  await watch.until('all is handed over', () => watch.handed.length === 3)
  expect([...watch.handed].sort()).toEqual(['one-0', 'one-1', 'two-0'])
})

test('a file that is written anew before its rows are taken is read from its beginning', async () => {
  const directory = await temporary()
  const { open, opened } = gate()
  let asked = 0
  const watch = await watching(directory, { take: () => (asked++, opened.then(() => undefined)) })
  const path = append(directory, 'one', 0, 1)
  await watch.until('its rows are handed over', () => asked > 0)
  writeFileSync(path, [5, 6, 7].map(n => textOf('one', n)).join(''))
  open()
  await watch.until('the last line is handed over', () => watch.handed.includes('one-7'))
  expect(watch.handed).toEqual(['one-0', 'one-1', 'one-5', 'one-6', 'one-7'])
})

test('a body is bounded, however much there is to read, and each row is in one', async () => {
  const directory = await temporary()
  const watch = await watching(directory)
  const text = 'x'.repeat(200_000)
  const lines = many.slice(0, 50).map(n => textOf('one', n, { message: { role: 'assistant', content: text } }))
  write(pathOf(directory, 'one'), lines.join(''))
  await watch.until('all is handed over', () => watch.handed.length >= 50)
  expect(watch.handed).toEqual(many.slice(0, 50).map(n => `one-${n}`))
  expect(watch.bodies.length).toBeGreaterThan(1)
  expect(Math.max(...watch.bodies.map(body => Buffer.byteLength(body)))).toBeLessThan(8 * 1024 * 1024)
})

test('of a row that is too long to be handed over it is told, and the others are handed over', async () => {
  const directory = await temporary()
  const watch = await watching(directory)
  await watch.write('one', 0)
  const message = { role: 'assistant', content: 'x'.repeat(9_000_000) }
  appendFileSync(pathOf(directory, 'one'), textOf('one', 1, { message }) + textOf('one', 2))
  await watch.until('it is told of', () => watch.events.some(({ type }) => type === 'too-long'))
  expect(watch.events.find(({ type }) => type === 'too-long')).toEqual({ type: 'too-long', source: 'claude', rows: 1 })
  expect(watch.handed).toEqual(['one-0', 'one-2'])
})

test('while a large file is read from its beginning, others do not wait', async () => {
  const directory = await temporary()
  const path = append(directory, 'large', 0)
  const message = { role: 'assistant', content: 'x'.repeat(1_000_000) }
  const large = Array.from({ length: 40 }, (_, n) => textOf('large', n + 1, { message })).join('')
  const taken: string[] = []
  const { open, opened } = gate()
  const watch = await watching(directory, {
    take: async body => {
      const text = Buffer.from(body.bytes.subarray(0, 2000)).toString()
      taken.push(text)
      if (text.includes('large-1"')) await opened
      return undefined
    },
  })
  appendFileSync(path, large)
  await watch.until('the large file is read', () => taken.some(text => text.includes('large-')))
  append(directory, 'small', 0)
  open()
  await watch.until('all is handed over', () => watch.handed.includes('large-40') && watch.handed.includes('small-0'))
  expect(watch.handed.indexOf('small-0')).toBeLessThan(watch.handed.indexOf('large-40'))
  appendFileSync(path, textOf('large', 41))
  await watch.until('it is read on', () => watch.handed.includes('large-41'))
  expect(watch.handed.filter(id => id === 'large-1')).toHaveLength(1)
})
