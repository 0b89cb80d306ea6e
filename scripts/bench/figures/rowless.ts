import type { SourceName } from '../../../src/sources/catalogue.ts'
import type { Figure, Reading } from '../figure.ts'
import { runProgram } from '../program.ts'
import type { ReadAnswer, ReadTask } from '../programs/read.ts'
import { rowlessHistories } from '../rowless.ts'
import { count, median } from '../timing.ts'

const program = new URL('../programs/read.js', import.meta.url)
const rounds = 5

export const rowless: Figure = {
  name: 'rowless',
  about: 'Reading lines that give no row: progress of Claude Code, and what Codex tells a second time',
  method: [
    '400 MB each in files of 20 MB, read by the reader of an import in one thread: progress lines of about 1 KB; events of',
    '500 bytes; snapshots of the work tree of 10 KB and compacted histories of 200 KB, as many of either. Beside it the same',
    `bytes read in pieces of 1 MiB and not looked at. In turn, medians of ${rounds} rounds; the files are in the page cache.`,
  ],
  measure: async () => {
    const { progress, events, retold } = await rowlessHistories()
    return [
      await speedOf('Claude Code, progress', 'claude', progress),
      await speedOf('Codex, events', 'codex', events),
      await speedOf('Codex, snapshots and compacted histories', 'codex', retold),
    ]
  },
}

async function speedOf(title: string, source: SourceName, directory: string): Promise<Reading> {
  const { ms, bytes, rows } = await runProgram<ReadAnswer>(program, { source, directory, rounds } satisfies ReadTask)
  if (rows > 0) throw new Error(`${rows} rows came of lines that give none`)
  const speed = (index: 0 | 1): number => bytes / 2 ** 20 / (median(ms.map(round => round[index])) / 1000)
  return {
    what: title,
    value: speed(0),
    unit: 'MiB/s',
    atLeast: 250,
    from: `${count(speed(1))} MiB/s of bytes alone`,
  }
}
