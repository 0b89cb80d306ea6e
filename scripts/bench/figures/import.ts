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
    'The delay of the event loop is sampled every millisecond by `monitorEventLoopDelay`; its greatest value counts,',
    'and what the machine itself adds shows in the same process before it imports. Memory is the peak of the process.',
  ],
  measure: () =>
    withFolder(async folder => {
      const task: ImportTask = { folder, history: await bigHistory() }
      const answer = await runProgram<ImportAnswer>(program, task)
      const { bytes, rows } = answer.summary
      return [
        {
          what: 'main thread held up, at most',
          value: answer.blockedMs,
          unit: 'ms',
          atMost: 50,
          from: `${ms(answer.idleMs)} while idle`,
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
