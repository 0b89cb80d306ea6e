import { expect, test } from 'vitest'
import { commitAppend, prepareAppend } from '../../../src/iceberg/append.ts'
import { writeDataFiles } from '../../../src/iceberg/data-files.ts'
import { reachableFiles } from '../../../src/iceberg/expiry/reachable.ts'
import { currentSnapshot } from '../../../src/iceberg/metadata.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import { usualUpkeepLimits } from '../../../src/stores/table/upkeep/due.ts'
import { tendTable } from '../../../src/stores/table/upkeep/tend.ts'
import { PowerDisk } from '../../support/power-file-io.ts'
import { catalogAt, context, createTable, optional, readRows, required } from '../../support/table.ts'

/*
 * The experiment e12: what somebody may be reading was promised to stay for a day, and was removed after an hour. Here
 * whoever began to read while a snapshot was the newest has an hour from when it was not any more, on a clock of our own.
 */

const minuteMs = 60_000
const hourMs = 60 * minuteMs

interface Feed {
  readonly name: string
  /** Minutes between commits, one after the other. */
  readonly minutes: readonly number[]
}

const feeds: readonly Feed[] = [
  { name: 'each minute for three hours', minutes: repeated(180, 1) },
  {
    name: 'without a pause after a night in which nothing came',
    minutes: [...repeated(24, 1), 8 * 60, ...repeated(120, 0.1), 30],
  },
  {
    name: 'by many commits in a minute, and then now and then',
    minutes: [...repeated(130, 0.003), ...repeated(20, 10)],
  },
]

function repeated(times: number, minutes: number): number[] {
  return Array.from({ length: times }, () => minutes)
}

test.each(feeds)(
  'a table that is fed $name has every file of a snapshot until an hour after it was the newest, and not for ever',
  async ({ minutes }) => {
    let clock = Date.now()
    const now = (): number => clock
    const clocked = { ...context, now, monotonic: now }
    const { io } = new PowerDisk()
    const directory = '/t'
    await createTable({ columns: [required('id', 'int'), optional('name', 'string')], sortBy: ['id'] }, directory, io)
    const catalog = catalogAt(directory, io, now)
    const held = new Map<bigint, { untilMs: number; files: ReadonlySet<string> }>()
    const missing: string[] = []
    let removed = 0
    for (const [n, pause] of minutes.entries()) {
      await hold()
      clock += pause * minuteMs
      await hold()
      await commit([{ id: n, name: `n${n}` }])
      if (n % 8 !== 7) continue
      const { report } = await tendTable(catalog, {
        name: 't',
        leased: async () => new Set(),
        context: clocked,
        sweptMs: clock,
        // As soon as a single one can go.
        limits: { ...usualUpkeepLimits, expirable: 1 },
      })
      expect(report?.failures ?? []).toEqual([])
      removed += report?.expired?.files ?? 0
      await look()
    }
    expect(missing.slice(0, 5)).toEqual([])
    expect(removed).toBeGreaterThan(50)
    const last = await catalog.load()
    expect(last.metadata.snapshots.length).toBeLessThan(250)
    expect((await readRows(last)).length).toBe(minutes.length)

    async function commit(rows: readonly Row[]): Promise<void> {
      const then = await catalog.load()
      const files = await writeDataFiles(then, rows, { uniqueName: context.uniqueName, rowGroupRows: 1000 })
      const prepared = await prepareAppend(then, files, clocked)
      await commitAppend(catalog, then, prepared, clocked, async (_now, _then, same) => same)
    }

    /** Somebody begins to read. */
    async function hold(): Promise<void> {
      const table = await catalog.load()
      const snapshot = currentSnapshot(table.metadata)
      if (snapshot === undefined) return
      const id = BigInt(snapshot['snapshot-id'])
      const files = held.get(id)?.files ?? (await reachableFiles(table, [snapshot]))
      held.set(id, { untilMs: clock + hourMs, files })
    }

    /** Goes on to read. */
    async function look(): Promise<void> {
      const there = new Set((await io.listFiles(directory)).map(({ path }) => path))
      for (const [id, { untilMs, files }] of held) {
        if (untilMs < clock) held.delete(id)
        else missing.push(...[...files].filter(path => !there.has(path)).map(path => `${path} of ${id}, at ${clock}`))
      }
    }
  },
)
