import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import { lineOf } from '../batch/rejects.ts'
import { ensureDirectory } from '../spool/ensure-directory.ts'
import { readFrames } from '../spool/read.ts'
import { replaceFile } from '../spool/replace-file.ts'
import { segmentText } from '../spool/stream.ts'
import type { RowFault } from './captured-value.ts'
import type { Batch, BatchFrame, FaultyLine } from './flush-batch.ts'
import { eachLine } from './lines.ts'

/**
 * Keeps rows that cannot be written among what was rejected, as they came,
 * durable on return. The rows of one frame are one file, which a second try
 * writes again, so that nothing is there twice.
 * @param directory `spool/<table>/rejects`
 * @returns how many there are
 * @throws whatever writing throws
 */
export async function setAside(io: FileIO, directory: string, { frames }: Batch, now: () => number): Promise<number> {
  const faulty = frames.filter(({ faults }) => faults.length > 0)
  if (faulty.length === 0) return 0
  const at = new Date(now()).toISOString()
  await ensureDirectory(io, directory, 3)
  for (const { segment, start, faults } of faulty) {
    const lines = faults.map(({ index, fault, json }) =>
      lineOf(at, { index, column: fault.column ?? '', reason: fault.reason, discarded: 'row', content: json }),
    )
    const path = `${directory}/${segmentText(segment)}.${start}.ndjson`
    await replaceFile(io, path, [Buffer.from(lines.join(''))])
  }
  await io.syncDirectory(directory)
  return faulty.reduce((sum, { faults }) => sum + faults.length, 0)
}

/**
 * A batch without some of its rows, which become faulty lines of their frames.
 * @param faults by the rows' places in the batch
 * @throws whatever reading the frames again throws
 */
export async function withoutRows(io: FileIO, batch: Batch, faults: ReadonlyMap<number, RowFault>): Promise<Batch> {
  const rows = batch.rows.filter((_row, place) => !faults.has(place))
  const frames: BatchFrame[] = []
  let firstRow = 0
  for (const frame of batch.frames) {
    const own = [...faults].filter(([place]) => place >= frame.firstRow && place < frame.firstRow + frame.rowCount)
    const all = own.length === 0 ? frame.faults : await moreFaults(io, frame, new Map(own))
    const rowCount = frame.rowCount - own.length
    frames.push({ ...frame, firstRow, rowCount, faults: all })
    firstRow += rowCount
  }
  return { rows, frames, reached: batch.reached }
}

async function moreFaults(
  io: FileIO,
  { segment, start, end, firstRow, faults }: BatchFrame,
  places: ReadonlyMap<number, RowFault>,
): Promise<FaultyLine[]> {
  const known = new Map(faults.map(fault => [fault.index, fault]))
  const all: FaultyLine[] = []
  const file = await io.open(segment.path)
  try {
    for await (const found of readFrames(file, { start, end })) {
      if (found.kind !== 'frame') continue
      let place = firstRow
      let index = 0
      await eachLine(found.rows, json => {
        const before = known.get(index)
        const fault = before === undefined ? places.get(place++) : undefined
        if (before !== undefined) all.push(before)
        else if (fault !== undefined) all.push({ index, fault, json })
        index++
      })
    }
    return all
  } finally {
    await file.close()
  }
}
