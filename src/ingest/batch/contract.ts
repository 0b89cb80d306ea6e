import type { Json } from '../../iceberg/types.ts'
import { builtinTable } from '../../schema/builtin.ts'
import type { ColumnDeclaration, ContractMode, Declaration } from '../../schema/declaration.ts'
import { suggestion } from '../../schema/declaration-file/suggestion.ts'
import { lookup, type Pointer, parsePointer } from '../../schema/pointer.ts'
import { type Fit, fitOf } from './column-fit.ts'
import { missingReason, whyIllTyped, whyRounded } from './ill-typed.ts'
import { type FindUnknown, knownMembers, type UnknownMember, unknownIn } from './unknown-members.ts'

/** Something in a record that does not fit the declaration, and what the contract says of it. */
export interface Finding {
  /** Full name, e.g. `origin.host`. */
  readonly column: string
  readonly reason: string
  /** `freeze` refuses the row. */
  readonly mode: ContractMode
  /** What goes when only the value goes; undefined where nothing is there to go. */
  readonly value?: ValueInPlace
}

/** A value and the object that has it. */
export interface ValueInPlace {
  /** Full name of what goes: of a column all of it, also where only a part does not fit. */
  readonly column: string
  /** The column that it is inside of, and goes with. */
  readonly inside?: string
  readonly holder: Record<string, unknown>
  readonly name: string
  readonly value: unknown
  /** The column has another source, which must not step in: its member becomes null, and does not go. */
  readonly staysNull: boolean
}

/** A record: one JSON object. */
export type RowRecord = Readonly<Record<string, Json>>

/** Holds records against a declaration and its contract. */
export interface RowChecker {
  readonly declaration: Declaration
  /**
   * Everything in a record that does not fit; undefined where all does, which is soon known.
   * @param exact the record with null in place of each number that lost digits when it was parsed, where there are any
   * @throws RangeError for what is nested too deeply
   */
  check(record: RowRecord, exact?: Json): readonly Finding[] | undefined
}

/** A column as it is checked. */
interface CheckedColumn {
  readonly declared: ColumnDeclaration
  readonly fit: Fit
  /** As `fit`, and nothing in the value is unknown. */
  readonly fitWhole: Fit
  /** Only for a value that is the member of the column's name. */
  readonly findUnknown: FindUnknown | undefined
  readonly pointer: Pointer | undefined
  readonly required: boolean
  readonly mode: ContractMode
}

/** What hyp itself fills in where a row of the built-in table does not give it. */
const filled: readonly string[] = ['gateway_id', 'schema_version']

/** Compiled once for a declaration, used for all rows. */
export function rowChecker(declaration: Declaration): RowChecker {
  const unknownMode = declaration.contract?.unknownFields ?? 'freeze'
  const all = declaration.columns.map(column => checkedColumn(column, declaration))
  const columns = new Map(all.map(column => [column.declared.name, column]))
  const pointed = all.filter(({ pointer }) => pointer !== undefined)
  const requiredCount = all.filter(({ required }) => required).length
  const isPointedInto = knownMembers(pointed.map(({ pointer }) => pointer as Pointer))
  const names = declaration.columns.map(({ name }) => name)
  const closeNames = new Map<string, string | undefined>()

  return {
    declaration,
    check: (record, exact) => (exact === undefined && fits(record) ? undefined : examine(record, exact)),
  }

  function fits(record: RowRecord): boolean {
    let given = 0
    for (const name in record) {
      const column = columns.get(name)
      if (column === undefined) {
        if (!isPointedInto(name)) return false
        continue
      }
      const value = record[name]
      if (value === null) continue
      if (!column.fitWhole(value)) return false
      if (column.required) given++
    }
    for (const { declared, pointer, fit, required } of pointed) {
      if (Object.hasOwn(record, declared.name)) continue
      const value = lookup(record, pointer as Pointer)
      if (value === null || value === undefined) continue
      if (!fit(value)) return false
      if (required) given++
    }
    return given === requiredCount
  }

  function examine(record: RowRecord, exact: Json | undefined): readonly Finding[] | undefined {
    const findings: Finding[] = all.flatMap(column => examineColumn(column, record, exact, unknownMode))
    for (const name of Object.keys(record)) {
      if (columns.has(name) || isPointedInto(name)) continue
      findings.push(unknown({ path: name, holder: record, name }, unknownMode, reasonFor(name)))
    }
    return findings.length === 0 ? undefined : findings
  }

  function reasonFor(name: string): string {
    // One producer makes one mistake in all its rows.
    if (!closeNames.has(name) && closeNames.size < 100) closeNames.set(name, suggestion(name, names))
    const close = closeNames.get(name)
    return `not a column of ${declaration.table}${close === undefined ? '' : `; did you mean ${JSON.stringify(close)}?`}`
  }
}

function checkedColumn(declared: ColumnDeclaration, { table, identifier, contract }: Declaration): CheckedColumn {
  const { name, type, from } = declared
  const isKey = identifier.some(path => path === name || path.startsWith(`${name}.`))
  const isFilled = table === builtinTable && filled.includes(name)
  const pointer = from === undefined ? undefined : parsePointer(from)
  // What `from` points into is not of our making: what is beside the fields there is not meant for them.
  const findUnknown = pointer?.[0] === name ? undefined : unknownIn(type, name)
  const fit = fitOf(type)
  return {
    declared,
    fit,
    fitWhole: findUnknown === undefined ? fit : value => fit(value) && !findsAny(findUnknown, value),
    findUnknown,
    pointer,
    required: (declared.required === true || isKey) && !isFilled,
    mode: declared.illTypedValues ?? contract?.illTypedValues ?? 'freeze',
  }
}

function findsAny(find: FindUnknown, value: unknown): boolean {
  let found = false
  find(value, () => {
    found = true
  })
  return found
}

function examineColumn(
  { declared, pointer, required, mode, findUnknown }: CheckedColumn,
  record: RowRecord,
  exact: Json | undefined,
  unknownMode: ContractMode,
): Finding[] {
  const { name, type } = declared
  const isMember = Object.hasOwn(record, name)
  const path = isMember ? [name] : (pointer ?? [name])
  const value = lookup(record, path)
  if (value === null || value === undefined)
    return required ? [{ column: name, reason: missingReason(value), mode: 'freeze' }] : []
  const findings: Finding[] = []
  const wrong =
    whyIllTyped(value, type, name) ??
    (exact === undefined ? undefined : whyRounded(value, lookup(exact, path), type, name))
  if (wrong !== undefined) {
    const holder = record as Record<string, unknown>
    findings.push({
      column: wrong.path,
      reason: wrong.reason,
      // Without its value the row would be one that lacks it.
      mode: required && mode === 'discard_value' ? 'freeze' : mode,
      value: { column: name, holder, name, value, staysNull: pointer !== undefined },
    })
  }
  if (isMember)
    findUnknown?.(value, member =>
      findings.push(unknown(member, unknownMode, `not a field of ${parentOf(member)}`, name)),
    )
  return findings
}

function parentOf({ path, name }: UnknownMember): string {
  return path.slice(0, -name.length - 1)
}

function unknown({ path, holder, name }: UnknownMember, mode: ContractMode, reason: string, inside?: string): Finding {
  const place = inside === undefined ? {} : { inside }
  return {
    column: path,
    reason,
    mode,
    value: { column: path, ...place, holder, name, value: holder[name], staysNull: false },
  }
}
