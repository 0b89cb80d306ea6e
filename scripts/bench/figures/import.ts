import type { Figure } from '../figure.ts'
import { bigHistory } from '../history.ts'
import { runProgram } from '../program.ts'
import type { ImportAnswer, ImportTask } from '../programs/import.ts'
import { withFolder } from '../scratch.ts'
import { count, ms } from '../timing.ts'

const program = new URL('../programs/import.js', import.meta.url)

export const importing: Figure = {
  name: 'import',
  about: 'A daemon that imports 300 MB of transcripts: its memory, and for how long its main thread is held up',
  method: [
    'A process starts the daemon and its backfill as `hyp daemon` does, over made-up transcripts of 2 MB each.',
    'The main thread looks at the clock every millisecond; its longest absence counts, less the time for which it was',
    'ready to run while other programs had every processor (`schedstat`, on Linux). Memory is the peak of the process.',
  ],
  measure: () =>
    withFolder(async folder => {
      const task: ImportTask = { folder, history: await bigHistory() }
      const answer = await runProgram<ImportAnswer>(program, task)
      const { bytes, rows } = answer.summary
      return [
        {
          what: 'main thread held up, at most',
          value: answer.whileImporting.withoutQueueMs,
          unit: 'ms',
          atMost: 50,
          from: `${ms(answer.whileImporting.ms)} with the wait for a processor, ${ms(answer.whileIdle.ms)} while idle`,
        },
        { what: 'peak memory', value: answer.peakMegabytes, unit: 'MB', atMost: 400 },
        {
          what: 'speed',
          value: bytes / 1e6 / (answer.ms / 1000),
          unit: 'MB/s',
          from: `${count(rows)} rows in ${count(answer.ms)} ms, ${count(rows / (answer.ms / 1000))} rows/s`,
        },
      ]
    }),
}
