import { mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DaemonEvent } from '../../src/daemon/event.ts'
import { usualIntakeLimits } from '../../src/daemon/intake-limits.ts'
import { type Intakes, openIntakes } from '../../src/daemon/intakes.ts'
import { openMetrics } from '../../src/daemon/metrics/metrics.ts'
import type { KeptTable } from '../../src/daemon/tables.ts'
import type { FlushResult } from '../../src/ingest/flush/flush.ts'
import type { FlushTask } from '../../src/ingest/flush/flush-thread.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { ensureHome, type Home, homeAt } from '../../src/stores/home.ts'
import { temporaryFolder } from '../support/table.ts'

/*
 * The spools of a daemon whose flushes end when they are told to.
 */

const table = 'orders'

const declaration: Declaration = {
  table,
  release: 1,
  columns: [{ name: 'id', type: 'string', required: true }],
  identifier: ['id'],
  partitionBy: [],
  sortBy: [],
}

const nothingDone: FlushResult = {
  commits: 0,
  rows: 0,
  duplicates: 0,
  deleted: 0,
  setAside: 0,
  positions: new Map(),
  held: [],
  damaged: { ranges: 0, bytes: 0 },
  ms: 0,
}

/** A flush that was begun and ends when told to. */
interface Begun {
  readonly task: FlushTask
  end(): void
}

interface Here {
  readonly home: Home
  readonly intakes: Intakes
  readonly tables: Map<string, KeptTable>
  readonly begun: Begun[]
  readonly events: DaemonEvent[]
  readonly until: (count: number) => Promise<void>
}

function keptUnder(declared: Declaration): KeptTable {
  return { declaration: declared, captured: declared, imported: declared, failure: undefined }
}

async function setUp(prepare: (home: Home) => Promise<void> = async () => undefined): Promise<Here> {
  const home = homeAt(await temporaryFolder())
  await ensureHome(home)
  await prepare(home)
  const tables = new Map([[table, keptUnder(declaration)]])
  const begun: Begun[] = []
  const events: DaemonEvent[] = []
  const intakes = await openIntakes({
    home,
    limits: { ...usualIntakeLimits, flushAgeMs: 20 },
    find: name => tables.get(name),
    metrics: await openMetrics(),
    onEvent: event => void events.push(event),
    flusher: {
      flush: task => new Promise(resolve => begun.push({ task, end: () => resolve(nothingDone) })),
      close: async () => undefined,
    },
  })
  const until = (count: number): Promise<void> => expect.poll(() => begun.length).toBe(count)
  return { home, intakes, tables, begun, events, until }
}

function rows(): Parameters<Intakes['accept']>[1] {
  return { body: Buffer.from('{"id":"a"}\n'), format: 'ndjson', partial: false }
}

test('a declaration that is applied while rows are flushed is tried after that', async () => {
  const { intakes, tables, begun, until } = await setUp()
  await intakes.accept(table, rows())
  await until(1)
  const later = { ...declaration, release: 2 }
  tables.set(table, keptUnder(later))
  await intakes.resume()
  begun[0]?.end()
  await until(2)
  expect(begun.map(({ task }) => task.declaration.release)).toEqual([1, 2])
  begun[1]?.end()
})
test('rows whose declaration is taken away stay where they are, without a word of failure', async () => {
  const { intakes, tables, begun, events, until } = await setUp()
  await intakes.accept(table, rows())
  const kept = tables.get(table) as KeptTable
  tables.delete(table)
  await new Promise(resolve => setTimeout(resolve, 60))
  expect(events).toEqual([])
  tables.set(table, kept)
  await intakes.resume()
  await until(1)
  tables.delete(table)
  begun[0]?.end()
  await intakes.stop(AbortSignal.timeout(1000))
  expect(events).toEqual([])
  expect(begun).toHaveLength(1)
})

test('a spool that cannot be opened at the start is opened later, and its failure is told until then', async () => {
  const name = '01890000-0000-7000-8000-000000000000.000001.seg'
  const { home, intakes, begun, events } = await setUp(async ({ spool }) => {
    await mkdir(join(spool, table), { recursive: true })
    await symlink(name, join(spool, table, name))
  })
  expect(events).toMatchObject([{ type: 'flush-failed', table }])
  expect(intakes.status(table)).toMatchObject({ failure: { code: 'HOME_UNUSABLE' } })
  await rm(join(home.spool, table, name))
  await expect.poll(() => begun.length).toBe(1)
  expect(intakes.status(table)).toMatchObject({ failure: null })
  begun[0]?.end()
  await intakes.stop(AbortSignal.timeout(1000))
})
