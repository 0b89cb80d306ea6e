import { randomUUID } from 'node:crypto'
import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { recordPlace } from '../../stores/records/place.ts'
import { yieldToOthers } from '../low-priority.ts'
import { serveTasks } from '../task-thread.ts'
import { type ReadTombstones, tombstoneReader } from '../tombstones/tombstones.ts'
import { type FlushEvent, type FlushResult, flush } from './flush.ts'
import type { FlushTask } from './flush-thread.ts'

/*
 * The thread that flushes: it reads segments, shapes, encodes and commits, so
 * that the thread of the daemon stays free to answer.
 */

const context = { now: Date.now, monotonic: () => performance.now(), random: Math.random, uniqueName: randomUUID }

yieldToOthers()

/** What was read of tombstones is good until a table says that there are more. */
const readers = new Map<string, ReadTombstones>()

function tombstonesOf({ records, declaration: { table } }: FlushTask): ReadTombstones {
  const known = readers.get(table) ?? tombstoneReader({ place: recordPlace({ records }), table })
  readers.set(table, known)
  return known
}

serveTasks<FlushTask, FlushResult, FlushEvent>((task, { signal, say }) => {
  const { table: directory, spool, records: _, ...rest } = task
  return flush({
    ...rest,
    tombstones: tombstonesOf(task),
    catalog: fileCatalog({ io: localFileIO, directory, ...context }),
    io: localFileIO,
    rejects: `${spool}/rejects`,
    context,
    onEvent: say,
    signal,
  })
})
