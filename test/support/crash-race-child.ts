import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { append, apply, batch, declare, openTable, systemClock } from './crash-table.ts'

/*
 * One of several processes that write to one table at once, without a lock:
 * creates it or finds it, then appends and evolves in turn. Says "ready",
 * waits for a byte on its input, and says one JSON object for every commit.
 */

export interface RaceTask {
  readonly directory: string
  readonly name: string
  readonly appends: number
  readonly evolutions: number
  /** Batches that every process writes. */
  readonly shared: number
}

export type RaceWord =
  | { readonly type: 'created'; readonly uuid: string; readonly action: string }
  | { readonly type: 'appended'; readonly batch: string; readonly rows: number; readonly duplicates: number }
  | { readonly type: 'evolved'; readonly column: string; readonly action: string }

const task = JSON.parse(process.argv[2] as string) as RaceTask
const say = (word: RaceWord | string): void => {
  writeSync(1, `${JSON.stringify(word)}\n`)
}
const catalog = openTable(localFileIO, task.directory, systemClock)

say('ready')
await once(process.stdin, 'data')
process.stdin.destroy()

const made = await apply(catalog, task.directory, declare(), systemClock)
say({ type: 'created', uuid: made.table.metadata['table-uuid'], action: made.action })
const every = task.evolutions === 0 ? Number.POSITIVE_INFINITY : Math.ceil(task.appends / task.evolutions)
const columns: { name: string; type: string }[] = []
for (let index = 0; index < task.appends; index++) {
  await write(`${task.name}-${index}`)
  if (index < task.shared) await write(`shared-${index}`)
  if (index % every !== 0 || columns.length === task.evolutions) continue
  const column = `${task.name}_${columns.length}`
  columns.push({
    name: column,
    type: ['int', 'string', 'double', 'boolean', 'timestamptz'][columns.length % 5] as string,
  })
  const { action } = await apply(catalog, task.directory, declare(columns), systemClock)
  say({ type: 'evolved', column, action })
}

async function write(name: string): Promise<void> {
  const { rows, duplicates } = await append(catalog, batch(name), systemClock)
  say({ type: 'appended', batch: name, rows, duplicates })
}
