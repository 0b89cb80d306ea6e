import { expect, onTestFinished, test } from 'vitest'
import type { DaemonEvent } from '../../src/daemon/event.ts'
import type { Metrics } from '../../src/daemon/metrics/metrics.ts'
import type { KeptTable } from '../../src/daemon/tables.ts'
import { startWatching, type Watching, type WatchingOptions } from '../../src/daemon/watch.ts'
import { HypError } from '../../src/errors.ts'
import type { IntakeAnswer } from '../../src/ingest/intake.ts'
import type { Take } from '../../src/ingest/watch/handover.ts'
import type { WatchEvent } from '../../src/ingest/watch/watch-histories.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'

/** A watch whose thread says what a test says. */
interface Played {
  readonly watching: Watching
  readonly events: DaemonEvent[]
  readonly types: () => string[]
  /** Times that an import was asked for. */
  readonly imports: () => number
  /** Threads that were started. */
  readonly threads: () => number
  readonly say: (event: WatchEvent) => void
  readonly hand: Take
  readonly fail: (error: unknown) => void
}

const metrics: Metrics = {
  count: () => undefined,
  set: () => undefined,
  observe: () => undefined,
  onReading: () => undefined,
  read: () => Promise.resolve({ contentType: '', text: '' }),
}

const declaration = builtinDeclaration(9)
const well: KeptTable = { declaration, captured: declaration, imported: declaration, failure: undefined }
const body = { bytes: Buffer.from('{}\n'), rows: 1 }
const begun: WatchEvent = { type: 'begun', ms: 1 }
const deadDisk = (): Promise<never> => Promise.reject(new HypError('DISK_FULL', 'No space is left.'))

function answer(more: Partial<IntakeAnswer> = {}): IntakeAnswer {
  const counts = { rows: 1, held: false, discarded: { rows: 0, values: 0 }, refused: 0, errors: [] }
  return { formatVersion: 1, table: declaration.table, ...counts, ...more }
}

function play(options: Partial<Pick<WatchingOptions, 'accept' | 'builtin' | 'reimport'>> = {}): Played {
  const events: DaemonEvent[] = []
  let imports = 0
  let threads = 0
  let fail: (error: unknown) => void = () => undefined
  let inner: { take: Take; onEvent: (event: WatchEvent) => void } | undefined
  const watching = startWatching({
    where: { home: '/nobody', env: {} },
    accept: async () => ({ answer: answer(), replayed: false }),
    builtin: () => well,
    metrics,
    onEvent: event => void events.push(event),
    reimport: async () => void imports++,
    delays: { first: 1, longest: 5 },
    start: (_task, hooks) => {
      threads++
      inner = hooks
      const ended = new Promise<void>((_resolve, reject) => (fail = reject))
      return { ended, stop: () => Promise.resolve() }
    },
    ...options,
  })
  onTestFinished(() => watching.stop())
  return {
    watching,
    events,
    types: () => events.map(({ type }) => type),
    imports: () => imports,
    threads: () => threads,
    say: event => inner?.onEvent(event),
    hand: each => inner?.take(each) ?? Promise.resolve(undefined),
    fail: error => fail(error),
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 1))
}

test('rows are taken as a part of the built-in table, and counted', async () => {
  const requests: unknown[] = []
  const played = play({
    accept: async (table, request) => {
      requests.push([table, request])
      return { answer: answer({ rows: 3 }), replayed: false }
    },
  })
  expect(played.watching.status()).toMatchObject({ rows: 0, capturedAt: null })
  expect(await played.hand(body)).toBeUndefined()
  expect(requests).toEqual([[declaration.table, { body: body.bytes, format: 'ndjson', partial: true }]])
  expect(played.watching.status()).toMatchObject({ rows: 3, capturedAt: expect.stringMatching(/^\d{4}-.*Z$/) })
})

test('what cannot be kept is tried again until it can, and that is told once', async () => {
  let tries = 0
  const played = play({
    accept: async () => (++tries < 4 ? deadDisk() : { answer: answer(), replayed: false }),
  })
  const handed = played.hand(body)
  await until(() => tries > 1)
  expect(played.watching.status().waiting).toMatchObject({ code: 'DISK_FULL' })
  expect(await handed).toBeUndefined()
  expect(tries).toBe(4)
  expect(played.types()).toEqual(['watch-waits'])
  expect(played.watching.status()).toMatchObject({ waiting: null, rows: 1 })
})

test('a full spool is asked again when it said', async () => {
  let tries = 0
  const full = new HypError('SPOOL_FULL', 'Full.', { details: { retryAfter: 0.02 } })
  const played = play({
    accept: () => (++tries === 1 ? Promise.reject(full) : Promise.resolve({ answer: answer(), replayed: false })),
  })
  await played.hand(body)
  expect(tries).toBe(2)
})

test('a declaration that was applied meanwhile is given back, and then rows made under it are taken', async () => {
  let kept = well
  let accepted = 0
  const played = play({
    builtin: () => kept,
    accept: async () => {
      accepted++
      return { answer: answer(), replayed: false }
    },
  })
  kept = { ...well, imported: { ...declaration } }
  expect(await played.hand(body)).toBe(kept.imported)
  expect(accepted).toBe(0)
  expect(await played.hand(body)).toBeUndefined()
  expect(accepted).toBe(1)
})

test('rows are kept for a table that refuses them, and wait for one that is damaged', async () => {
  let kept: KeptTable = { ...well, failure: new HypError('SCHEMA_BREAKING', 'It breaks.') }
  const played = play({ builtin: () => kept })
  expect(await played.hand(body)).toBeUndefined()
  kept = { ...well, failure: new HypError('METADATA_INVALID', 'It is damaged.') }
  const handed = played.hand(body)
  await until(() => played.watching.status().waiting !== null)
  expect(played.watching.status()).toMatchObject({ rows: 1, waiting: { code: 'METADATA_INVALID' } })
  kept = well
  await handed
  expect(played.watching.status()).toMatchObject({ rows: 2, waiting: null })
})

test('rows that are refused are told of', async () => {
  const errors = [{ index: 0, column: 'role', reason: 'a number, which is no string' }]
  const played = play({ accept: async () => ({ answer: answer({ rows: 0, refused: 1, errors }), replayed: false }) })
  await played.hand(body)
  const [event] = played.events
  expect(event).toEqual({ type: 'watch-refused', rows: 1, column: 'role', reason: 'a number, which is no string' })
  expect(played.watching.status()).toMatchObject({ rows: 0, capturedAt: null })
})

test('a thread that fails is started again, and an import reads what nobody watched', async () => {
  const played = play()
  played.say(begun)
  expect(played.imports()).toBe(0)
  played.fail(new Error('out of memory'))
  await until(() => played.threads() === 2)
  expect(played.watching.status().failure).toMatchObject({ code: 'INTERNAL' })
  played.say(begun)
  expect(played.imports()).toBe(1)
  expect(played.watching.status().failure).toBeNull()
  expect(played.types()).toEqual(['watching', 'watch-failed', 'watching'])
})

test('an import waits for the watch to begin, and not for one that cannot', async () => {
  const played = play()
  let isBegun = false
  void played.watching.begun.then(() => (isBegun = true))
  await new Promise(resolve => setTimeout(resolve, 5))
  expect(isBegun).toBe(false)
  played.fail(new Error('out of memory'))
  await played.watching.begun
})

test('rows that are too long are imported at once, and those that come meanwhile by one import after it', async () => {
  const ends: (() => void)[] = []
  const played = play({ reimport: () => new Promise(resolve => void ends.push(resolve)) })
  const say = (): void => played.say({ type: 'too-long', source: 'claude', rows: 1 })
  say()
  expect(ends.length).toBe(1)
  say()
  say()
  expect(ends.length).toBe(1)
  ends[0]?.()
  await until(() => ends.length === 2)
  ends[1]?.()
  await new Promise(resolve => setTimeout(resolve, 50))
  expect(ends.length).toBe(2)
  say()
  await until(() => ends.length === 3)
})

test('that the system does not watch is told once', () => {
  const played = play()
  const state = { directories: 1, files: 2, limit: 'no more watches', unreadable: { count: 0, first: [] } }
  played.say({ type: 'state', state })
  played.say({ type: 'state', state: { ...state, files: 3 } })
  expect(played.types()).toEqual(['watch-limited'])
  expect(played.watching.status()).toMatchObject({ directories: 1, files: 3, limit: 'no more watches' })
})

test('a stop ends the tries, and waits for what is being taken', async () => {
  const played = play({ accept: deadDisk })
  const handed = played.hand(body).catch((error: unknown) => error)
  await until(() => played.watching.status().waiting !== null)
  await played.watching.stop()
  expect(await handed).toMatchObject({ code: 'INTERRUPTED' })

  let open: () => void = () => undefined
  const opened = new Promise<void>(resolve => (open = resolve))
  const other = play({ accept: () => opened.then(() => ({ answer: answer(), replayed: false })) })
  void other.hand(body)
  let isStopped = false
  const stopped = other.watching.stop().then(() => (isStopped = true))
  await new Promise(resolve => setTimeout(resolve, 5))
  expect(isStopped).toBe(false)
  open()
  await stopped
})
