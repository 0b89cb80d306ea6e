import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cellText } from '../../src/iceberg/cell-text.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { openParquet } from '../../src/iceberg/parquet/read.ts'
import type { Cell, Row } from '../../src/iceberg/types.ts'
import { appendOnce } from '../../src/ingest/keys/append-once.ts'
import { rowKey } from '../../src/ingest/keys/row-key.ts'
import { spooledRows } from '../../src/ingest/spooled-rows.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import {
  catalogOn,
  directory,
  newDisk,
  type Process,
  rowsIn,
  spoolDirectory,
  startProcess,
} from '../ingest/flush/flushing.ts'
import { orphansOf } from '../support/crash-check.ts'
import { apply, key, seededContext } from '../support/crash-table.ts'
import { columnTypes, declarationOf, firstShape, rowOf, type Shape } from '../support/model.ts'
import type { PowerDisk } from '../support/power-file-io.ts'

/*
 * Rows of declarations that change are taken, flushed, held and looked at, by
 * processes that come and go, beside another writer. In the end all that was
 * acknowledged is in the table: each row key once, or without a key each row as
 * often as it came, as it was taken and in the table's last shape.
 */

interface Id {
  readonly session: number
  readonly part: number
}

type Action =
  | { readonly do: 'take'; readonly ids: readonly Id[] }
  | { readonly do: 'declare' /** `promote`, `relax`, or the type of a column more. */; readonly change: string }
  | { readonly do: 'flush'; readonly rows: number; readonly release: boolean }
  | { readonly do: 'others'; readonly ids: readonly Id[] }
  | { readonly do: 'apply' }
  | { readonly do: 'restart' }
  | { readonly do: 'look' }

const ids = fc.array(fc.record({ session: fc.nat(3), part: fc.nat(8) }), { maxLength: 8 })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const), ids }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('flush' as const),
      rows: fc.constantFrom(1, 5, 1000),
      release: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('declare' as const),
      change: fc.constantFrom('promote', 'relax', ...columnTypes),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('others' as const), ids }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Action>({ do: 'apply' }, { do: 'restart' }, { do: 'look' }),
  },
)

function changed(shape: Shape, change: string): Shape {
  if (change === 'promote') return { ...shape, countIsLong: true }
  if (change === 'relax') return { ...shape, textIsOptional: true }
  return { ...shape, extra: [...shape.extra, { name: `column_${shape.extra.length}`, type: change }] }
}

/** A row that is the same whenever it comes under one shape. */
function rowFor({ session, part }: Id, shape: Shape): Row {
  return rowOf({ session, part, value: session * 31 + part * 7 }, shape)
}

/** As a client sends it. */
function jsonOf(row: Row, declaration: Declaration): string {
  const types = new Map(declaration.columns.map(({ name, type }) => [name, type]))
  const member = ([name, cell]: readonly [string, Cell]): readonly [string, unknown] => [
    name,
    typeof cell !== 'bigint' ? cell : types.get(name) === 'timestamptz' ? isoOf(cell) : String(cell),
  ]
  return JSON.stringify(Object.fromEntries(Object.entries(row).map(member)))
}

function isoOf(micros: bigint): string {
  const rest = ((micros % 1000n) + 1000n) % 1000n
  const text = new Date(Number((micros - rest) / 1000n)).toISOString()
  return `${text.slice(0, -1)}${String(rest).padStart(3, '0')}Z`
}

/** A row of one shape in a table of a later one. */
function inShape(row: Row, shape: Shape): string {
  const names = declarationOf(shape).columns.map(({ name }) => name)
  return names
    .map(name => {
      const cell = row[name] ?? null
      return `${name}=${cellText(name === 'count' && shape.countIsLong && cell !== null ? BigInt(cell as number) : cell)}`
    })
    .join('|')
}

async function play(actions: readonly Action[], identifier: readonly string[]): Promise<void> {
  const declared = (of: Shape): Declaration => ({ ...declarationOf(of), identifier })
  const disk: PowerDisk = await newDisk(declared(firstShape))
  let shape = firstShape
  let applied = firstShape
  let seed = 1
  let process: Process = await startProcess(disk.io, ++seed, { segmentBytes: 500 })
  const taken: { readonly row: Row }[] = []
  const tableKey = rowKey(identifier)

  const steps: { readonly [Do in Action['do']]: (asked: Extract<Action, { do: Do }>) => Promise<unknown> } = {
    take: async ({ ids: some }) => {
      const rows = some.map(id => rowFor(id, shape))
      if (rows.length === 0) return
      await process.takeText(
        rows.map(row => jsonOf(row, declared(shape))),
        declared(shape),
      )
      taken.push(...rows.map(row => ({ row })))
    },
    declare: async ({ change }) => {
      shape = changed(shape, change)
    },
    apply: async () => {
      await apply(catalogOn(disk.io, ++seed), directory, declared(shape), seededContext(++seed))
      applied = shape
    },
    flush: async ({ rows, release }) => {
      const options = { declaration: declared(applied), limits: { rows, bytes: 1e9 } }
      return release ? process.drain(options) : process.flush(options)
    },
    restart: async () => {
      // It is killed: what it holds is not given back.
      process = await startProcess(disk.io, ++seed, { segmentBytes: 500 })
    },
    others: async ({ ids: some }) => {
      const rows = some.map(id => rowFor(id, applied))
      const catalog = catalogOn(disk.io, ++seed)
      const { rows: added } = await appendOnce(catalog, await catalog.load(), rows, tableKey, seededContext(++seed))
      // Without a key each is a row; with one, it stands for those that come later.
      if (identifier.length > 0 || added > 0) taken.push(...rows.map(row => ({ row })))
    },
    look: async () => {
      const file = `/home/look-${++seed}.parquet`
      const found = await spooledRows({
        io: disk.io,
        catalog: catalogOn(disk.io, ++seed),
        spool: spoolDirectory,
        declaration: declared(applied),
        file,
      })
      const { fields } = currentSchema(found.table.metadata)
      const rows = await rowsIn(disk.io)
      if (found.spooled !== undefined) {
        const parquet = await openParquet(await disk.io.open(found.spooled), found.spooled)
        for await (const { columns, rowCount } of parquet.readColumns(fields))
          for (let index = 0; index < rowCount; index++)
            rows.push(
              Object.fromEntries(fields.map(({ id, name }): [string, Cell] => [name, columns.get(id)?.[index]])),
            )
        await disk.io.remove(file)
      }
      const hidden = found.notShown.reduce((sum, stream) => sum + stream.rows, 0)
      const keys = rows.map(row => key.of(row))
      if (identifier.length === 0) expect(rows.length + hidden).toBe(taken.length)
      else {
        expect(new Set(keys).size).toBe(keys.length)
        if (hidden === 0) expect(new Set(keys)).toEqual(new Set(taken.map(({ row }) => key.of(row))))
      }
    },
  }

  for (const asked of actions) await (steps[asked.do] as (asked: Action) => Promise<unknown>)(asked)
  await steps.apply({ do: 'apply' })
  await steps.restart({ do: 'restart' })
  const { held } = await process.drain({ declaration: declared(applied) })
  expect(held).toEqual([])
  expect(await process.spool.rotate()).toEqual([])
  const rows = (await rowsIn(disk.io)).map(row => inShape(row, shape)).sort()
  const expected = taken.map(({ row }) => inShape(row, shape))
  if (identifier.length === 0) expect(rows).toEqual(expected.sort())
  else {
    for (const text of rows) expect(expected).toContain(text)
    const keysOf = (texts: readonly string[]): string[] => texts.map(text => text.split('|count=')[0] as string)
    expect(keysOf(rows).sort()).toEqual([...new Set(keysOf(expected))].sort())
  }
  expect(await orphansOf(disk.io, directory)).toEqual([])
}

test.each([
  ['with a row key', ['session_id', 'part_id']],
  ['without a row key', []],
])('rows of changing declarations are in the end in the table, each once: %s', async (_kind, identifier) => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), actions => play(actions, identifier)),
    { numRuns: 120 },
  )
})
