import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSealed } from '../../src/iceberg/avro/content-hash.ts'
import { type AvroRecordValue, decodeAvro } from '../../src/iceberg/avro/decode.ts'
import { type AvroInput, encodeAvro } from '../../src/iceberg/avro/encode.ts'
import type { AvroField, AvroSchema } from '../../src/iceberg/avro/schema.ts'

const sync = Uint8Array.from({ length: 16 }, (_, index) => index)

/** A schema with values of it: what goes in and what has to come out. */
interface Shape {
  readonly schema: AvroSchema
  readonly value: fc.Arbitrary<{ readonly written: AvroInput; readonly read: unknown }>
}

function same(schema: AvroSchema, value: fc.Arbitrary<AvroInput>): Shape {
  return { schema, value: value.map(written => ({ written, read: written })) }
}

/** Longs come back as numbers while they are safe. */
function number(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

const anyLong = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.integer({ min: 0, max: 63 }).chain(bits => fc.constantFrom(2n ** BigInt(bits) - 1n, -(2n ** BigInt(bits)))),
  fc.integer().map(BigInt),
)
const anyBytes = fc.uint8Array({ maxLength: 40 })

const primitives: readonly Shape[] = [
  same('boolean', fc.boolean()),
  same('int', fc.integer()),
  { schema: 'long', value: anyLong.map(value => ({ written: value, read: number(value) })) },
  { schema: 'long', value: fc.maxSafeInteger().map(value => ({ written: value, read: value + 0 })) },
  same('float', fc.float()),
  same('double', fc.double()),
  same('bytes', anyBytes),
  same('string', fc.string({ unit: 'grapheme' })),
  same(
    'string',
    fc.string().map(text => `\ufeff${text}`),
  ),
  same({ type: 'fixed', name: 'f', size: 3 }, fc.uint8Array({ minLength: 3, maxLength: 3 })),
  same({ type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': true }, fc.maxSafeInteger()),
]

let names = 0

/** Schemas grow inwards; names are never used twice, as Avro demands. */
function shapeOf(depth: number): fc.Arbitrary<Shape> {
  const leaf = fc.constantFrom(...primitives).map(renamed)
  if (depth === 0) return leaf
  const inner = shapeOf(depth - 1)
  return fc.oneof(
    leaf,
    inner.map(nullable),
    inner.map(arrayOf),
    fc.tuple(leaf, inner).map(mapOf),
    fc.array(inner, { maxLength: 4 }).map(recordOf),
  )
}

function renamed(shape: Shape): Shape {
  return typeof shape.schema === 'object' && 'name' in shape.schema
    ? { ...shape, schema: { ...(shape.schema as object), name: `n${names++}` } as AvroSchema }
    : shape
}

function nullable({ schema, value }: Shape): Shape {
  // A union in a union does not exist in Avro.
  if (Array.isArray(schema)) return { schema, value }
  return { schema: ['null', schema], value: fc.option(value).map(pair => pair ?? { written: null, read: null }) }
}

function arrayOf({ schema, value }: Shape): Shape {
  return {
    schema: { type: 'array', items: schema, 'element-id': 7 },
    value: fc
      .array(value, { maxLength: 5 })
      .map(items => ({ written: items.map(item => item.written), read: items.map(item => item.read) })),
  }
}

function mapOf([key, value]: [Shape, Shape]): Shape {
  const pair: AvroSchema = {
    type: 'record',
    name: `n${names++}`,
    fields: [
      { name: 'key', type: key.schema, 'field-id': 1 },
      { name: 'value', type: value.schema, 'field-id': 2 },
    ],
  }
  return {
    schema: { type: 'array', logicalType: 'map', items: pair },
    value: fc
      .uniqueArray(fc.tuple(key.value, value.value), { maxLength: 4, selector: ([k]) => k.read, comparator: Object.is })
      .map(entries => ({
        written: new Map(entries.map(([k, v]) => [k.written, v.written] as const)),
        read: new Map(entries.map(([k, v]) => [k.read, v.read] as const)),
      })),
  }
}

function recordOf(members: Shape[]): Shape {
  const fields = members.map(
    ({ schema }, index): AvroField =>
      index % 2 === 0
        ? { name: `m${index}`, type: schema, 'field-id': 100 + index }
        : { name: `m${index}`, type: schema },
  )
  return {
    schema: { type: 'record', name: `n${names++}`, fields },
    value: fc.tuple(...members.map(member => member.value)).map(values => ({
      written: Object.fromEntries(values.map(({ written }, index) => [`m${index}`, written])),
      // By id where there is one, by name where there is none.
      read: Object.fromEntries(values.map(({ read }, index) => [index % 2 === 0 ? 100 + index : `m${index}`, read])),
    })),
  }
}

const file = fc
  .array(shapeOf(2), { minLength: 1, maxLength: 4 })
  .map(recordOf)
  .chain(({ schema, value }) => fc.tuple(fc.constant(schema), fc.array(value, { maxLength: 20 })))

test('what is encoded is decoded to the same, with every type Iceberg uses', () => {
  fc.assert(
    fc.property(
      file,
      fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), { maxKeys: 3 }),
      ([schema, rows], metadata) => {
        const bytes = encodeAvro(
          schema,
          rows.map(row => row.written),
          metadata,
          sync,
        )
        const decoded = decodeAvro(bytes)
        expect(decoded.records).toEqual(rows.map(row => row.read))
        expect({ ...decoded.metadata }).toEqual({
          'avro.schema': JSON.stringify(schema),
          'avro.codec': 'deflate',
          'hyp.sha256': expect.stringMatching(/^[0-9a-f]{64}$/) as string,
          ...metadata,
        })
        expect(isSealed(bytes)).toBe(true)
      },
    ),
    { numRuns: 400 },
  )
})

test('a file that is cut off anywhere is an error, never fewer rows', () => {
  const schema: AvroSchema = {
    type: 'record',
    name: 'r',
    fields: [
      { name: 'a', type: 'long', 'field-id': 1 },
      { name: 'b', type: 'string', 'field-id': 2 },
    ],
  }
  const rows = Array.from({ length: 50 }, (_, index) => ({ a: index, b: `text ${index}` }))
  const whole = encodeAvro(schema, rows, {}, sync)
  const headerLength = encodeAvro(schema, [], {}, sync).length
  expect(decodeAvro(whole).records).toHaveLength(50)
  for (let length = 0; length < whole.length; length++) {
    if (length === headerLength) expect(decodeAvro(whole.subarray(0, length)).records).toEqual([])
    else expect(() => decodeAvro(whole.subarray(0, length))).toThrow(Error)
  }
})

test('one byte that is not what it was is an error or a value, never a hang', () => {
  const schema: AvroSchema = {
    type: 'record',
    name: 'r',
    fields: [
      { name: 'a', type: ['null', 'long'], 'field-id': 1 },
      { name: 'b', type: { type: 'array', items: 'string' }, 'field-id': 2 },
    ],
  }
  const whole = encodeAvro(
    schema,
    Array.from({ length: 20 }, (_, index) => ({ a: index, b: [`text ${index}`] })),
    { key: 'value' },
    sync,
  )
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = Uint8Array.from(whole, (byte, index) => (index === at ? byte ^ flip : byte))
      let records: readonly AvroRecordValue[] = []
      try {
        records = decodeAvro(damaged).records
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
      expect(records.length).toBeLessThan(10_000)
    }),
    { numRuns: 3000 },
  )
})
