import { describe, expect, test } from 'vitest'
import { encodeBatchHead, encodeHead } from '../../../src/ingest/spool/frame.ts'
import { encodeHeader } from '../../../src/ingest/spool/header.ts'
import { listSegments, openStreams, readFrames, readSummaries } from '../../../src/ingest/spool/read.ts'
import { segmentFile } from '../../../src/ingest/spool/stream.ts'
import type { SegmentHeader } from '../../../src/stores/records/kinds/spool-segment.ts'
import { systemError, watchedFileIO } from '../../support/fault-file-io.ts'
import { PowerDisk } from '../../support/power-file-io.ts'
import { collect, declaration, directory, readAll } from './spooling.ts'

const stream = '019b76da-a800-7000-8000-000000000001'
const later = '019b76da-a800-7000-8000-000000000002'

function header(segment: number, previous: SegmentHeader['previous'] = null): Uint8Array {
  return encodeHeader({ stream, segment, table: 'lines', declaration, openedAt: '2026-01-01T00:00:00.000Z', previous })
}

async function frame(name: string, bytes = 0): Promise<Uint8Array> {
  const rows = Buffer.from(`{"id":"${name}/0"}\n{"id":"${name}/1"${' '.repeat(bytes)}}\n`)
  return Buffer.concat([await encodeBatchHead({ at: 1 }, rows, 2), rows])
}

async function diskWith(files: Readonly<Record<string, readonly Uint8Array[]>>): Promise<PowerDisk> {
  const disk = new PowerDisk()
  await disk.io.makeDirectory(directory)
  for (const [name, parts] of Object.entries(files)) {
    const file = await disk.io.create(`${directory}/${name}`)
    await file.write(Buffer.concat(parts))
  }
  return disk
}

const first = segmentFile({ stream, segment: 1 })
const second = segmentFile({ stream, segment: 2 })
const third = segmentFile({ stream, segment: 3 })

describe('a spool', () => {
  test('that is not there has no segments', async () => {
    expect(await listSegments(new PowerDisk().io, directory)).toEqual([])
    expect((await openStreams(new PowerDisk().io, directory)).streams).toEqual([])
  })

  test('is read in the order of streams and segments, and files of others are passed over', async () => {
    const { io } = await diskWith({
      [second]: [header(2, { segment: 1, end: 10_000 }), await frame('c')],
      [first]: [header(1), await frame('a'), await frame('b')],
      [segmentFile({ stream: later, segment: 1 })]: [header(1), await frame('d')],
      [`${stream}.000001.keys`]: [await frame('x')],
      '.DS_Store': [Buffer.from('x')],
    })
    expect(await readAll(io)).toEqual({ batches: ['a', 'b', 'c', 'd'], damage: [], problems: [] })
  })

  test('is opened again where a file vanishes meanwhile, and what is open is read although it is removed', async () => {
    const disk = await diskWith({ [first]: [header(1), await frame('a')], [second]: [header(2), await frame('b')] })
    let opened = 0
    const io = watchedFileIO(disk.io, {
      before: async ({ kind, path }) => {
        if (kind === 'open' && ++opened === 1) await disk.io.remove(path)
      },
    })
    const { streams, close } = await openStreams(io, directory)
    const [segment, ...others] = streams[0]?.segments ?? []
    expect(others).toEqual([])
    expect(segment?.segment).toBe(2)
    await disk.io.remove(`${directory}/${second}`)
    const [found] = await collect(readFrames(segment?.file as never, segment as never))
    expect(found?.kind).toBe('frame')
    await close()
  })

  test('of which one file cannot be read by the disk has that as the problem of its stream, not of others', async () => {
    const disk = await diskWith({
      [first]: [header(1), await frame('a')],
      [segmentFile({ stream: later, segment: 1 })]: [header(1), await frame('d')],
    })
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (operation.kind === 'open' && operation.path.includes(stream)) throw systemError('EIO', operation)
      },
    })
    expect(await readAll(io)).toEqual({ batches: ['d'], damage: [], problems: ['DISK_FAILED'] })
  })
})

describe('the header of a segment', () => {
  test('is there twice, and one of them is enough', async () => {
    const length = header(1).byteLength / 2
    for (const at of [0, 5, 20, length - 1, length, length + 20, 2 * length - 1]) {
      const damaged = Buffer.from(header(1))
      damaged[at] = (damaged[at] as number) ^ 0x10
      const { io } = await diskWith({ [first]: [damaged, await frame('a')] })
      const { streams } = await openStreams(io, directory)
      expect(streams[0]?.header?.declaration).toEqual(declaration)
      expect(streams[0]?.problem).toBeUndefined()
      expect((await readAll(io)).batches).toEqual(['a'])
    }
  })

  test('serves the whole stream where another segment lost its own', async () => {
    const lost = Buffer.alloc(header(1).byteLength, 0xff)
    const { io } = await diskWith({ [first]: [lost, await frame('a')], [second]: [header(2), await frame('b')] })
    const { streams } = await openStreams(io, directory)
    expect(streams[0]?.header?.segment).toBe(2)
    expect(await readAll(io)).toMatchObject({ batches: ['a', 'b'], problems: [] })
  })

  test('that no segment has any more is a problem where there are rows', async () => {
    const lost = Buffer.alloc(header(1).byteLength, 0xff)
    const { io } = await diskWith({ [first]: [lost, await frame('a')] })
    const { streams } = await openStreams(io, directory)
    expect(streams[0]).toMatchObject({ header: undefined, problem: { code: 'RECORD_UNREADABLE' } })
    expect((await readAll(io)).batches).toEqual(['a'])
  })

  test('that was never written is no problem', async () => {
    for (const bytes of [new Uint8Array(), new Uint8Array(5000), header(1).subarray(0, 100)]) {
      const { io } = await diskWith({ [first]: [bytes] })
      const { streams } = await openStreams(io, directory)
      expect(streams[0]).toMatchObject({ header: undefined, problem: undefined })
      const { damage } = await readAll(io)
      expect(damage).toEqual(bytes.byteLength === 0 ? [] : [{ kind: 'torn', start: 0, end: bytes.byteLength }])
    }
  })

  test.each([
    ['of a later version', '{"schema_version":3,"of":"another form"}', 'RECORD_NEWER'],
    ['that says too little', '{"schema_version":2,"stream":"x"}', 'RECORD_UNREADABLE'],
    ['that is no JSON', '{', 'RECORD_UNREADABLE'],
  ])('%s is the problem of its stream', async (_what, json, code) => {
    const { io } = await diskWith({ [first]: [encodeHead('header', Buffer.from(json)), await frame('a')] })
    const { streams } = await openStreams(io, directory)
    expect(streams[0]).toMatchObject({ header: undefined, problem: { code } })
    expect(streams[0]?.segments[0]).toMatchObject({ start: 24 + json.length })
    expect((await readAll(io)).batches).toEqual(['a'])
  })

  test('of the version before names no earlier segment, and all of those count', async () => {
    const old = (segment: number): Uint8Array =>
      encodeHead(
        'header',
        Buffer.from(JSON.stringify({ stream, segment, table: 'lines', declaration, opened_at_ms: 1_700_000_000_000 })),
      )
    const { io } = await diskWith({ [first]: [old(1), await frame('a')], [second]: [old(2), await frame('b')] })
    expect(await readAll(io)).toEqual({ batches: ['a', 'b'], damage: [], problems: [] })
    const { streams } = await openStreams(io, directory)
    expect(streams[0]?.header).toMatchObject({ openedAt: '2023-11-14T22:13:20.000Z', previous: null })
  })
})

describe('a segment that failed', () => {
  test('counts up to where the next one says', async () => {
    const kept = await frame('a')
    const end = header(1).byteLength + kept.byteLength
    const files = { [first]: [header(1), kept, await frame('not acknowledged')] }
    const alone = await diskWith(files)
    expect((await readAll(alone.io)).batches).toEqual(['a', 'not acknowledged'])
    const { io } = await diskWith({ ...files, [second]: [header(2, { segment: 1, end }), await frame('b')] })
    expect(await readAll(io)).toEqual({ batches: ['a', 'b'], damage: [], problems: [] })
  })

  test('before anything in it was acknowledged does not count at all', async () => {
    const kept = await frame('a')
    const end = header(1).byteLength + kept.byteLength
    const { io } = await diskWith({
      [first]: [header(1), kept],
      [second]: [header(2, { segment: 1, end }), await frame('not acknowledged')],
      [third]: [header(3, { segment: 1, end }), await frame('b')],
    })
    expect((await readAll(io)).batches).toEqual(['a', 'b'])
    const fresh = await diskWith({
      [first]: [header(1), await frame('not acknowledged')],
      [second]: [header(2, { segment: 1, end: 0 }), await frame('b')],
    })
    expect((await readAll(fresh.io)).batches).toEqual(['b'])
  })
})

describe('damage', () => {
  /** Where a stretch of damage ends, and so the next batch begins, in every way around the end of what is read at once. */
  test('of any length costs no batch after it', async () => {
    const after = await frame('b')
    const piece = 2 ** 18
    for (const length of [...Array.from({ length: 60 }, (_, index) => piece - 30 + index), 1, 25, 3 * piece + 1]) {
      const rubbish = Buffer.alloc(length, 'HYPE and what else stands in the rows of a batch')
      const { io } = await diskWith({ [first]: [header(1), rubbish, after, await frame('c', piece)] })
      const from = header(1).byteLength
      expect(await readAll(io)).toEqual({
        batches: ['b', expect.stringContaining('c/1')],
        damage: [{ kind: 'damaged', start: from, end: from + length }],
        problems: [],
      })
    }
  })

  test('of the rows of a batch costs that batch alone, and its summary is given where only heads are read', async () => {
    const damaged = Buffer.from(await frame('b'))
    damaged[damaged.byteLength - 3] = 0
    const { io } = await diskWith({ [first]: [header(1), await frame('a'), damaged, await frame('c')] })
    expect((await readAll(io)).batches).toEqual(['a', 'c'])
    const file = await io.open(`${directory}/${first}`)
    const summaries = await collect(readSummaries(file, { start: header(1).byteLength, end: file.size }))
    expect(summaries.map(({ rowCount }) => rowCount)).toEqual([2, 2, 2])
  })

  test('at the end is torn where it is a batch cut short, with or without zeros behind it', async () => {
    const whole = await frame('b')
    for (let length = 1; length < whole.byteLength; length++) {
      for (const zeros of [0, 1, 100]) {
        const { io } = await diskWith({
          [first]: [header(1), await frame('a'), whole.subarray(0, length), new Uint8Array(zeros)],
        })
        const { batches, damage } = await readAll(io)
        expect(batches).toEqual(['a'])
        expect(damage.map(({ kind }) => kind)).toEqual(['torn'])
      }
    }
  })

  test('at the end is damage where it is anything else', async () => {
    const flipped = Buffer.from(await frame('b'))
    flipped[30] = (flipped[30] as number) ^ 1
    for (const tail of [flipped, Buffer.from('rubbish'), Buffer.from('HYPX and so on, for a while longer')]) {
      const { io } = await diskWith({ [first]: [header(1), await frame('a'), tail] })
      expect((await readAll(io)).damage.map(({ kind }) => kind)).toEqual(['damaged'])
    }
  })

  test('is not there where the range that is asked for ends inside a batch', async () => {
    const { io } = await diskWith({ [first]: [header(1), await frame('a'), await frame('b')] })
    const file = await io.open(`${directory}/${first}`)
    const found = await collect(readFrames(file, { start: header(1).byteLength, end: file.size - 1 }))
    expect(found.map(({ kind }) => kind)).toEqual(['frame', 'torn'])
  })

  test('a batch whose rows were written to look like a frame stays one batch', async () => {
    const forged = await frame('forged')
    const rows = Buffer.from(`{"id":${JSON.stringify(Buffer.from(forged).toString('latin1'))}}\n`)
    const outer = Buffer.concat([await encodeBatchHead({ at: 1 }, rows, 1), rows])
    const damaged = Buffer.from(outer)
    damaged[3] = 0
    const { io } = await diskWith({ [first]: [header(1), damaged, await frame('a')] })
    expect((await readAll(io)).batches).toEqual(['a'])
  })
})

test('a batch longer than a frame can be is refused before anything of it is written', async () => {
  const huge = { byteLength: 2 ** 32 } as Uint8Array
  expect(() => encodeBatchHead({ at: 1 }, huge, 1)).toThrow(RangeError)
  expect(() => encodeBatchHead({ at: 1, answer: 'x'.repeat(2 ** 24) }, new Uint8Array(), 1)).toThrow(RangeError)
})
