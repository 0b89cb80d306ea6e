import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { Catalog } from '../../src/iceberg/catalog/catalog.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { currentSnapshot } from '../../src/iceberg/metadata.ts'
import { commitReplacement } from '../../src/iceberg/replace-files.ts'
import { walkFields } from '../../src/iceberg/schema-index.ts'
import { liveFiles } from '../../src/iceberg/snapshot.ts'
import type { Cell, Row } from '../../src/iceberg/types.ts'
import { appendOnce } from '../../src/ingest/keys/append-once.ts'
import { rowKey } from '../../src/ingest/keys/row-key.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { ColumnDeclaration, Declaration, DeclaredType } from '../../src/schema/declaration.ts'
import { planTable } from '../../src/schema/plan.ts'
import { queriedRows } from '../query/both-readers.ts'
import { apply, openTable, systemClock } from '../support/crash-table.ts'
import { describeWithBoth, type Engines, isSkipped, startEngines } from '../support/differential-engines.ts'
import { readingOf } from '../support/differential-reading.ts'
import { expectSameEverywhere } from '../support/foreign.ts'
import { inAnyOrder, rewriteAll } from '../support/rewriting.ts'
import { context, readRows, temporaryFolder } from '../support/table.ts'

/*
 * The table's own history, and declarations made up for what it does not hold:
 * rows are written at every step, and every engine reads all of them at every
 * step. A step that is refused is tried, and leaves every byte as it was.
 */

let ask: Engines

beforeAll(() => {
  if (!isSkipped) ask = startEngines()
})

type Skipped = Parameters<typeof expectSameEverywhere>[1]

/** One table on its way. */
interface TableOnItsWay {
  readonly directory: string
  readonly catalog: Catalog
  /** Engines that cannot read it; another test has to show why. */
  readonly engines: Skipped
  /** Whether all its files are written again after each step; then all rows are in one partition. */
  readonly compacted: boolean
}

async function newTable(compacted: boolean, engines: Skipped = {}): Promise<TableOnItsWay> {
  const directory = join(await temporaryFolder('plain-'), 'table')
  return { directory, catalog: openTable(localFileIO, directory, systemClock), engines, compacted }
}

/** Steps, and steps with compaction: what the files say is another thing then, and what is read has to be the same. */
const ways = [
  ['', false],
  [', and is compacted after each step', true],
] as const

/** Goes to a declaration, writes rows under it, and lets everybody read. */
async function expectStep(on: TableOnItsWay, declaration: Declaration): Promise<void> {
  const { directory, catalog } = on
  const ids = await idsOf(catalog)
  await apply(catalog, directory, declaration, systemClock)
  const table = await catalog.load()
  expect(await idsOf(catalog)).toEqual(expect.arrayContaining(ids))
  const before = await readRows(table)
  const rows = rowsOf(declaration, `batch${table.version}`, on.compacted)
  await appendOnce(catalog, table, rows, rowKey(declaration.identifier), systemClock)
  const after = await readRows(await catalog.load())
  // What was there reads as before; that new columns are null in it is in `before` already.
  expect(after).toEqual(expect.arrayContaining(before))
  expect(after).toHaveLength(before.length + rows.length)
  if (on.compacted) await expectCompaction(on)
  await expectReadEverywhere(on)
}

/** Writes all rows again in one file, whatever the columns were when they came. */
async function expectCompaction({ directory, catalog }: TableOnItsWay): Promise<void> {
  const table = await catalog.load()
  const { entries } = await rewriteAll({ directory, catalog, table })
  const { data: removed } = await liveFiles(table)
  const sequenceNumber = currentSnapshot(table.metadata)?.['sequence-number'] ?? 0
  const after = await commitReplacement(
    catalog,
    table,
    { operation: 'replace', removed, added: entries.map(({ file, specId }) => ({ file, specId })), sequenceNumber },
    context,
  )
  expect((await liveFiles(after)).data).toHaveLength(1)
  expect(inAnyOrder(await readRows(after))).toEqual(inAnyOrder(await readRows(table)))
  expect(walkFields(currentSchema(after.metadata))).toEqual(walkFields(currentSchema(table.metadata)))
  expect(after.metadata['partition-specs']).toEqual(table.metadata['partition-specs'])
  expect(after.metadata['table-uuid']).toBe(table.metadata['table-uuid'])
}

/** Tries a declaration that the table cannot take, which leaves every byte as it was. */
async function expectRefusal(on: TableOnItsWay, declaration: Declaration, ...codes: readonly string[]): Promise<void> {
  const { directory, catalog } = on
  const breaking = planTable(declaration, await catalog.load()).changes.filter(change => change.kind === 'breaking')
  expect(breaking.map(({ code, path }) => `${code} ${path}`)).toEqual(codes)
  const before = await fingerprints(directory)
  await expect(apply(catalog, directory, declaration, systemClock)).rejects.toMatchObject({ code: 'SCHEMA_BREAKING' })
  expect(await fingerprints(directory)).toEqual(before)
  await expectReadEverywhere(on)
}

/** Every engine reads what our own scan does: those of expectSameEverywhere, Java, and DuckDB as queries use it. */
async function expectReadEverywhere({ directory, catalog, engines }: TableOnItsWay): Promise<void> {
  await expectSameEverywhere(directory, engines)
  const table = await catalog.load()
  const reading = await readingOf({ directory, catalog, table }, ask.java)
  expect(reading.java).toEqual(reading.ours)
  const part = (row: Row): string => row['part_id'] as string
  const byPart = (await readRows(table)).sort((a, b) => (part(a) < part(b) ? -1 : 1))
  expect(await queriedRows(table, 'part_id')).toEqual(byPart)
}

async function idsOf(catalog: Catalog): Promise<number[]> {
  const table = await catalog.load().catch(() => undefined)
  return table === undefined ? [] : walkFields(currentSchema(table.metadata)).map(({ id }) => id)
}

async function fingerprints(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const lines = files.sort().map(
    async file =>
      `${file} ${createHash('sha256')
        .update(await readFile(file))
        .digest('hex')}`,
  )
  return Promise.all(lines)
}

/** Two rows of every declaration: one with a value everywhere, one with as few as it may have. */
function rowsOf({ columns, partitionBy }: Declaration, batch: string, together: boolean): Row[] {
  const key = Object.fromEntries(partitionBy.map(({ column }) => [column, 'together']))
  return [true, false].map(isFull => ({
    ...membersOf(columns, `${batch}-${isFull}`, isFull),
    ...(together ? key : {}),
  }))
}

function membersOf(columns: readonly ColumnDeclaration[], text: string, isFull: boolean): Row {
  return Object.fromEntries(columns.map(({ name, type, required }) => [name, cellOf(type, text, isFull, required)]))
}

/** Nested cells are empty rather than null: null ones are told apart in deviations.test.ts, where engines differ. */
function cellOf(type: DeclaredType, text: string, isFull: boolean, required = false): Cell {
  if (typeof type === 'string') return isFull || required ? primitiveCell(type, text) : null
  if (type.type === 'struct') return membersOf(type.fields, text, isFull)
  if (!isFull) return []
  if (type.type === 'list') return [cellOf(type.element, text, true)]
  return [[cellOf(type.key, text, true), cellOf(type.value, text, true)]]
}

function primitiveCell(type: string, text: string): Cell {
  const number = [...text].reduce((sum, letter) => sum + letter.charCodeAt(0), 0)
  if (type === 'int') return number
  if (type === 'long') return BigInt(number) + 2n ** 40n
  if (type === 'float' || type === 'double') return number / 4
  if (type === 'boolean') return number % 2 === 0
  if (type === 'timestamptz' || type === 'timestamp') return 1_700_000_000_000_000n + BigInt(number)
  if (type === 'date') return number
  return type.startsWith('decimal') ? BigInt(number) : text
}

describeWithBoth('the built-in history', () => {
  test('goes from 4 to 5 in place; 6, 7, 8 and 9 move the partition key and are refused from there', async () => {
    const table = await newTable(false)
    await expectStep(table, builtinDeclaration(4))
    await expectStep(table, builtinDeclaration(5))
    for (const release of [6, 7, 8, 9])
      await expectRefusal(
        table,
        builtinDeclaration(release),
        'BR201 session_id',
        'BR206 (identifier)',
        'BR205 (partition)',
      )
    await expectStep(table, builtinDeclaration(5))
  })

  test.each(ways)('goes from 6 over the columns of 7 in mid-list to 8 and 9%s', async (_way, compacted) => {
    const table = await newTable(compacted)
    for (const release of [6, 7, 8, 9]) await expectStep(table, builtinDeclaration(release))
  })
})

function withColumns(...more: readonly ColumnDeclaration[]): Declaration {
  return {
    table: 'made_up',
    release: 1,
    columns: [
      { name: 'conversation_id', type: 'string', required: true },
      { name: 'part_id', type: 'string', required: true },
      ...more,
    ],
    identifier: ['conversation_id', 'part_id'],
    partitionBy: [{ column: 'conversation_id', transform: 'bucket[4]' }],
    sortBy: ['part_id'],
  }
}

const struct = (...fields: readonly ColumnDeclaration[]): DeclaredType => ({ type: 'struct', fields })

describeWithBoth('declarations made up', () => {
  test('insert columns before, between and behind those of the key and of the partition, and is compacted after each step', async () => {
    const table = await newTable(true)
    const [key, part] = withColumns().columns as [ColumnDeclaration, ColumnDeclaration]
    const text = (name: string): ColumnDeclaration => ({ name, type: 'string' })
    const step = (...columns: readonly ColumnDeclaration[]): Promise<void> =>
      expectStep(table, { ...withColumns(), columns })
    await step(key, part)
    await step(text('before'), key, part)
    await step(text('before'), key, text('between'), part)
    await step(text('first'), text('before'), key, text('between'), part, { name: 'n', type: 'int' })
    await step({ name: 'n', type: 'long' }, part, text('last'), text('before'), text('between'), text('first'), key)
  })

  test.each(ways)('change types, and make optional what was required%s', async (_way, compacted) => {
    const table = await newTable(compacted)
    const columns = (int: string, float: string, decimal: string, required: boolean): readonly ColumnDeclaration[] => [
      { name: 'n', type: int, required },
      { name: 'x', type: float },
      { name: 'price', type: decimal },
      { name: 'place', type: struct({ name: 'zip', type: int, required }, { name: 'lat', type: float }) },
    ]
    await expectStep(table, withColumns(...columns('int', 'float', 'decimal(9,2)', true)))
    await expectStep(table, withColumns(...columns('long', 'double', 'decimal(18,2)', true)))
    await expectStep(table, withColumns(...columns('long', 'double', 'decimal(18,2)', false)))
    await expectRefusal(
      table,
      withColumns(...columns('int', 'float', 'decimal(9,2)', true)),
      'BR202 n',
      'BR203 n',
      'BR202 x',
      'BR202 price',
      'BR202 place.zip',
      'BR203 place.zip',
      'BR202 place.lat',
    )
  })

  test('take session_id as an optional column, and neither as a required one nor as the partition key', async () => {
    const table = await newTable(false)
    const session = (more: Partial<ColumnDeclaration> = {}): ColumnDeclaration => ({
      name: 'session_id',
      type: 'string',
      ...more,
    })
    await expectStep(table, withColumns())
    await expectRefusal(table, withColumns(session({ required: true })), 'BR201 session_id')
    const moved = { ...withColumns(session()), partitionBy: [{ column: 'session_id', transform: 'bucket[4]' }] }
    await expectRefusal(table, moved, 'BR205 (partition)')
    await expectStep(table, withColumns(session()))
    await expectRefusal(table, moved, 'BR205 (partition)')
    await expectRefusal(table, withColumns(session({ required: true })), 'BR203 session_id')
  })

  test.each(ways)('add, rename and reorder inside a struct, a list and a map%s', async (_way, compacted) => {
    // icebird gives the members of a struct as each file has them (deviations.test.ts).
    const table = await newTable(compacted, { skip: ['icebird'] })
    const nested = (...fields: readonly ColumnDeclaration[]): Declaration =>
      withColumns(
        { name: 'place', type: struct(...fields) },
        { name: 'places', type: { type: 'list', element: struct(...fields) } },
        { name: 'by_name', type: { type: 'map', key: 'string', value: struct(...fields) } },
      )
    await expectStep(table, nested({ name: 'a', type: 'string' }))
    await expectStep(table, nested({ name: 'a', type: 'string' }, { name: 'b', type: 'int' }))
    await expectStep(table, nested({ name: 'b', type: 'long' }, { name: 'first', type: 'string', renamedFrom: 'a' }))
    await expectStep(
      table,
      nested({ name: 'last', type: 'string', renamedFrom: ['first', 'a'] }, { name: 'b', type: 'long' }),
    )
  })
})
