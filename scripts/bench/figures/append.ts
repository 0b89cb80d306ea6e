import type { Figure, Reading } from '../figure.ts'
import { runProgram } from '../program.ts'
import type { AppendAnswer, AppendTask } from '../programs/append.ts'
import { withFolder } from '../scratch.ts'
import { count, median } from '../timing.ts'

const program = new URL('../programs/append.js', import.meta.url)
const text = 2048
/** As many as a batch of an import has: some 40 million characters. */
const batchRows = 15_500
const buckets = 16
const rowGroupRows = 2500
const warmUp = 3
const batches = 16

export const append: Figure = {
  name: 'append',
  about: 'Appending rows with every column of release 9 and 2 KB of text, against the bare encoder',
  method: [
    `Ours is \`appendOnce\` on batches of ${count(batchRows)} rows into a table that grows, as an import hands them over: keys of sessions that`,
    `were seen before are looked up in what is stored (here every batch brings new ones), rows go to ${buckets} buckets, are sorted, checked and encoded; data files, manifests and metadata are`,
    'durable at the end of each batch.',
    'The rival is hyparquet-writer with the same schema elements, codec (Snappy by hysnappy) and row groups of at most',
    `${count(rowGroupRows)} rows, given the same rows as columns, and written by plain \`node:fs\` without fsync:`,
    `as one file for each batch, and for comparison as the ${buckets} files that ours has to be.`,
    `Medians over ${batches} batches, in turn, after ${warmUp} to warm up.`,
    'Memory is the peak of a process that makes 200 000 such rows batch by batch and appends them, in a thread with the',
    'limits of the thread that imports.',
  ],
  measure: async () => {
    const [ours, bare] = await against(batchRows)
    const [again, asMany] = await against(Math.ceil(batchRows / buckets))
    return [
      {
        what: 'speed against one bare file',
        value: ours / bare,
        unit: '×',
        atLeast: 0.75,
        from: `${count(ours)} against ${count(bare)} rows/s`,
      },
      {
        what: `speed against ${buckets} bare files`,
        value: again / asMany,
        unit: '×',
        from: `${count(again)} against ${count(asMany)} rows/s`,
      },
      speed(ours, bare),
      await memory(),
    ]
  },
}

/** Rows a second: ours, and those of the bare encoder with files of so many rows. */
function against(fileRows: number): Promise<[number, number]> {
  return withFolder(async folder => {
    const task: AppendTask = {
      folder,
      batches: warmUp + batches,
      batchRows,
      text,
      bare: { fileRows, rowGroupRows },
    }
    const { ms } = await runProgram<AppendAnswer>(program, task)
    const perSecond = (index: number): number =>
      batchRows / (median(ms.slice(warmUp).map(batch => batch[index] as number)) / 1000)
    return [perSecond(0), perSecond(1)]
  })
}

/** On a machine where the encoder alone is slow there is no absolute target. */
function speed(ours: number, bare: number): Reading {
  const reading = { what: 'speed where bare reaches 27 000 rows/s', value: ours, unit: 'rows/s' }
  return bare >= 27_000 ? { ...reading, atLeast: 20_000 } : { ...reading, from: `bare reaches ${count(bare)}` }
}

function memory(): Promise<Reading> {
  return withFolder(async folder => {
    const task: AppendTask = { folder, batches: Math.ceil(200_000 / batchRows), batchRows, text, asImport: true }
    const { peakMegabytes } = await runProgram<AppendAnswer>(program, task)
    return { what: 'peak memory, 200 000 rows', value: peakMegabytes, unit: 'MB', atMost: 400 }
  })
}
