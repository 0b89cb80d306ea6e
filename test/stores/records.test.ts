import { describe, expect, test } from 'vitest'
import { HypError } from '../../src/errors.ts'
import { parseJson, printJson } from '../../src/iceberg/json.ts'
import {
  defineKind,
  printRecord,
  type RawRecord,
  type RecordKind,
  recordMembers,
} from '../../src/stores/records/kind.ts'
import { cursorId, cursorKind } from '../../src/stores/records/kinds/source-cursor.ts'
import { segmentKind } from '../../src/stores/records/kinds/spool-segment.ts'
import { taskKind } from '../../src/stores/records/kinds/task.ts'
import { textAt } from '../../src/stores/records/member.ts'
import { isRecordId } from '../../src/stores/records/record-id.ts'
import { fileKinds, recordKinds } from '../../src/stores/records/registry.ts'
import { readRecord, upgradeRecord } from '../../src/stores/records/upgrade.ts'
import { uuidV7 } from '../../src/stores/uuid-v7.ts'
import {
  backupV1,
  cursorV1,
  cursorV2,
  segmentV1,
  segmentV2,
  taskV1,
  taskV2,
  taskV3,
  tombstoneV1,
} from './record-fixtures.ts'

/** One record of every version of every kind, from 1 on. */
const fixtures: Readonly<Record<string, readonly RawRecord[]>> = {
  backup: [backupV1],
  task: [taskV1, taskV2, taskV3],
  tombstone: [tombstoneV1],
  source_cursor: [cursorV1, cursorV2],
  spool_segment: [segmentV1, segmentV2],
}

const everyFixture = recordKinds.flatMap(kind =>
  (fixtures[kind.name] ?? []).map((raw, index) => [kind.name, index + 1, kind, raw] as const),
)

function thrown(act: () => unknown): HypError {
  try {
    act()
  } catch (error) {
    if (error instanceof HypError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

test('there is a record of every version of every kind to test with', () => {
  const counts = recordKinds.map(({ name }) => [name, fixtures[name]?.length])
  expect(counts).toEqual(recordKinds.map(({ name, version }) => [name, version]))
  expect(fileKinds.every(kind => recordKinds.includes(kind))).toBe(true)
})

describe.each(everyFixture)('a %s of version %i', (_name, version, kind, raw) => {
  test('becomes one of the present version, and nothing that was in it is lost', () => {
    const before = printJson(raw)
    const upgraded = upgradeRecord(kind, raw)
    expect(upgraded.version).toBe(version)
    expect(upgraded.raw['schema_version']).toBe(kind.version)
    expect(upgraded.raw['mine']).toEqual(raw['mine'])
    const printed = recordMembers(kind, upgraded.value, upgraded.raw)
    expect(printed).toEqual(upgraded.raw)
    expect(printJson(raw)).toBe(before)
  })

  test('is the same after it was stored and read again', () => {
    const { value, raw: now } = upgradeRecord(kind, raw)
    const again = readRecord(kind, printRecord(kind, value, now))
    expect(again.version).toBe(kind.version)
    expect(again.value).toEqual(value)
    expect(again.raw).toEqual(now)
  })

  test('is left alone by every step that it had taken already', () => {
    const steps = kind.steps.slice(version - 1)
    let now = raw
    for (const step of steps) {
      now = step(now)
      expect(step(now)).toEqual(now)
    }
  })

  test.each([1, 990])('is refused when its version is later by %i', later => {
    const found = kind.version + later
    const where = { id: 'a', path: '/records/a.json' }
    const error = thrown(() => upgradeRecord(kind, { ...raw, schema_version: found }, where))
    expect(error.code).toBe('RECORD_NEWER')
    expect(error.message).toContain('newer than supported')
    expect(error.details).toEqual({ kind: kind.name, ...where, found, supported: kind.version })
  })

  test.each(['0', '-1', '1.5', '"1"', 'null', 'true', '[]', '{}', '-99999999999999999999'])(
    'is unreadable when its version is %s',
    found => {
      const error = thrown(() => upgradeRecord(kind, { ...raw, schema_version: parseJson(found) }))
      expect(error.code).toBe('RECORD_UNREADABLE')
    },
  )

  test('is unreadable, or made whole, without any one of its members, and never another error', () => {
    for (const member of Object.keys(raw)) {
      const { [member]: _, ...rest } = raw
      try {
        upgradeRecord(kind, rest)
      } catch (error) {
        expect(error).toMatchObject({ code: 'RECORD_UNREADABLE' })
      }
    }
  })

  test.each(['"a secret"', '7', 'null', 'true', '["a secret"]', '{"a": "a secret"}', '99999999999999999999'])(
    'is never another error with %s for a member, and never says what was there',
    odd => {
      for (const member of Object.keys(raw).filter(name => name !== 'schema_version')) {
        try {
          upgradeRecord(kind, { ...raw, [member]: parseJson(odd) })
        } catch (error) {
          expect(error).toMatchObject({ code: 'RECORD_UNREADABLE' })
          expect((error as HypError).message).not.toContain('secret')
        }
      }
    },
  )
})

test('a record without a version is of the first', () => {
  const { schema_version: _, ...bare } = cursorV1
  expect(upgradeRecord(cursorKind, bare).version).toBe(1)
})

test.each(['', '{', 'null', '[]', '"text"', '{"a": secret}'])('%j is no record, and is not quoted', text => {
  const error = thrown(() => readRecord(taskKind, text, { id: 'a' }))
  expect(error.code).toBe('RECORD_UNREADABLE')
  expect(error.message).not.toContain('secret')
  expect(error.message).toContain('task/a')
})

test('bytes that are no text are no record', () => {
  const bytes = Buffer.concat([Buffer.from('{"mine": "'), Buffer.from([0xff]), Buffer.from('"}')])
  expect(thrown(() => readRecord(taskKind, bytes)).message).toContain('not JSON')
})

test('a version too long for a number is a later one', () => {
  expect(thrown(() => readRecord(taskKind, '{"schema_version": 99999999999999999999}')).code).toBe('RECORD_NEWER')
})

describe('the task of a version before', () => {
  test('has its log as a timeline, each line at its own time or that of the line before', () => {
    expect(upgradeRecord(taskKind, taskV1).value.timeline).toEqual([
      { at: '2026-01-02T03:04:05.000Z', kind: 'note', summary: 'created' },
      { at: '2026-01-02T03:04:06.000Z', kind: 'note', summary: 'started' },
      { at: '2026-01-02T03:04:06.000Z', kind: 'note', summary: 'of three files' },
      { at: '2026-01-02T03:05:00.000Z', kind: 'note', summary: 'done' },
    ])
    expect(upgradeRecord(taskKind, taskV1).raw).not.toHaveProperty('log')
  })

  test.each([
    ['queued', null, 1],
    ['running', null, 2],
    ['completed', 'completed', 3],
    ['failed', 'failed', 3],
    ['canceled', 'canceled', 3],
  ])('that was %s ended as %s, after %i changes', (status, terminalReason, lifecycleSeq) => {
    const { value } = upgradeRecord(taskKind, { ...taskV2, status })
    expect(value).toMatchObject({ status, terminalReason, lifecycleSeq, resumedFrom: null })
  })

  test('keeps a log that is no text', () => {
    expect(upgradeRecord(taskKind, { ...taskV1, log: ['a'] }).raw['log']).toEqual(['a'])
  })

  test('with a long log keeps its beginning and its end', () => {
    const log = Array.from({ length: 1000 }, (_, n) => `line ${n}`).join('\n')
    const { timeline } = upgradeRecord(taskKind, { ...taskV1, log }).value
    expect(timeline).toHaveLength(256)
    expect(timeline[7]?.summary).toBe('line 7')
    expect(timeline[8]).toMatchObject({ kind: 'omitted', omitted: 1000 - 255 })
    expect(timeline.at(-1)?.summary).toBe('line 999')
  })
})

test('the cursor of a version before knows no identity, so its files are read again', () => {
  const { files, tableUuid, snapshotId } = upgradeRecord(cursorKind, cursorV1).value
  expect({ tableUuid, snapshotId }).toEqual({ tableUuid: null, snapshotId: null })
  expect([...files.values()]).toMatchObject([
    { size: 4096, mtimeMs: 1767323045000.25, dev: null, ino: null, prefixHash: null, others: { mine: 'kept' } },
    { size: 0, dev: null, ino: null, prefixHash: null },
  ])
})

test('the segment of a version before followed none that failed', () => {
  const { value, raw } = upgradeRecord(segmentKind, segmentV1)
  expect(value).toMatchObject({ openedAt: '2026-01-02T03:04:05.678Z', previous: null })
  expect(raw).not.toHaveProperty('opened_at_ms')
})

test('a declaration in a segment comes back as it was, numbers beyond a double and absent members included', () => {
  const { value } = upgradeRecord(segmentKind, segmentV2)
  const before = { ...value, declaration: { ...value.declaration, location: undefined } } as unknown as typeof value
  const text = printRecord(segmentKind, before)
  expect(readRecord(segmentKind, text).value).toEqual(value)
  expect((parseJson(text) as RawRecord)['declaration']).toEqual(segmentV2.declaration)
})

test('the id of a cursor says the source, and differs by the root', () => {
  const ids = ['/a', '/b', '/a/'].map(root => cursorId('claude', root))
  expect(new Set(ids).size).toBe(3)
  expect(ids.every(id => isRecordId(id) && id.startsWith('claude-'))).toBe(true)
})

describe('a kind that is declared with', () => {
  const plain = { name: 'plain', print: () => ({}), parse: (raw: RawRecord) => textAt(raw, 'a') }
  const step = (raw: RawRecord): RawRecord => raw

  test.each([
    ['a hole', 3, { 2: step }, 'no step from version 1 to 2'],
    ['a hole at the end', 3, { 1: step }, 'no step from version 2 to 3'],
    ['a step of its own version', 2, { 1: step, 2: step }, 'a step from version 2'],
    ['a step of no version', 1, { 0: step }, 'a step from version 0'],
    ['no version', 0, {}, 'is no version'],
  ])('%s is refused when it is loaded', (_what, version, steps, message) => {
    expect(() => defineKind({ ...plain, version, steps })).toThrow(message)
  })

  test('a name that leads elsewhere is refused', () => {
    expect(() => defineKind({ ...plain, name: '../a', version: 1, steps: {} })).toThrow('no name')
  })

  test('every step takes them in order, one version each', () => {
    const add = (n: number) => (raw: RawRecord) => ({ ...raw, a: `${textAt(raw, 'a')}${n}` })
    const kind: RecordKind<string> = defineKind({ ...plain, version: 4, steps: { 1: add(1), 3: add(3), 2: add(2) } })
    expect(upgradeRecord(kind, { a: '' }).value).toBe('123')
    expect(upgradeRecord(kind, { schema_version: 3, a: '' }).value).toBe('3')
    expect(upgradeRecord(kind, { schema_version: 4, a: '' }).value).toBe('')
  })
})

describe('an id', () => {
  test.each(['', '.', '..', 'a.b', 'a/b', '../a', 'a\0', 'ä', 'a b', 'a'.repeat(129)])('is not %j', id => {
    expect(isRecordId(id)).toBe(false)
  })

  test('sorts by when it was made, and is a UUID v7', () => {
    const random = new Uint8Array(10).fill(255)
    const ids = [0, 1, 255, 256, 1_767_323_045_678, 2 ** 48 - 1].map(now => uuidV7(now, random))
    expect(ids.toSorted()).toEqual(ids)
    expect(ids.every(id => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(true)
    expect(uuidV7(1_767_323_045_678, random).slice(0, 13)).toBe(
      (1_767_323_045_678)
        .toString(16)
        .padStart(12, '0')
        .replace(/^(.{8})/, '$1-'),
    )
  })
})
