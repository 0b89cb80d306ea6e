import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson, printJson } from '../../src/iceberg/json.ts'

const unsafeInteger = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  .filter(value => !Number.isSafeInteger(Number(value)))
const safeNumber = fc
  .oneof(fc.integer(), fc.maxSafeInteger(), fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e15, max: 1e15 }))
  .map(value => (Object.is(value, -0) ? 0 : value))
const markLike = fc.tuple(fc.nat(3), fc.string()).map(([n, rest]) => `int64~${n}~${rest}`)
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), markLike)

const { json } = fc.letrec(tie => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    safeNumber,
    unsafeInteger,
    text,
    fc.array(tie('json'), { maxLength: 5 }),
    fc.dictionary(text, tie('json'), { maxKeys: 5 }),
  ),
}))

test('what is printed is parsed to the same, 64-bit integers included', () => {
  fc.assert(
    fc.property(json, value => {
      expect(parseJson(printJson(value))).toEqual(value)
    }),
    { numRuns: 1000 },
  )
})

test('white space between tokens changes nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(text, unsafeInteger), { maxLength: 4 }), pairs => {
      const body = pairs.map(([name, value]) => `\n  [ ${JSON.stringify(name)} ,\t${value} ]`).join(' ,')
      expect(parseJson(`[${body}\n]`)).toEqual(pairs)
    }),
  )
})
