import { matchFields } from '../../iceberg/matching.ts'
import { memberOf } from '../../iceberg/parquet/columns.ts'
import { isPromotion, parsePrimitive, printType, sameType } from '../../iceberg/primitive.ts'
import type { Cell, Field, Type } from '../../iceberg/types.ts'
import type { ColumnDeclaration, DeclaredType } from '../../schema/declaration.ts'
import { printDeclaredType } from '../../schema/wanted.ts'

/*
 * From the type that a value was captured as to the type that a table has:
 * promoted, and members of structs in their places, at every depth.
 */

/** Why rows of one declaration cannot be rows of a table. */
export type HeldCode = 'newer' | 'no-place' | 'type' | 'required'

/** Thrown while a shape is made. */
export class Misfit extends Error {
  readonly code: HeldCode

  constructor(code: HeldCode, message: string) {
    super(message)
    this.code = code
  }
}

/** From one cell that is not null. */
export type Promote = (cell: NonNullable<Cell>) => Cell

/** Names the captured fields have had since, as far as the applied declaration knows. */
export type Declared = readonly ColumnDeclaration[] | undefined

/** A captured field and the field of the table that it is now. */
export interface Placed {
  readonly captured: ColumnDeclaration
  readonly field: Field
  /** What the applied declaration calls it; undefined where it does not know it. */
  readonly declared: ColumnDeclaration | undefined
}

/**
 * Finds the place of every captured field among the table's. A field is the
 * one of its id, where that is known; else the one of its name, or the one that
 * is declared to have had that name.
 * @param path what the fields are in, with a dot at its end; empty for columns
 * @throws Misfit
 */
export function placesOf(
  captured: readonly ColumnDeclaration[],
  declared: Declared,
  fields: readonly Field[],
  path: string,
): Placed[] {
  const known = declared ?? []
  const inTable = matchFields(known, fields)
  const sources = matchFields(known, captured)
  const declaredOf = new Map(
    sources.flatMap((source, index) => (source === undefined ? [] : [[source, index] as const])),
  )
  const taken = new Set<Field>()
  return captured.map(column => {
    const own = fields.find(({ id }) => id === column.fieldId)
    const index = column.fieldId === undefined ? declaredOf.get(column) : indexOf(own, inTable)
    const field =
      column.fieldId !== undefined
        ? own
        : index === undefined
          ? fields.find(({ name }, place) => name === column.name && !inTable.includes(fields[place]))
          : inTable[index]
    if (field === undefined || taken.has(field))
      throw new Misfit('no-place', `their column ${path}${column.name} has no place in the table`)
    taken.add(field)
    return { captured: column, field, declared: index === undefined ? undefined : known[index] }
  })
}

function indexOf(field: Field | undefined, fields: readonly (Field | undefined)[]): number | undefined {
  const index = field === undefined ? -1 : fields.indexOf(field)
  return index < 0 ? undefined : index
}

/** @throws Misfit for a field that has to have a value and gets none */
export function checkRequired(fields: readonly Field[], placed: readonly Placed[], path: string): void {
  for (const field of fields) {
    if (!field.required) continue
    const source = placed.find(place => place.field === field)
    if (source === undefined)
      throw new Misfit('required', `they have nothing for the column ${path}${field.name}, which must have a value`)
    if (source.captured.required !== true)
      throw new Misfit(
        'required',
        `their column ${path}${source.captured.name} may be empty, which the table's may not`,
      )
  }
}

/**
 * @returns undefined where the cell is right as it is
 * @throws Misfit
 */
export function promotion(
  from: DeclaredType,
  declared: DeclaredType | undefined,
  to: Type,
  path: string,
  formatVersion: number,
): Promote | undefined {
  const misfit = (): Misfit =>
    new Misfit('type', `their column ${path} is ${printDeclaredType(from)}, and the table's is ${printType(to)}`)
  if (typeof from === 'string' || typeof to === 'string') {
    if (typeof from !== 'string' || typeof to !== 'string' || parsePrimitive(to) === undefined) throw misfit()
    if (sameType(from, to)) return undefined
    if (!isPromotion(from, to, formatVersion)) throw misfit()
    return primitivePromotion(from, to)
  }
  const inside = (
    type: DeclaredType,
    known: DeclaredType | undefined,
    inner: Type,
    name: string,
  ): Promote | undefined => promotion(type, known, inner, `${path}.${name}`, formatVersion)
  if (from.type === 'struct' && to.type === 'struct') {
    const known = isOf(declared, 'struct')?.fields
    return structPromotion(from.fields, known, to.fields, `${path}.`, formatVersion)
  }
  if (from.type === 'list' && to.type === 'list') {
    if (to['element-required'] && from.elementRequired !== true) throw misfit()
    const element = inside(from.element, isOf(declared, 'list')?.element, to.element, 'element')
    return element && (cell => (cell as readonly Cell[]).map(nullable(element)))
  }
  if (from.type === 'map' && to.type === 'map') {
    if (to['value-required'] && from.valueRequired !== true) throw misfit()
    const known = isOf(declared, 'map')
    const key = nullable(inside(from.key, known?.key, to.key, 'key'))
    const value = nullable(inside(from.value, known?.value, to.value, 'value'))
    return cell => (cell as readonly (readonly [Cell, Cell])[]).map(entry => [key(entry[0]), value(entry[1])])
  }
  throw misfit()
}

function primitivePromotion(from: string, to: string): Promote | undefined {
  if (from === 'int' && to === 'long') return cell => BigInt(cell as number)
  if (from === 'date') return cell => BigInt(cell as number) * dayMicros
  // A float is a double, and more digits need no other number.
  return undefined
}

const dayMicros = 86_400_000_000n

function structPromotion(
  captured: readonly ColumnDeclaration[],
  declared: Declared,
  fields: readonly Field[],
  path: string,
  formatVersion: number,
): Promote | undefined {
  const placed = placesOf(captured, declared, fields, path)
  checkRequired(fields, placed, path)
  const members = fields.map(field => {
    const source = placed.find(place => place.field === field)
    if (source === undefined) return { name: field.name, of: () => null }
    const { name, type } = source.captured
    const take = memberOf(name)
    const promote = nullable(promotion(type, source.declared?.type, field.type, `${path}${name}`, formatVersion))
    return { name: field.name, of: (holder: Readonly<Record<string, Cell>>): Cell => promote(take(holder)) }
  })
  return cell => Object.fromEntries(members.map(({ name, of }) => [name, of(cell as Readonly<Record<string, Cell>>)]))
}

function isOf<Kind extends Exclude<DeclaredType, string>['type']>(
  type: DeclaredType | undefined,
  kind: Kind,
): Extract<DeclaredType, { type: Kind }> | undefined {
  return typeof type === 'object' && type.type === kind ? (type as Extract<DeclaredType, { type: Kind }>) : undefined
}

function nullable(promote: Promote | undefined): (cell: Cell) => Cell {
  if (promote === undefined) return cell => cell ?? null
  return cell => (cell === null || cell === undefined ? null : promote(cell))
}
