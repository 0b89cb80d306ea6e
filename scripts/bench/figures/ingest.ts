import type { Figure } from '../figure.ts'
import { runProgram } from '../program.ts'
import type { IngestAnswer, IngestTask } from '../programs/ingest.ts'
import { withFolder } from '../scratch.ts'
import { count, ms } from '../timing.ts'

const program = new URL('../programs/ingest.js', import.meta.url)
const rowsOfBatch = 500

export const ingest: Figure = {
  name: 'ingest',
  about: 'Rows over the socket, durable when they are acknowledged, against appending the same bytes to a file',
  method: [
    'A process runs the daemon; another sends NDJSON rows of 1 KB over the unix socket, in batches of 500 over four',
    'connections. The daemon checks each row, appends it to the spool, syncs, answers, and meanwhile flushes into the table',
    '(in a thread, as it checks large bodies, on the same two processors). The floor is the same process appending the same bodies to one file with',
    '`node:fs/promises`, one `fsync` for each; they take turns, medians of 5 rounds. A row that is acknowledged was looked at, so',
    'beside it stands the same file by a process that calls `JSON.parse` on each row before it writes.',
    'The wait for an acknowledgement is measured at half of that rate, from when a batch was due; beside it stands the wait',
    'for `fsync` alone, of the same bodies appended to a file at the same pace. There is no delay to form groups: batches',
    'that come while one `fsync` runs share the next one. Single rows come over 64 connections.',
  ],
  measure: () =>
    withFolder(async folder => {
      const task: IngestTask = { folder, rounds: 5, batches: 80, singles: 10_000 }
      const answer = await runProgram<IngestAnswer>(program, task)
      const { batchesPerSecond: ours, bare, parsed } = answer
      return [
        {
          what: 'batches of 500 rows, against one file',
          value: ours / bare,
          unit: '×',
          atLeast: 0.5,
          from: `${count(ours)} against ${count(bare)} batches/s`,
        },
        {
          what: 'against one file, each row parsed and nothing done with it',
          value: ours / parsed,
          unit: '×',
          from: `${count(ours)} against ${count(parsed)} batches/s`,
        },
        { what: 'rows in batches', value: ours * rowsOfBatch, unit: 'rows/s', atLeast: 20_000 },
        {
          what: 'p99 of an acknowledgement, against p99 of fsync',
          value: answer.p99 / answer.fsyncP99,
          unit: '×',
          atMost: 3,
          from: `${ms(answer.p99)} against ${ms(answer.fsyncP99)}`,
        },
        { what: 'single rows', value: answer.singlesPerSecond, unit: 'rows/s', atLeast: 3000 },
        {
          what: 'main thread held up, at most',
          value: answer.heldUp.withoutQueueMs,
          unit: 'ms',
          atMost: 50,
          from: `${ms(answer.heldUp.ms)} with the wait for a processor`,
        },
        { what: 'peak memory', value: answer.peakMegabytes, unit: 'MB' },
      ]
    }),
}
