import { currentSchema } from '../../iceberg/ids.ts'
import { parseJson } from '../../iceberg/json.ts'
import type { Cell, Row, TableMetadata } from '../../iceberg/types.ts'
import { readApplied } from '../../schema/applied.ts'
import { type DerivedColumn, upgrades } from '../../schema/builtin/upgrades.ts'
import { builtinTable } from '../../schema/builtin.ts'
import type { ColumnDeclaration, Declaration } from '../../schema/declaration.ts'
import { confirmedIds } from './captured-ids.ts'
import { type CapturedRecord, Inexact, RowFault, readingOf } from './captured-value.ts'
import { checkRequired, type HeldCode, Misfit, type Placed, type Promote, placesOf, promotion } from './shape-types.ts'

/** Whether rows that were captured under one declaration can be rows of a table as it is now. */
export type Shape =
  | {
      readonly kind: 'fits'
      /** From a record as JSON text. @throws RowFault for one that its own declaration would not have taken */
      readonly shape: (json: string) => Row
    }
  | {
      readonly kind: 'held'
      /** A sentence. */
      readonly reason: string
      readonly code: HeldCode
    }

/** A column of the table, and what its cell is made of. */
interface Output {
  readonly name: string
  readonly of: (record: CapturedRecord, exact: boolean) => Cell
}

/**
 * Compares what rows were captured under with the table, and says how they go
 * into it: missing columns are null, renamed ones follow, narrow types widen,
 * and what a release changed the meaning of is mapped. Pure.
 * @param captured what the rows were checked against when they were taken
 * @param declared what is applied to the table
 */
export function shapeOf(captured: Declaration, declared: Declaration, metadata: TableMetadata): Shape {
  try {
    const outputs = outputsOf(captured, declared, metadata)
    const blank = blankOf(outputs)
    return { kind: 'fits', shape: json => rowOf(json, outputs, blank) }
  } catch (error) {
    if (!(error instanceof Misfit)) throw error
    const place = captured.table
    return {
      kind: 'held',
      code: error.code,
      reason: `Rows of ${place} that were taken under release ${captured.release} wait: ${error.message}.`,
    }
  }
}

function outputsOf(captured: Declaration, declared: Declaration, metadata: TableMetadata): Output[] {
  if (captured.release > declared.release)
    throw new Misfit('newer', `release ${declared.release} is applied, which knows less`)
  const { fields } = currentSchema(metadata)
  const isBuiltin = captured.table === builtinTable
  const release = readApplied(metadata.properties).release ?? declared.release
  const readings = new Map(captured.columns.map(column => [column.name, readingOf(column)]))
  const derived = isBuiltin ? derivedColumns(captured, release) : []
  const columns = derived.reduce(withDerived, withRequiredKey(captured))
  const placed = placesOf(confirmedIds(columns, metadata), declared.columns, fields, '')
  const filled = isBuiltin ? fillings(captured, metadata) : new Map<string, Cell>()
  checkRequired(
    fields.filter(({ name }) => !filled.has(name)),
    placed,
    '',
  )
  return fields.map(field => {
    const source = placed.find(place => place.field === field)
    const filling = filled.get(field.name) ?? null
    if (source === undefined) return { name: field.name, of: () => filling }
    const promote = promotionOf(source, metadata)
    const take = cellOf(source.captured.name)
    return {
      name: field.name,
      of: (record, exact) => {
        const cell = take(record, exact)
        if (cell !== null && cell !== undefined) return promote === undefined ? cell : promote(cell)
        if (field.required && filling === null) throw new RowFault(source.captured.name, 'has no value')
        return filling
      },
    }
  })

  function cellOf(name: string): Output['of'] {
    const rule = derived.find(({ column }) => column === name)
    const plain = readings.get(rule?.from ?? name) as Output['of']
    const of = rule?.of
    if (of === undefined) return plain
    return (record, exact) => of(column => readings.get(column)?.(record, exact))
  }
}

function promotionOf({ captured, declared, field }: Placed, metadata: TableMetadata): Promote | undefined {
  return promotion(captured.type, declared?.type, field.type, captured.name, metadata['format-version'])
}

/** A row key has no empty part, whatever the column says. */
function withRequiredKey({ columns, identifier }: Declaration): readonly ColumnDeclaration[] {
  return columns.map(column => (identifier.includes(column.name) ? { ...column, required: true } : column))
}

/** What releases after the one of the rows, up to that of the table, changed the meaning of. */
function derivedColumns({ release, columns }: Declaration, tableRelease: number): readonly DerivedColumn[] {
  return upgrades
    .filter(upgrade => release < upgrade.release && upgrade.release <= tableRelease)
    .flatMap(upgrade => upgrade.derived)
    .filter(({ from }) => columns.some(({ name }) => name === from))
}

function withDerived(
  columns: readonly ColumnDeclaration[],
  { column, from, of }: DerivedColumn,
): readonly ColumnDeclaration[] {
  const source = columns.find(({ name }) => name === from) as ColumnDeclaration
  const made: ColumnDeclaration = {
    name: column,
    type: source.type,
    required: of === undefined && source.required === true,
  }
  return [...columns.filter(({ name }) => name !== column), made]
}

/** What hyp itself says of a row of the built-in table that does not. */
function fillings({ release }: Declaration, metadata: TableMetadata): ReadonlyMap<string, Cell> {
  return new Map<string, Cell>([
    ['gateway_id', metadata.properties['hyp.gateway-id'] ?? metadata['table-uuid']],
    ['schema_version', release],
  ])
}

/** A row of more columns has only those in it that have a value: a million short rows of a wide table would not fit into memory. */
const mostBlank = 64

/** With all members from the start: an object that gets them one by one is made anew again and again. */
function blankOf(outputs: readonly Output[]): Row {
  // Some names do not become members by being set.
  const from = outputs.filter(({ name }) => outputs.length <= mostBlank || name in Object.prototype)
  return Object.fromEntries(from.map(({ name }) => [name, null]))
}

function rowOf(json: string, outputs: readonly Output[], blank: Row): Row {
  const record = recordOf(json, JSON.parse)
  try {
    return cellsOf(record, outputs, blank, false)
  } catch (error) {
    if (error !== Inexact) throw error
    return cellsOf(recordOf(json, parseJson), outputs, blank, true)
  }
}

function recordOf(json: string, parse: (json: string) => unknown): CapturedRecord {
  let record: unknown
  try {
    record = parse(json)
  } catch {
    // The message of the parser quotes the text.
    throw new RowFault(undefined, 'is not JSON')
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw new RowFault(undefined, 'is not a JSON object')
  return record as CapturedRecord
}

function cellsOf(record: CapturedRecord, outputs: readonly Output[], blank: Row, exact: boolean): Row {
  const row: Record<string, Cell> = { ...blank }
  for (const { name, of } of outputs) {
    const cell = of(record, exact)
    if (cell !== null) row[name] = cell
  }
  return row
}
