import type { PartitionSpec, Schema, SortOrder } from '../../iceberg/types.ts'
import type { RuleCode } from '../rules.ts'

/** A table at one point of its life, as far as a declaration can differ from it. */
export interface TableState {
  readonly formatVersion: number
  readonly schema: Schema
  readonly spec: PartitionSpec
  /** Every spec that files may still be written under. */
  readonly allSpecs: readonly PartitionSpec[]
  readonly sortOrder: SortOrder
}

/** One difference between a declaration and a table, named by its rule. */
export interface Finding {
  readonly code: RuleCode
  /** Full name of the column as declared, with `element`, `key` and `value` inside lists and maps, or what of the table it concerns. */
  readonly path: string
  /** Field id in the table; null for what is not there yet. */
  readonly fieldId: number | null
  /** What changes, e.g. `optional string`, `int -> long`. */
  readonly change: string
  /** The type that the column has once this is done, or as it is; null for what is not a column. */
  readonly type: string | null
  /** True where the table is only wider or laxer than declared: tolerable, if the declaration did not ask for it. */
  readonly isSlack: boolean
}

/** All differences, and which column of the table each declared one is. */
export interface Comparison {
  readonly findings: readonly Finding[]
  /** Field ids by declared path. */
  readonly fieldIds: ReadonlyMap<string, number>
}

/** A comparison under way. */
export interface Scope extends Comparison {
  readonly table: TableState
  readonly former: ReadonlyMap<number, string>
  readonly findings: Finding[]
  readonly fieldIds: Map<string, number>
  /** Inside the key of a map, in which nothing may change: it decides which entries are the same. */
  readonly isInKey: boolean
}

/** A column that something is said about. */
export interface Place {
  readonly path: string
  readonly fieldId: number | null
  readonly type: string | null
}

export function report(scope: Scope, code: RuleCode, place: Place, change: string, isSlack = false): void {
  const isRefused = scope.isInKey && code !== 'TO301'
  scope.findings.push({ ...place, code: isRefused ? 'BR202' : code, change, isSlack: isSlack && !isRefused })
}

/** A full name from that of the struct around it. */
export function join(parent: string | undefined, name: string): string {
  return parent === undefined ? name : `${parent}.${name}`
}
