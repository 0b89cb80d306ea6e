import { appendFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import { type LaneOptions, type LaneReport, runLane } from '../../../src/ingest/backfill/backfill-lane.ts'
import { noneTaken, type RowSink } from '../../../src/ingest/backfill/row-sink.ts'
import { timeRange } from '../../../src/ingest/backfill/time-range.ts'
import { type LaneTurns, newTurns, ownTurns } from '../../../src/ingest/backfill/turns.ts'
import type { RowShaper } from '../../../src/ingest/rows.ts'
import { type HistoryFile, noCounts, type SourceRead, type SourceReader } from '../../../src/sources/source.ts'
import { tree } from '../../sources/claude/transcript.ts'

/** A reader of files of lines, each a row of that text, of the hour of its place; told of each line before it is given. */
function lineReader(meanwhile: (line: string) => Promise<void> = async () => undefined): SourceReader {
  return {
    read: file => {
      const counts = noCounts()
      const read = async function* (): SourceRead['captured'] {
        const { readFile } = await import('node:fs/promises')
        const lines = (await readFile(file.path, 'utf8')).trimEnd().split('\n')
        for (const line of lines) {
          await meanwhile(line)
          counts.lines++
          const at = BigInt(counts.lines) * 3_600_000_000n
          yield [{ row: { text: line, message_created_at: at }, record: {} }]
        }
        counts.bytes = file.size
      }
      return { captured: read(), counts, malformed: [], unreadable: [], end: undefined }
    },
  }
}

const shaper: RowShaper = { shape: ({ row }) => row, illTyped: {} }

/** Reads the files of a folder, and notes what is handed over and told, in order. */
async function run(
  folder: string,
  names: readonly string[],
  more: Partial<LaneOptions> & { readonly reader?: SourceReader } = {},
): Promise<{ readonly batches: string[][]; readonly reports: LaneReport[] }> {
  const batches: string[][] = []
  const reports: LaneReport[] = []
  const sink: RowSink = {
    take: async ({ rows }) => {
      batches.push(rows.map(row => row['text'] as string))
      return { ...noneTaken, rows: rows.length, faults: [] }
    },
  }
  const files = await Promise.all(
    names.map(async (name): Promise<HistoryFile> => {
      const path = join(folder, name)
      const { size, mtimeMs } = await stat(path)
      return { path, size, mtimeMs }
    }),
  )
  await runLane({
    files: files.map(file => ({ source: 'claude', root: folder, file })),
    turns: ownTurns(),
    readerOf: () => more.reader ?? lineReader(),
    shaper,
    range: undefined,
    sink,
    onStored: async report => void reports.push(report),
    onProgress: () => undefined,
    ...more,
  })
  return { batches, reports }
}

const noted = (reports: readonly LaneReport[]): string[] =>
  reports.flatMap(({ files }) =>
    files.flatMap(({ path, identity, outcome: { isWhole, waitsFor }, faults }) =>
      identity !== undefined && isWhole && waitsFor.length === 0 && faults.length === 0 ? [path] : [],
    ),
  )

test('a file is told of once all of its rows are durable, and not before', async () => {
  const folder = await tree({ a: '1\n2\n', b: '3\n4\n5\n6\n', c: '7\n' })
  const { batches, reports } = await run(folder, ['a', 'b', 'c'], {
    limits: { rows: 3, characters: 100, restBytes: 1 },
  })
  expect(batches).toEqual([['1', '2', '3'], ['4', '5', '6'], ['7']])
  expect(reports.map(({ files }) => files.map(({ path }) => path))).toEqual([
    [join(folder, 'a')],
    [],
    [join(folder, 'b'), join(folder, 'c')],
  ])
})

test('a batch goes when it holds enough text', async () => {
  const folder = await tree({ a: 'long enough\nshort\nx\n' })
  const { batches } = await run(folder, ['a'], { limits: { rows: 10, characters: 11, restBytes: 1 } })
  expect(batches).toEqual([['long enough'], ['short', 'x']])
})

describe('a file that need be read again is not noted', () => {
  test('because it grew while it was read', async () => {
    const folder = await tree({ a: '1\n2\n', b: '3\n' })
    const reader = lineReader(async line => (line === '2' ? appendFile(join(folder, 'a'), 'late\n') : undefined))
    const { batches, reports } = await run(folder, ['a', 'b'], { reader })
    expect(batches).toEqual([['1', '2', '3']])
    expect(noted(reports)).toEqual([join(folder, 'b')])
  })

  test('because it vanished while it was read', async () => {
    const folder = await tree({ a: '1\n2\n', b: '3\n' })
    const reader = lineReader(async line => (line === '2' ? rename(join(folder, 'a'), join(folder, 'x')) : undefined))
    const { batches, reports } = await run(folder, ['a', 'b'], { reader })
    expect(batches).toEqual([['1', '2', '3']])
    expect(noted(reports)).toEqual([join(folder, 'b')])
  })

  test('because only a time of it was asked for; what is outside is counted', async () => {
    const folder = await tree({ a: '1\n2\n3\n4\n' })
    const range = timeRange('1970-01-01T02:00:00Z', '1970-01-01T03:00:00Z')
    const { batches, reports } = await run(folder, ['a'], { range })
    expect(batches).toEqual([['2', '3']])
    expect(noted(reports)).toEqual([])
    expect(reports[0]?.files[0]?.outcome).toMatchObject({ lines: 4, linesWithRows: 2, rows: 2 })
    expect(reports[0]?.files[0]?.outcome.skipped['out-of-range']).toBe(2)
  })

  test.each([
    ['lacks what another file says', { waitsFor: ['another'] }],
    ['could not be read to its end', { unreadable: [{ path: 'a', reason: 'the disk failed' }] }],
  ])('because it %s', async (_what, members) => {
    const folder = await tree({ a: '1\n', b: '2\n' })
    const inner = lineReader()
    const reader: SourceReader = {
      read: file => (file.path.endsWith('a') ? { ...inner.read(file), ...members } : inner.read(file)),
    }
    const { reports } = await run(folder, ['a', 'b'], { reader })
    expect(noted(reports)).toEqual([join(folder, 'b')])
  })

  test('because a row of it was refused, in an earlier batch too', async () => {
    const folder = await tree({ a: 'bad\n2\n3\n', b: '4\n' })
    const sink: RowSink = {
      take: async ({ rows, files }) => {
        const isBad = (row: Row): boolean => row['text'] === 'bad'
        const faults = rows.some(isBad) ? [{ path: files[0]?.path ?? '', reason: 'it is bad' }] : []
        return { ...noneTaken, rows: rows.length - faults.length, refused: faults.length, faults }
      },
    }
    const { reports } = await run(folder, ['a', 'b'], { sink, limits: { rows: 2, characters: 100, restBytes: 1 } })
    expect(reports.flatMap(({ faults }) => faults)).toEqual([{ path: join(folder, 'a'), reason: 'it is bad' }])
    expect(noted(reports)).toEqual([join(folder, 'b')])
  })
})

test('what the sink fails with ends the work, and nothing of it is told as stored', async () => {
  const folder = await tree({ a: '1\n', b: '2\n' })
  const reports: LaneReport[] = []
  const sink: RowSink = { take: () => Promise.reject(new Error('the disk is full')) }
  const onStored = async (report: LaneReport): Promise<void> => void reports.push(report)
  await expect(run(folder, ['a', 'b'], { sink, onStored })).rejects.toThrow('the disk is full')
  expect(reports).toEqual([])
})

test('an interruption is heard before the next file', async () => {
  const abort = new AbortController()
  const folder = await tree({ a: '1\n2\n3\n', b: '4\n' })
  const reader = lineReader(async line => (line === '2' ? abort.abort() : undefined))
  await expect(run(folder, ['a', 'b'], { reader, signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' })
})

describe('two lanes', () => {
  interface Two {
    readonly batches: string[][]
    readonly failures: unknown[]
    readonly overlaps: number
  }

  /** Runs two lanes over the same files. Storing takes until the other lane has read a line, where it may. */
  async function runTwo(folder: string, names: readonly string[], failAt?: string): Promise<Two> {
    const batches: string[][] = []
    let storing = 0
    let reading = 0
    let overlaps = 0
    let wasRead: () => void = () => undefined
    const sink: RowSink = {
      take: async ({ rows }) => {
        expect(++storing).toBe(1)
        const texts = rows.map(row => row['text'] as string)
        await new Promise<void>(resolve => {
          wasRead = resolve
          setTimeout(resolve, 250)
        })
        storing--
        if (failAt !== undefined && texts.includes(failAt)) throw new Error('the disk is full')
        batches.push(texts)
        return { ...noneTaken, rows: rows.length, faults: [] }
      },
    }
    const reader = lineReader(async () => {
      expect(++reading).toBe(1)
      await new Promise(resolve => setTimeout(resolve, 1))
      if (storing > 0) overlaps++
      wasRead()
      reading--
    })
    const first: LaneTurns = newTurns(baton => void setImmediate(() => second.receive(baton)))
    const second: LaneTurns = newTurns(baton => void setImmediate(() => first.receive(baton)))
    first.receive({ type: 'read', next: 0 })
    first.receive({ type: 'store' })
    const limits = { rows: 5, characters: 1000, restBytes: 1000 }
    const lanes = [first, second].map(turns =>
      run(folder, names, { turns, sink, reader, limits }).catch((error: Error) => {
        for (const other of [first, second]) other.fail(error)
        throw error
      }),
    )
    const failures = (await Promise.allSettled(lanes)).flatMap(each =>
      each.status === 'rejected' ? [each.reason] : [],
    )
    return { batches, failures, overlaps }
  }

  /** Files of one to twelve lines, numbered through. */
  async function manyFiles(): Promise<{ folder: string; names: string[]; lines: string[] }> {
    const lengths = [1, 3, 12, 2, 2, 7, 1, 1, 5, 4, 11, 1]
    let number = 0
    const files = lengths.map((length, file): [string, string[]] => [
      `f${String(file).padStart(2, '0')}`,
      Array.from({ length }, () => String(number++).padStart(3, '0')),
    ])
    const folder = await tree(Object.fromEntries(files.map(([name, lines]) => [name, `${lines.join('\n')}\n`])))
    return { folder, names: files.map(([name]) => name), lines: files.flatMap(([, lines]) => lines) }
  }

  test('store everything once, in the order of the files, and read while the other stores', async () => {
    const { folder, names, lines } = await manyFiles()
    const { batches, failures, overlaps } = await runTwo(folder, names)
    expect(failures).toEqual([])
    expect(batches.flat()).toEqual(lines)
    expect(overlaps).toBeGreaterThan(0)
    for (const batch of batches.slice(0, -1)) expect(batch.length).toBeGreaterThanOrEqual(5)
  })

  test('end both when one fails, and nothing is stored behind what failed', async () => {
    const { folder, names, lines } = await manyFiles()
    const { batches, failures } = await runTwo(folder, names, '020')
    expect(failures).toEqual([new Error('the disk is full'), new Error('the disk is full')])
    expect(batches.flat()).toEqual(lines.slice(0, batches.flat().length))
    expect(batches.flat()).not.toContain('020')
  })

  test('end where there is nothing to read', async () => {
    expect(await runTwo(await tree({}), [])).toMatchObject({ batches: [], failures: [] })
  })
})
