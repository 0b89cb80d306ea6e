import { linkSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Figure } from '../figure.ts'
import { manyFiles, manyText } from '../many-files.ts'
import { runProgram } from '../program.ts'
import type { CompactAnswer, CompactTask } from '../programs/compact.ts'
import { withFolder } from '../scratch.ts'
import { count } from '../timing.ts'

const program = new URL('../programs/compact.js', import.meta.url)
const bareFile = { fileRows: 15_500, rowGroupRows: 2500 }

export const compact: Figure = {
  name: 'compact',
  about: 'Compacting 1 000 000 rows in 5 000 files over 16 partitions, against the bare encoder on the same rows',
  method: [
    `Ours is \`compactTable\` on a table whose rows have every column of release 9 and ${count(manyText)} characters of text,`,
    'some 200 of them in a file: files are read, merged by the order of the table, encoded, made durable, read again',
    'and compared with what was read, and committed; in a thread with the limits of the daemon’s. The rival is',
    `hyparquet-writer with the same schema elements and codec and row groups of ${count(bareFile.rowGroupRows)} rows, given the same rows as columns,`,
    `and written by plain \`node:fs\` without fsync, ${count(bareFile.fileRows)} rows to a file; making the rows is not counted.`,
    'One run each, one after the other, each in a process of its own, of which memory is the peak.',
  ],
  measure: async () => {
    const directory = await manyFiles()
    const ours = await withFolder(folder => run({ directory: linked(directory, join(folder, 'table')) }))
    const bare = await withFolder(folder => run({ directory, bare: { folder, ...bareFile } }))
    const speed = ({ rows, ms }: CompactAnswer): number => rows / (ms / 1000)
    return [
      {
        what: 'speed against the bare encoder',
        value: speed(ours) / speed(bare),
        unit: '×',
        atLeast: 0.5,
        from: `${count(speed(ours))} against ${count(speed(bare))} rows/s`,
      },
      {
        what: 'peak memory',
        value: ours.peakMegabytes,
        unit: 'MB',
        atMost: 400,
        from: `${count(ours.removed)} files became ${count(ours.added)} in ${ours.commits} commits`,
      },
    ]
  },
}

function run(task: CompactTask): Promise<CompactAnswer> {
  return runProgram<CompactAnswer>(program, task)
}

/** A table of its own, of the same files. */
function linked(from: string, to: string): string {
  for (const folder of ['data', 'metadata']) {
    mkdirSync(join(to, folder), { recursive: true })
    for (const name of readdirSync(join(from, folder))) linkSync(join(from, folder, name), join(to, folder, name))
  }
  return to
}
