import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { currentSchema, lastAssignedFieldId, type WantedType } from '../../src/iceberg/ids.ts'
import { isNested } from '../../src/iceberg/schema-index.ts'
import type { Cell, Field, Row, Type } from '../../src/iceberg/types.ts'
import { dataFilesOf, deleteEqual, deletePositions } from '../support/deletes.ts'
import { inAnyOrder, rewriteAll } from '../support/rewriting.ts'
import { append, createTable, ioWith, readRows, type TableShape, type TestTable } from '../support/table.ts'

/*
 * Tables of any types, with a history of appends, changes of columns and
 * deletes; what is read of them before and after all files were written again.
 */

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const few = fc.constantFrom('a', 'b', 'ab', '', '\ufeffa', '𝕏', 'ﬀ', 'a'.repeat(40))
const text = fc.oneof(few, fc.string(), fc.string({ unit: 'binary' }))

/** Cells of each primitive, with those that often come again. */
const cells: Readonly<Record<string, fc.Arbitrary<NonNullable<Cell>>>> = {
  boolean: fc.boolean(),
  int: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer()),
  long: fc.oneof(fc.bigInt({ min: -2n, max: 2n }), long),
  float: fc.oneof(fc.constantFrom(0, -0, Number.NaN), fc.float()),
  double: fc.oneof(fc.constantFrom(0, -0, Number.NaN), fc.double()),
  date: fc.integer({ min: -10, max: 10 }),
  time: fc.bigInt({ min: 0n, max: 86_399_999_999n }),
  timestamp: long,
  timestamptz: fc.bigInt({ min: -9n, max: 9n }),
  string: text,
  uuid: fc.uuid(),
  'fixed[5]': fc.uint8Array({ minLength: 5, maxLength: 5 }),
  binary: fc.uint8Array({ maxLength: 30 }),
  'decimal(9,2)': fc.bigInt({ min: -(10n ** 9n) + 1n, max: 10n ** 9n - 1n }),
  'decimal(10,2)': fc.bigInt({ min: -(10n ** 10n) + 1n, max: 10n ** 10n - 1n }),
  'decimal(18,3)': fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n }),
  'decimal(38,0)': fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
}
const primitive = fc.constantFrom(...Object.keys(cells))

const wantedType: fc.Arbitrary<WantedType> = fc.oneof(
  { weight: 5, arbitrary: primitive },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('list' as const), element: primitive, elementRequired: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('map' as const),
      key: primitive,
      value: primitive,
      valueRequired: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.array(primitive, { minLength: 1, maxLength: 3 }).map(types => ({
      type: 'struct' as const,
      fields: types.map((type, index) => ({ name: `m${index}`, required: false, type })),
    })),
  },
)

/** Cells of a type of the table. */
function cellOf(type: Type): fc.Arbitrary<Cell> {
  if (typeof type === 'string') return cells[type] as fc.Arbitrary<Cell>
  if (type.type === 'struct') return rowOf(type.fields)
  const item = (inner: Type, required: boolean): fc.Arbitrary<Cell> =>
    required ? cellOf(inner) : fc.option(cellOf(inner))
  if (type.type === 'list') return fc.array(item(type.element, type['element-required']), { maxLength: 3 })
  return fc.array(fc.tuple(cellOf(type.key), item(type.value, type['value-required'])), { maxLength: 3 })
}

function rowOf(fields: readonly Field[]): fc.Arbitrary<Row> {
  return fc
    .tuple(...fields.map(({ type, required }) => (required ? cellOf(type) : fc.option(cellOf(type), { freq: 4 }))))
    .map(values => Object.fromEntries(fields.map(({ name }, index) => [name, values[index]])))
}

/** Types that a column may change to without its files being written again. */
const promoted: Readonly<Record<string, string>> = { int: 'long', float: 'double', 'decimal(9,2)': 'decimal(10,2)' }

interface Shape {
  readonly columns: readonly { readonly type: WantedType; readonly required: boolean }[]
  /** Columns, by their place, if they are of a type that allows it. */
  readonly partitionBy: number | undefined
  readonly sortBy: readonly { readonly column: number; readonly isDown: boolean }[]
}

const shape: fc.Arbitrary<Shape> = fc.record({
  columns: fc.array(fc.record({ type: wantedType, required: fc.boolean() }), { minLength: 1, maxLength: 5 }),
  partitionBy: fc.option(fc.nat(4), { nil: undefined }),
  sortBy: fc.array(fc.record({ column: fc.nat(4), isDown: fc.boolean() }), { maxLength: 2 }),
})

type Step = 'append' | 'add' | 'drop' | 'rename' | 'promote' | 'move' | 'delete positions' | 'delete equal'
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.constantFrom<Step>(
    ...(['append', 'append', 'append', 'append', 'add', 'drop', 'rename', 'promote', 'move'] as const),
    ...(['delete positions', 'delete equal'] as const),
  ),
  { minLength: 2, maxLength: 9 },
)

/** The local disk, without waiting for it. */
const hastyIO = ioWith({
  create: async (path, options) => {
    const file = await localFileIO.create(path, options)
    return { ...file, finish: () => file.finish({ durable: false }) }
  },
  syncDirectory: async () => undefined,
})

async function created({ columns, partitionBy, sortBy }: Shape): Promise<TestTable> {
  const isPlain = (column: number | undefined): column is number =>
    column !== undefined && typeof columns[column]?.type === 'string'
  const wanted: TableShape = {
    columns: columns.map(({ type, required }, index) => ({ name: `c${index}`, required, type })),
    ...(isPlain(partitionBy) ? { partitionBy: [`identity(c${partitionBy})`] } : {}),
    sortBy: [...new Map(sortBy.filter(({ column }) => isPlain(column)).map(key => [key.column, key])).values()].map(
      ({ column, isDown }) => `${isDown ? '-' : ''}c${column}`,
    ),
  }
  return createTable(wanted, await mkdtemp(join(tmpdir(), 'hyp rewritten ')), hastyIO)
}

async function withFields(target: TestTable, fields: readonly Field[]): Promise<TestTable> {
  const { catalog, table } = target
  const committed = await catalog.commit(table, {
    requirements: [],
    updates: [
      { action: 'add-schema', schema: { type: 'struct', 'schema-id': 0, fields } },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  })
  return { ...target, table: committed }
}

/** Does a step, or nothing where it is not possible. @param pick a number below another */
async function take(
  target: TestTable,
  step: Step,
  draw: <Value>(arbitrary: fc.Arbitrary<Value>) => Value,
): Promise<TestTable> {
  const { metadata } = target.table
  const { fields } = currentSchema(metadata)
  const pick = (below: number): number => draw(fc.nat(below - 1))
  const used = new Set([
    ...metadata['partition-specs'].flatMap(spec => spec.fields.map(field => field['source-id'])),
    ...metadata['sort-orders'].flatMap(order => order.fields.map(field => field['source-id'])),
  ])
  switch (step) {
    case 'append':
      return append(target, draw(fc.array(rowOf(fields), { minLength: 1, maxLength: 12 })), 1 + pick(6))
    case 'add': {
      const id = lastAssignedFieldId(metadata) + 1
      const added: Field = { id, name: `n${id}`, required: false, type: draw(primitive) }
      return withFields(target, fields.toSpliced(pick(fields.length + 1), 0, added))
    }
    case 'drop': {
      const free = fields.filter(field => !used.has(field.id))
      if (free.length === 0 || fields.length === 1) return target
      const gone = free[pick(free.length)]
      return withFields(
        target,
        fields.filter(field => field !== gone),
      )
    }
    case 'rename': {
      const place = pick(fields.length)
      return withFields(
        target,
        fields.map((field, index) => (index === place ? { ...field, name: `${field.name}x` } : field)),
      )
    }
    case 'promote':
      return withFields(
        target,
        fields.map(field => {
          const type = typeof field.type === 'string' ? promoted[field.type] : undefined
          return type === undefined ? field : { ...field, type }
        }),
      )
    case 'move': {
      const [first, ...others] = fields as [Field]
      return withFields(target, [...others, first])
    }
    case 'delete positions': {
      const files = await dataFilesOf(target)
      const file = files[pick(Math.max(1, files.length))]?.file
      if (file === undefined) return target
      const places = draw(fc.uniqueArray(fc.nat(file.recordCount - 1), { minLength: 1, maxLength: 4 })).sort(
        (a, b) => a - b,
      )
      return deletePositions(
        target,
        places.map(pos => ({ file: file.location, pos })),
        { partition: file.partition },
      )
    }
    case 'delete equal': {
      const plain = fields.filter(({ type }) => !isNested(type))
      const files = await dataFilesOf(target)
      const field = plain[pick(Math.max(1, plain.length))]
      const [row] = await readRows(target.table)
      if (field === undefined || files.length === 0 || row === undefined) return target
      return deleteEqual(target, [field.id], [{ [field.name]: row[field.name] ?? null }], {
        partition: files[0]?.file.partition ?? new Map(),
      })
    }
  }
}

test('rows are the same after all files were written again, whatever their types and their history', async () => {
  await fc.assert(
    fc.asyncProperty(
      shape,
      steps,
      fc.constantFrom(2000, 20_000, 2 ** 24),
      fc.constantFrom(1000, 2 ** 20),
      fc.gen(),
      async (columns, history, memoryBytes, targetFileBytes, draw) => {
        let target = await created(columns)
        try {
          for (const step of history) target = await take(target, step, arbitrary => draw(() => arbitrary))
          const before = await readRows(target.table)
          const { entries, rows } = await rewriteAll(target, { memoryBytes, targetFileBytes })
          expect(inAnyOrder(await readRows(target.table, { files: entries }))).toEqual(inAnyOrder(before))
          expect(rows).toBe(before.length)
        } finally {
          await rm(target.directory, { recursive: true })
        }
      },
    ),
    { numRuns: 100, endOnFailure: true },
  )
})
