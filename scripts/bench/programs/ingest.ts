import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startDaemon } from '../../../src/daemon/start.ts'
import { newestRelease } from '../../../src/schema/builtin.ts'
import { homeAt } from '../../../src/stores/home.ts'
import { type HeldUp, watchEventLoop } from '../event-loop.ts'
import { peakMegabytes, runProgram, say, taskOf } from '../program.ts'
import type { RowsClientAnswer, RowsClientTask } from './rows-client.ts'

/*
 * A daemon that takes rows from another process, flushes them meanwhile, and
 * how long its main thread was held up.
 */

export interface IngestTask extends Omit<RowsClientTask, 'socket'> {}

export interface IngestAnswer extends RowsClientAnswer {
  readonly heldUp: HeldUp
  readonly peakMegabytes: number
}

const task = taskOf() as IngestTask
const home = homeAt(join(task.folder, 'home'))
mkdirSync(home.schema, { recursive: true })
writeFileSync(
  join(home.schema, 'events.json'),
  JSON.stringify({
    table: 'events',
    columns: [
      { name: 'session', type: 'string', required: true },
      { name: 'id', type: 'long', required: true },
      { name: 'at', type: 'timestamptz' },
      { name: 'text', type: 'string' },
    ],
    identifier: ['session', 'id'],
    partitionBy: [{ column: 'session', transform: 'bucket[4]' }],
    sortBy: ['session', 'id'],
  }),
)
let socket = ''
const daemon = await startDaemon({
  home,
  release: newestRelease,
  userHome: task.folder,
  env: {},
  onEvent: event => {
    if (event.type === 'ready') ({ socket } = event)
    if (event.type === 'flush-failed') throw new Error(event.message)
  },
})
const held = watchEventLoop()
const client = new URL('./rows-client.js', import.meta.url)
const answer = await runProgram<RowsClientAnswer>(client, { ...task, socket } satisfies RowsClientTask)
const heldUp = held()
await daemon.stop(null)
say({ ...answer, heldUp, peakMegabytes: peakMegabytes() } satisfies IngestAnswer)
