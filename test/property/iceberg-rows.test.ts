import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { assignFreshIds, type WantedField, type WantedType } from '../../src/iceberg/ids.ts'
import { openParquet } from '../../src/iceberg/parquet/read.ts'
import { createDataFile } from '../../src/iceberg/parquet/write.ts'
import type { Cell, Row } from '../../src/iceberg/types.ts'

/** A type with cells of it. */
interface Shape {
  readonly type: WantedType
  readonly cell: fc.Arbitrary<NonNullable<Cell>>
}

function decimal(precision: number, scale: number): Shape {
  const limit = 10n ** BigInt(precision) - 1n
  return { type: `decimal(${precision},${scale})`, cell: fc.bigInt({ min: -limit, max: limit }) }
}

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }).map(rest => `\ufeff${rest}`),
)

const primitives: readonly Shape[] = [
  { type: 'boolean', cell: fc.boolean() },
  { type: 'int', cell: fc.integer() },
  { type: 'long', cell: long },
  { type: 'float', cell: fc.float() },
  { type: 'double', cell: fc.double() },
  { type: 'date', cell: fc.integer() },
  { type: 'time', cell: fc.bigInt({ min: 0n, max: 86_399_999_999n }) },
  { type: 'timestamp', cell: long },
  { type: 'timestamptz', cell: long },
  { type: 'string', cell: text },
  { type: 'uuid', cell: fc.uuid() },
  { type: 'fixed[5]', cell: fc.uint8Array({ minLength: 5, maxLength: 5 }) },
  { type: 'binary', cell: fc.uint8Array({ maxLength: 30 }) },
  decimal(1, 0),
  decimal(9, 2),
  decimal(10, 10),
  decimal(18, 3),
  decimal(19, 3),
  decimal(38, 38),
]

function shapeOf(depth: number): fc.Arbitrary<Shape> {
  const leaf = fc.constantFrom(...primitives)
  if (depth === 0) return leaf
  const inner = shapeOf(depth - 1)
  return fc.oneof(
    { weight: 2, arbitrary: leaf },
    { weight: 1, arbitrary: fc.tuple(inner, fc.boolean()).map(listOf) },
    { weight: 1, arbitrary: fc.tuple(inner, inner, fc.boolean()).map(mapOf) },
    { weight: 1, arbitrary: fc.array(fc.tuple(inner, fc.boolean()), { minLength: 1, maxLength: 3 }).map(structOf) },
  )
}

function listOf([{ type, cell }, required]: [Shape, boolean]): Shape {
  const item = required ? cell : fc.option(cell)
  return { type: { type: 'list', element: type, elementRequired: required }, cell: fc.array(item, { maxLength: 4 }) }
}

function mapOf([key, value, required]: [Shape, Shape, boolean]): Shape {
  const item = required ? value.cell : fc.option(value.cell)
  return {
    type: { type: 'map', key: key.type, value: value.type, valueRequired: required },
    cell: fc.array(fc.tuple(key.cell, item), { maxLength: 4 }),
  }
}

function structOf(members: readonly (readonly [Shape, boolean])[]): Shape {
  const fields = members.map(([{ type }, required], index): WantedField => ({ name: `m ${index}`, required, type }))
  const cells = members.map(([{ cell }, required]) => (required ? cell : fc.option(cell)))
  return {
    type: { type: 'struct', fields },
    cell: fc.tuple(...cells).map(values => Object.fromEntries(values.map((value, index) => [`m ${index}`, value]))),
  }
}

const table = fc
  .array(fc.tuple(shapeOf(2), fc.boolean()), { minLength: 1, maxLength: 4 })
  .chain(columns =>
    fc.tuple(fc.constant(columns), fc.array(structOf(columns).cell, { maxLength: 12 }), fc.integer({ min: 1, max: 5 })),
  )

test('rows of any type, nested in any way, come back from a data file as they were', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hyp rows '))
  try {
    await fc.assert(
      fc.asyncProperty(table, async ([columns, rows, groupSize]) => {
        const shape = structOf(columns).type as Extract<WantedType, { type: 'struct' }>
        const { fields } = assignFreshIds(shape.fields)
        const path = join(folder, randomUUID())
        const writer = await createDataFile(localFileIO, path, { type: 'struct', 'schema-id': 0, fields })
        for (let start = 0; start < rows.length; start += groupSize)
          await writer.writeRowGroup(rows.slice(start, start + groupSize) as Row[])
        const { recordCount } = await writer.finish()
        expect(recordCount).toBe(rows.length)
        const input = await localFileIO.open(path)
        try {
          const file = await openParquet(input, path)
          const read: Row[] = []
          for await (const batch of file.readColumns(fields)) {
            for (let index = 0; index < batch.rowCount; index++)
              read.push(
                Object.fromEntries(fields.map(field => [field.name, batch.columns.get(field.id)?.[index] ?? null])),
              )
          }
          expect(read).toEqual(rows)
        } finally {
          await input.close()
        }
      }),
      { numRuns: 500 },
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})
