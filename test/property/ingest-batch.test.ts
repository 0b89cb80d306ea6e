import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../src/iceberg/json.ts'
import { fitOf } from '../../src/ingest/batch/column-fit.ts'
import { whyIllTyped } from '../../src/ingest/batch/ill-typed.ts'
import { parseRow, printRow } from '../../src/ingest/batch/row-text.ts'
import type { Declaration, DeclaredType } from '../../src/schema/declaration.ts'
import { cellFromJson } from '../../src/schema/json-cell.ts'
import { check, keptText, refusal, table } from '../ingest/batch/checking.ts'
import { declaredRows, declaredType, json, type RowObject, valueOf } from './ingest-declared-rows.ts'

/** The cells of a row, or undefined where it does not fit: found without anything of the code under test. */
function cellsOf(row: RowObject, { columns }: Declaration): RowObject | undefined {
  if (Object.keys(row).some(name => !columns.some(column => column.name === name))) return undefined
  const cells: [string, unknown][] = []
  for (const { name, type, required } of columns) {
    const value = Object.hasOwn(row, name) ? row[name] : undefined
    const result = cellFromJson(value, type)
    if ('illTyped' in result || losesMember(value, type)) return undefined
    if (required === true && result.cell === null) return undefined
    cells.push([name, result.cell])
  }
  return Object.fromEntries(cells)
}

function losesMember(value: unknown, type: DeclaredType): boolean {
  if (typeof type === 'string' || typeof value !== 'object' || value === null) return false
  if (type.type === 'list') return (value as unknown[]).some(item => losesMember(item, type.element))
  if (type.type === 'map') return Object.values(value).some(item => losesMember(item, type.value))
  return Object.entries(value).some(([name, item]) => {
    const field = type.fields.find(candidate => candidate.name === name)
    return field === undefined || losesMember(item, field.type)
  })
}

function read(text: string): RowObject[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => parseRow(line).value as RowObject)
}

describe('for random declarations and rows', () => {
  test('the rows that are kept are those that fit, with the same cells; the others are told of', async () => {
    await fc.assert(
      fc.asyncProperty(declaredRows, async ({ declaration, rows }) => {
        const parsed = rows.map(row => parseJson(printRow(row)) as RowObject)
        const expected = parsed.map(row => cellsOf(row, declaration))
        const batch = await check(rows.map(row => `${printRow(row)}\n`).join(''), declaration)
        expect(read(keptText(batch)).map(row => cellsOf(row, declaration))).toEqual(
          expected.filter(cells => cells !== undefined),
        )
        const refused = expected.flatMap((cells, index) => (cells === undefined ? [index] : []))
        expect([...new Set(batch.errors.map(({ index }) => index))]).toEqual(refused)
        expect(batch).toMatchObject({ rows: rows.length, kept: rows.length - refused.length, refused: refused.length })
      }),
      { numRuns: 300 },
    )
  })

  test('what stays after a discard fits, and nothing else is changed by it', async () => {
    const mode = fc.constantFrom('freeze', 'discard_value', 'discard_row')
    await fc.assert(
      fc.asyncProperty(declaredRows, mode, mode, async ({ declaration, rows }, unknownFields, illTypedValues) => {
        const body = rows.map(row => `${printRow(row)}\n`).join('')
        const contract = { unknownFields, illTypedValues } as NonNullable<Declaration['contract']>
        const batch = await check(body, { ...declaration, contract })
        const { kept, refused, discardedRows, discardedValues, rejects } = batch
        expect(kept + refused + discardedRows).toBe(rows.length)
        expect(rejects.filter(({ discarded }) => discarded === 'row')).toHaveLength(discardedRows)
        expect(rejects.filter(({ discarded }) => discarded === 'value')).toHaveLength(discardedValues)
        expect(await check(keptText(batch), declaration)).toMatchObject({ kept, refused: 0 })
        const touched = new Set([...batch.errors, ...rejects].map(({ index }) => index))
        const untouched = rows.filter((_, index) => !touched.has(index)).map(row => printRow(row))
        expect(keptText(batch).split('\n')).toEqual(expect.arrayContaining(untouched))
        for (const { content } of rejects) expect(() => parseJson(content)).not.toThrow()
      }),
      { numRuns: 300 },
    )
  })

  test('the short way to judge a value comes to the same as the long one, and whatever does not fit has a reason', () => {
    fc.assert(
      fc.property(
        declaredType.chain(type => fc.tuple(fc.constant(type), fc.oneof(valueOf(type), json))),
        ([type, value]) => {
          fc.pre(value !== null)
          const fits = 'cell' in cellFromJson(value, type)
          expect(fitOf(type)(value)).toBe(fits)
          expect(whyIllTyped(value, type, 'x') === undefined).toBe(fits)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('a row that is printed again is read as the same', () => {
    fc.assert(
      fc.property(json, value => {
        const parsed = parseRow(printRow(value)).value
        expect(parseRow(printRow(parsed)).value).toEqual(parsed)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('an array', () => {
  const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/)
  const loose = table([{ name: 'unused', type: 'string' }], { contract: { unknownFields: 'discard_row' } })
  /** Objects, so that each of them is told of as a discarded row with its text. */
  const object = fc.dictionary(fc.string({ unit: 'binary' }), json, { minKeys: 1, maxKeys: 3 })

  test('is split as JSON.parse does it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(space, object, space), { maxLength: 6 }), space, async (items, around) => {
        const elements = items.map(
          ([before, value, behind]) => `${before}${printRow(value).replaceAll(':', ': ')}${behind}`,
        )
        const body = `${around}[${elements.length === 0 ? around : elements.join()}]${around}`
        const batch = await check(body, loose, 'json')
        const found = batch.rejects.map(({ content }) => JSON.parse(content) as unknown)
        expect(found).toEqual(JSON.parse(body))
      }),
      { numRuns: 500 },
    )
  })

  test('that JSON.parse refuses is refused, or an element of it is', async () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      ' ',
      '1',
      'null',
      '{"a":1}',
      '"b"',
      '\n',
      'x',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 12 }), async parts => {
        const body = `[${parts.join('')}`
        let elements: unknown
        try {
          elements = JSON.parse(body)
        } catch {
          elements = undefined
        }
        const error = await refusal(check(body, loose, 'json'))
        if (error !== undefined) {
          expect(error).toMatchObject({ code: 'BODY_INVALID' })
          expect(elements).toBeUndefined()
        } else {
          const { errors, rows } = await check(body, loose, 'json')
          if (elements === undefined) expect(errors.some(({ reason }) => reason.startsWith('not JSON'))).toBe(true)
          else expect(rows).toBe((elements as unknown[]).length)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
