import { describe, expect, test } from 'vitest'
import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import { countingSink, waitingSink } from '../../../src/ingest/backfill/counting-sink.ts'
import type { RowBatch } from '../../../src/ingest/backfill/row-sink.ts'
import { type AcceptRows, spoolSink } from '../../../src/ingest/backfill/spool-sink.ts'
import { tableSink } from '../../../src/ingest/backfill/table-sink.ts'
import { checkBatch } from '../../../src/ingest/batch/batch.ts'
import { rowChecker } from '../../../src/ingest/batch/contract.ts'
import { builtinDeclaration } from '../../../src/schema/builtin.ts'
import type { Declaration } from '../../../src/schema/declaration.ts'
import { apply, systemClock } from '../../support/crash-table.ts'
import { readRows } from '../../support/table.ts'
import { newLoading } from './loading.ts'

const declaration = builtinDeclaration(9)

/** Rows that have what every row must have. */
function rows(session: string, count: number, more: (n: number) => Row = () => ({})): Row[] {
  const required = declaration.columns.filter(column => column.required === true)
  return Array.from({ length: count }, (_, n) => ({
    ...Object.fromEntries(declaration.columns.map(({ name }) => [name, null])),
    ...Object.fromEntries(
      required.map(({ name, type }) => [
        name,
        type === 'int' ? 0 : type === 'timestamptz' ? 0n : type === 'boolean' ? false : 'x',
      ]),
    ),
    session_id: session,
    part_id: `p${n}`,
    ...more(n),
  }))
}

/** A batch of two files. */
function batchOf(first: Row[], second: Row[] = []): RowBatch {
  return {
    rows: [...first, ...second],
    files: [
      { path: '/a', firstRow: 0 },
      { path: '/b', firstRow: first.length },
    ],
  }
}

describe('the table', () => {
  test('takes each row key once, in one commit', async () => {
    const { catalog, load } = await newLoading()
    const sink = tableSink({ catalog, begun: await load(), declaration, context: systemClock })
    expect(await sink.take(batchOf(rows('s', 3), rows('s', 2)))).toMatchObject({ rows: 3, duplicates: 2, commits: 1 })
    expect(await sink.take(batchOf(rows('s', 3)))).toMatchObject({ rows: 0, duplicates: 3, commits: 0 })
    expect(await sink.take(batchOf(rows('s', 4)))).toMatchObject({ rows: 1, duplicates: 3, commits: 1 })
  })

  test('takes all rows but those it cannot hold, and says of which files these are', async () => {
    const { catalog, load } = await newLoading()
    const sink = tableSink({ catalog, begun: await load(), declaration, context: systemClock })
    const broken = rows('t', 3, n => (n === 1 ? { role: null } : {}))
    expect(await sink.take(batchOf(rows('s', 2), broken))).toEqual({
      rows: 4,
      duplicates: 0,
      deleted: 0,
      spooled: 0,
      refused: 1,
      commits: 1,
      faults: [{ path: '/b', reason: expect.stringMatching(/^a row cannot be stored: column role /) }],
    })
    expect(await readRows(await load())).toHaveLength(4)
  })
})

describe('the table, changed while a batch is written for it', () => {
  test('takes nothing of it: its rows would have no value in the new column, and never get one', async () => {
    const { catalog, directory, load } = await newLoading()
    const wider: Declaration = { ...declaration, columns: [...declaration.columns, { name: 'own', type: 'string' }] }
    const evolving: Catalog = {
      ...catalog,
      commit: async (table, commit) => {
        await apply(catalog, directory, wider, systemClock)
        return catalog.commit(table, commit)
      },
    }
    const sink = tableSink({ catalog: evolving, begun: await load(), declaration, context: systemClock })
    await expect(sink.take(batchOf(rows('s', 3)))).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' })
    expect(await readRows(await load())).toEqual([])
  })
})

describe('the spool', () => {
  /** Judges as the intake does, and keeps nothing. */
  function intake(): { readonly accept: AcceptRows; readonly sizes: number[] } {
    const sizes: number[] = []
    const checker = rowChecker(declaration)
    return {
      sizes,
      accept: async body => {
        sizes.push(body.length)
        const { kept, refused, errors } = await checkBatch(body, 'ndjson', checker)
        const discarded = { rows: 0, values: 0 }
        return {
          formatVersion: 1,
          table: 't',
          rows: kept,
          held: true,
          discarded,
          refused,
          errors: errors.slice(0, 100),
        }
      },
    }
  }

  test('takes rows in bodies of some megabytes', async () => {
    const { accept, sizes } = intake()
    const large = rows('s', 20, () => ({ content_text: 'x'.repeat(1_000_000) }))
    expect(await spoolSink(declaration, accept).take(batchOf(large))).toMatchObject({
      spooled: 20,
      refused: 0,
      faults: [],
    })
    expect(sizes).toHaveLength(3)
    for (const size of sizes) expect(size).toBeLessThan(10_000_000)
  })

  test('takes all rows but those that are too large for it, and says of which files these are', async () => {
    const { accept } = intake()
    const large = rows('t', 3, n => ({ content_text: 'x'.repeat(n === 1 ? 9_000_000 : 10) }))
    expect(await spoolSink(declaration, accept).take(batchOf(rows('s', 2), large))).toMatchObject({
      rows: 0,
      spooled: 4,
      refused: 1,
      faults: [{ path: '/b', reason: 'a row cannot be stored: the row is larger than 8 MiB' }],
    })
  })

  test('counts all rows that are refused, and trusts no file where the answer does not say which they are', async () => {
    const { accept } = intake()
    const broken = rows('t', 300, () => ({ role: null }))
    const { faults, ...taken } = await spoolSink(declaration, accept).take(batchOf(rows('s', 2), broken))
    expect(taken).toMatchObject({ spooled: 2, refused: 300 })
    expect(faults.map(({ path }) => path).toSorted()).toEqual(['/a', '/b'])
  })
})

describe('counting', () => {
  test('says what the table would take, over all batches, and writes nothing', async () => {
    const { catalog, load } = await newLoading()
    await tableSink({ catalog, begun: await load(), declaration, context: systemClock }).take(batchOf(rows('s', 3)))
    const before = await load()
    const sink = countingSink(declaration, before)
    expect(await sink.take(batchOf(rows('s', 5), rows('t', 2)))).toMatchObject({ rows: 4, duplicates: 3, commits: 0 })
    expect(await sink.take(batchOf(rows('s', 6), rows('t', 2)))).toMatchObject({ rows: 1, duplicates: 7 })
    expect((await load()).version).toBe(before.version)
  })

  test('where there is no table yet, everything is new once', async () => {
    const sink = countingSink(declaration, undefined)
    expect(await sink.take(batchOf(rows('s', 2), rows('s', 3)))).toMatchObject({ rows: 3, duplicates: 2 })
  })

  test('while the table refuses rows, all of them would wait', async () => {
    expect(await waitingSink.take(batchOf(rows('s', 2)))).toMatchObject({ rows: 0, spooled: 2 })
  })
})
