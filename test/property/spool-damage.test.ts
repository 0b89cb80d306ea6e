import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { InputFile } from '../../src/iceberg/file-io/file-io.ts'
import { encodeBatchHead } from '../../src/ingest/spool/frame.ts'
import { encodeHeader } from '../../src/ingest/spool/header.ts'
import { type Frame, openStreams, readFrames, readSummaries } from '../../src/ingest/spool/read.ts'
import type { Damage } from '../../src/ingest/spool/salvage.ts'
import { segmentFile } from '../../src/ingest/spool/stream.ts'
import { PowerDisk } from '../support/power-file-io.ts'

const stream = '01890000-0000-7000-8000-000000000000'

/** A batch with rows of any bytes, some of which look like the beginning of a frame. */
const batch = fc.record({
  at: fc.nat(),
  key: fc.option(fc.string({ maxLength: 5 }), { nil: undefined }),
  rows: fc
    .array(fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constantFrom('HYPF', 'HYPH', 'HYP', 'H', '\0').map(bytesOf)), {
      maxLength: 6,
    })
    .map(parts => Uint8Array.from(parts.flatMap(part => [...part]))),
})

type Harm =
  | { readonly do: 'flip'; readonly at: number; readonly bit: number }
  | { readonly do: 'cut' | 'zero'; readonly at: number; readonly length: number }
  | { readonly do: 'end'; readonly at: number }
  | { readonly do: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  /** A piece of the file once more, shorter than any frame. */
  | { readonly do: 'repeat'; readonly at: number; readonly from: number; readonly length: number }

/** Where in the file, as a part of its length. */
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const harm: fc.Arbitrary<Harm> = fc.oneof(
  fc.record({ do: fc.constant('flip' as const), at: place, bit: fc.nat({ max: 7 }) }),
  fc.record({
    do: fc.constantFrom('cut' as const, 'zero' as const),
    at: place,
    length: fc.integer({ min: 1, max: 200 }),
  }),
  fc.record({ do: fc.constant('end' as const), at: place }),
  fc.record({
    do: fc.constant('insert' as const),
    at: place,
    bytes: fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 80 }), fc.constantFrom('HYPF', 'HYPH\0').map(bytesOf)),
  }),
  fc.record({ do: fc.constant('repeat' as const), at: place, from: place, length: fc.integer({ min: 1, max: 30 }) }),
)

function harmed(bytes: Buffer, { at: part, ...done }: Harm): Buffer {
  const at = Math.floor(part * bytes.length)
  const before = bytes.subarray(0, at)
  switch (done.do) {
    case 'flip':
      return Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ (1 << done.bit) : byte)))
    case 'cut':
      return Buffer.concat([before, bytes.subarray(at + done.length)])
    case 'zero':
      return Buffer.from(bytes.map((byte, index) => (index >= at && index < at + done.length ? 0 : byte)))
    case 'end':
      return before
    case 'insert':
      return Buffer.concat([before, done.bytes, bytes.subarray(at)])
    case 'repeat': {
      const from = Math.floor(done.from * bytes.length)
      return Buffer.concat([before, bytes.subarray(from, from + done.length), bytes.subarray(at)])
    }
  }
}

interface Written {
  readonly end: number
  readonly bytes: Buffer
  readonly text: string
}

async function intactFile(
  batches: readonly { at: number; key: string | undefined; rows: Uint8Array }[],
): Promise<{ bytes: Buffer; frames: Written[] }> {
  const parts: Uint8Array[] = [header()]
  const frames: Written[] = []
  let end = header().byteLength
  for (const { at, key, rows } of batches) {
    const meta = key === undefined ? { at } : { at, key }
    const bytes = Buffer.concat([await encodeBatchHead(meta, rows, frames.length), rows])
    parts.push(bytes)
    end += bytes.byteLength
    frames.push({ end, bytes, text: textOf({ meta, rowCount: frames.length, rows }) })
  }
  return { bytes: Buffer.concat(parts), frames }
}

/** The number of rows tells frames apart that hold the same otherwise. */
function textOf({ meta, rowCount, rows }: Pick<Frame, 'meta' | 'rowCount' | 'rows'>): string {
  return JSON.stringify([meta, rowCount, Buffer.from(rows).toString('latin1')])
}

function header(): Buffer {
  const bytes = encodeHeader({
    stream,
    segment: 1,
    table: 'lines',
    declaration: { table: 'lines', release: 1, columns: [], identifier: [], partitionBy: [], sortBy: [] },
    openedAt: '2026-01-01T00:00:00.000Z',
    previous: null,
  })
  return Buffer.from(bytes)
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

async function onDisk(bytes: Uint8Array, work: (file: InputFile, disk: PowerDisk) => Promise<void>): Promise<void> {
  const disk = new PowerDisk()
  await disk.io.makeDirectory('/spool')
  const path = `/spool/${segmentFile({ stream, segment: 1 })}`
  const output = await disk.io.create(path)
  await output.write(bytes)
  await work(await disk.io.open(path), disk)
}

const damaged = fc.record({
  batches: fc.array(batch, { maxLength: 8 }),
  harms: fc.array(harm, { maxLength: 4 }),
})

test('whatever happens to a segment, every batch whose bytes are as they were is found, and nothing else', async () => {
  let lost = 0
  await fc.assert(
    fc.asyncProperty(damaged, async ({ batches, harms }) => {
      const intact = await intactFile(batches)
      const bytes = harms.reduce(harmed, intact.bytes)
      await onDisk(bytes, async file => {
        const found: (Frame | Damage)[] = []
        for await (const next of readFrames(file, { start: 0, end: file.size })) found.push(next)
        const kept = intact.frames.filter(frame => bytes.includes(frame.bytes))
        lost += intact.frames.length - kept.length
        expect(found.flatMap(next => (next.kind === 'frame' ? textOf(next) : []))).toEqual(kept.map(({ text }) => text))
        expect(found.flatMap(next => (next.kind === 'frame' ? next.start : []))).toEqual(
          kept.map(frame => bytes.indexOf(frame.bytes)),
        )
      })
    }),
    { numRuns: 1500, seed: 20261121 },
  )
  expect(lost).toBeGreaterThan(1000)
})

test('every byte of a segment belongs to its headers, a batch or damage, and to one of them', async () => {
  await fc.assert(
    fc.asyncProperty(damaged, async ({ batches, harms }) => {
      const intact = await intactFile(batches)
      const bytes = harms.reduce(harmed, intact.bytes)
      await onDisk(bytes, async (file, disk) => {
        const open = await openStreams(disk.io, '/spool')
        const [segment] = open.streams[0]?.segments ?? []
        let at = segment?.start as number
        for await (const next of readFrames(file, { start: at, end: file.size })) {
          expect(next.start).toBe(at)
          expect(next.end).toBeGreaterThan(at)
          at = next.end
        }
        expect(at).toBe(file.size)
        // Nothing is taken for a header but what was written as one.
        const isThere = bytes.includes(header().subarray(header().byteLength / 2))
        expect(open.streams[0]?.header !== undefined).toBe(isThere)
      })
    }),
    { numRuns: 800, seed: 20261122 },
  )
})

test('what is after the bytes that were read so far does not change what they hold', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 6 }), place, async (batches, part) => {
      const intact = await intactFile(batches)
      await onDisk(intact.bytes, async file => {
        const end = Math.floor(part * file.size)
        const found: (Frame | Damage)[] = []
        for await (const next of readFrames(file, { start: header().byteLength, end })) found.push(next)
        const whole = intact.frames.filter(frame => frame.end <= end)
        expect(found.flatMap(next => (next.kind === 'frame' ? textOf(next) : []))).toEqual(
          whole.map(({ text }) => text),
        )
        // The rest was cut short, which is nobody's mistake.
        expect(found.every(next => next.kind !== 'damaged')).toBe(true)
        const summaries: number[] = []
        for await (const { rowCount } of readSummaries(file, { start: header().byteLength, end }))
          summaries.push(rowCount)
        expect(summaries).toEqual(whole.map((_, index) => index))
      })
    }),
    { numRuns: 500, seed: 20261123 },
  )
})
