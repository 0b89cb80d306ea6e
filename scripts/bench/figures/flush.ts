import type { Figure } from '../figure.ts'
import { runProgram } from '../program.ts'
import type { FlushAnswer, FlushTask } from '../programs/flush.ts'
import { withFolder } from '../scratch.ts'
import { count, median } from '../timing.ts'

const program = new URL('../programs/flush.js', import.meta.url)
const rows = 15_000
const text = 2048
const rounds = 10
const warmUp = 3
const buckets = 16

export const flush: Figure = {
  name: 'flush',
  about: 'Flushing spooled rows with every column of release 9 and 2 KB of text, against the bare encoder',
  method: [
    `Ours is \`flush\` on ${count(rows)} rows that lie in the spool as JSON: read, verified, parsed, shaped, looked up in the`,
    `table, split to ${buckets} buckets, sorted, encoded, and committed; everything durable. The rival is hyparquet-writer, which is`,
    'given the same rows as cells in memory and writes them by `node:fs` without fsync: as one file, and for comparison as',
    `the ${buckets} files that ours has to be. What lies in a spool has to be parsed first: beside both stands the same after`,
    `\`JSON.parse\` of each row. In turn, in one process; medians of ${rounds} rounds after ${warmUp} to warm up.`,
  ],
  measure: async () => {
    const [ours, one, parsed] = await against(rows)
    const [again, many, parsedMany] = await against(Math.ceil(rows / buckets))
    return [
      {
        what: 'speed against one bare file',
        value: ours / one,
        unit: '×',
        atLeast: 0.75,
        from: `${count(ours)} against ${count(one)} rows/s`,
      },
      {
        what: `speed against ${buckets} bare files`,
        value: again / many,
        unit: '×',
        from: `${count(again)} against ${count(many)} rows/s`,
      },
      {
        what: 'speed against parsing the rows, and one bare file',
        value: ours / parsed,
        unit: '×',
        from: `${count(ours)} against ${count(parsed)} rows/s`,
      },
      {
        what: `speed against parsing the rows, and ${buckets} bare files`,
        value: again / parsedMany,
        unit: '×',
        from: `${count(again)} against ${count(parsedMany)} rows/s`,
      },
    ]
  },
}

/** Rows a second: ours, those of the bare encoder with files of so many rows, and of it with the rows parsed first. */
function against(bareRows: number): Promise<[number, number, number]> {
  return withFolder(async folder => {
    const task: FlushTask = { folder, rounds: warmUp + rounds, rows, text, bareRows }
    const { ms } = await runProgram<FlushAnswer>(program, task)
    const perSecond = (index: 0 | 1 | 2): number => rows / (median(ms.slice(warmUp).map(round => round[index])) / 1000)
    return [perSecond(0), perSecond(1), perSecond(2)]
  })
}
