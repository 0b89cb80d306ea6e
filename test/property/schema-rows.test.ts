import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Catalog } from '../../src/iceberg/catalog/catalog.ts'
import { tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { earlierNames } from '../../src/iceberg/matching.ts'
import type { Row } from '../../src/iceberg/types.ts'
import type { ColumnDeclaration, Declaration } from '../../src/schema/declaration.ts'
import { planTable } from '../../src/schema/plan.ts'
import { applyTable, type Receipt } from '../../src/stores/table/store.ts'
import { openTable, systemClock } from '../support/crash-table.ts'
import { append, readRows, temporaryFolder } from '../support/table.ts'
import { beginnings, Evolving, rounds, type Value } from './schema-evolving.ts'

/** The same runs every time; a failure prints its own. */
const seed = 20_260_802

interface Place {
  readonly directory: string
  readonly catalog: Catalog
}

async function newPlace(): Promise<Place> {
  const directory = join(await temporaryFolder(), 'table')
  return { directory, catalog: openTable(localFileIO, directory, systemClock) }
}

function apply({ directory, catalog }: Place, declaration: Declaration): Promise<Receipt> {
  return applyTable({ catalog, declaration, location: tableLocation(directory), context: systemClock })
}

/** Rows in an order of their own: a scan goes file by file. */
function sorted(rows: readonly Row[], key: string): Row[] {
  return rows.toSorted((a, b) => Number(a[key]) - Number(b[key]))
}

test('rows of any time are read with their values after any legal evolution', async () => {
  await fc.assert(
    fc.asyncProperty(beginnings, rounds, fc.nat(1000), async (beginning, all, first) => {
      const place = await newPlace()
      const model = new Evolving(beginning)
      model.settle()
      let { table } = await apply(place, model.declaration(1))
      const values: Value[] = []
      let number = first
      const write = async (): Promise<void> => {
        const added = Array.from({ length: number % 4 }, () => model.row((number = (number * 7 + 13) % 1_000_003)))
        if (added.length === 0) return
        values.push(...added.map(({ value }) => value))
        table = (
          await append(
            { ...place, table },
            added.map(({ row }) => row),
            2,
          )
        ).table
      }
      await write()
      for (const [index, round] of all.entries()) {
        model.evolve(round)
        if (!round.isApplied && index < all.length - 1) continue
        table = (await apply(place, model.declaration(index + 2))).table
        model.settle()
        await write()
        const key = model.key.name
        const rows = sorted(await readRows(await place.catalog.load()), key)
        expect(rows).toEqual(
          sorted(
            values.map(value => model.read(value)),
            key,
          ),
        )
      }
    }),
    { seed, numRuns: 80 },
  )
})

/** Every file below a folder: its bytes and when they were last written. */
async function fingerprintsOf(directory: string): Promise<Map<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const lines = await Promise.all(
    entries.map(async (entry): Promise<[string, string]> => {
      const path = join(entry.parentPath, entry.name)
      const { mtimeNs, ino } = await stat(path, { bigint: true })
      const hash = entry.isFile()
        ? createHash('sha256')
            .update(await readFile(path))
            .digest('hex')
        : 'a folder'
      return [path, `${hash} ${mtimeNs} ${ino}`]
    }),
  )
  return new Map(lines.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Columns that the table has are known by their names of then. */
type Illegal = (declaration: Declaration, at: number, known: ReadonlySet<string>) => Declaration

function changing(change: (column: ColumnDeclaration) => ColumnDeclaration): Illegal {
  return (declaration, at, known) => {
    const there = declaration.columns.filter(column =>
      [column.name, ...earlierNames(column)].some(name => known.has(name)),
    )
    const chosen = there[at % there.length]
    return {
      ...declaration,
      columns: declaration.columns.map(column => (column === chosen ? change(column) : column)),
    }
  }
}

function adding(...columns: readonly ColumnDeclaration[]): Illegal {
  return (declaration, at) => {
    const before = [...declaration.columns]
    before.splice(at % (before.length + 1), 0, ...columns)
    return { ...declaration, columns: before }
  }
}

/** What no table takes, whatever it is like. */
const illegal: Readonly<Record<string, Illegal>> = {
  'another kind of type': changing(column => ({
    ...column,
    type: typeof column.type === 'string' ? { type: 'list', element: 'uuid' } : 'uuid',
  })),
  'another primitive': changing(column => ({ ...column, type: column.type === 'uuid' ? 'time' : 'uuid' })),
  'a required column': adding({ name: 'must', type: 'int', required: true }),
  'a type of version 3': adding({ name: 'later', type: 'variant' }),
  'a default': adding({ name: 'given', type: 'int', default: 1 }),
  'a reserved name': adding({ name: '_file', type: 'string' }),
  'two full names in one': adding(
    { name: 'p', type: { type: 'struct', fields: [{ name: 'q', type: 'int' }] } },
    { name: 'p.q', type: 'int' },
  ),
  'two names in two cases': adding({ name: 'twin', type: 'int' }, { name: 'TWIN', type: 'int' }),
  // Whatever the row key is called since.
  'a name of a partition field': adding({ name: 'c1_bucket_4', type: 'int' }),
  'no row key': declaration => ({ ...declaration, identifier: [] }),
  'other partitions': declaration => ({
    ...declaration,
    partitionBy: declaration.partitionBy.map(part => ({ ...part, transform: 'bucket[5]' })),
  }),
  'a row key without its column': declaration => ({
    ...declaration,
    columns: declaration.columns.filter(({ name }) => !declaration.identifier.includes(name)),
  }),
  'an optional row key': declaration => ({
    ...declaration,
    columns: declaration.columns.map(column =>
      declaration.identifier.includes(column.name) ? { ...column, required: false } : column,
    ),
  }),
}

test('what is refused leaves every byte as it was, and says all that is wrong', async () => {
  const kinds = fc.uniqueArray(fc.constantFrom(...Object.keys(illegal)), { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(beginnings, rounds, kinds, fc.nat(100), async (beginning, all, wrong, at) => {
      const place = await newPlace()
      const model = new Evolving(beginning)
      model.settle()
      const { table } = await apply(place, model.declaration(1))
      const known = new Set(model.columns.map(({ name }) => name))
      await append({ ...place, table }, [model.row(at).row, model.row(at + 1).row])
      // Legal changes along with the illegal ones are not done either.
      for (const round of all) model.evolve(round)
      const declaration = wrong.reduce<Declaration>(
        (before, kind) => (illegal[kind] as Illegal)(before, at, known),
        model.declaration(2),
      )
      const before = await fingerprintsOf(place.directory)
      const plan = planTable(declaration, await place.catalog.load())
      expect([plan.action, plan.verdict]).toEqual(['refuse', 'breaking'])
      await expect(apply(place, declaration)).rejects.toMatchObject({
        code: 'SCHEMA_BREAKING',
        details: { plan: { id: plan.id } },
      })
      expect(await fingerprintsOf(place.directory)).toEqual(before)
    }),
    { seed, numRuns: 80 },
  )
})

test('what is applied once is not written a second time', async () => {
  await fc.assert(
    fc.asyncProperty(beginnings, rounds, async (beginning, all) => {
      const place = await newPlace()
      const model = new Evolving(beginning)
      model.settle()
      await apply(place, model.declaration(1))
      for (const round of all) model.evolve(round)
      const declaration = model.declaration(2)
      await apply(place, declaration)
      const before = await fingerprintsOf(place.directory)
      const { action, plan } = await apply(place, declaration)
      expect([action, plan.verdict]).toEqual(['none', 'current'])
      expect(await fingerprintsOf(place.directory)).toEqual(before)
    }),
    { seed, numRuns: 80 },
  )
})
