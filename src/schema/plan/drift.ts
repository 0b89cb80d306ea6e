import { indexById } from '../../iceberg/schema-index.ts'
import type { Declaration } from '../declaration.ts'
import { type Comparison, diff, type Finding, type TableState } from '../diff.ts'

/** Why declaration and table differ: the declaration is ahead, its release was edited, or somebody changed the table. */
export type Cause = 'declaration' | 'edited release' | 'other program'

/** A difference with the reason it is there. */
export interface Difference extends Finding {
  readonly cause: Cause
}

/** What is known of how a table came to be as it is. */
export interface TableHistory {
  readonly now: TableState
  /** As it was when a declaration was last applied; undefined for a table nobody applied one to. */
  readonly applied: TableState | undefined
  /** The release that was applied, where the program has another declaration under its number today. */
  readonly editedRelease: number | undefined
  /** Paths where an earlier evolution left the table wider or laxer than it was declared. */
  readonly tolerated: ReadonlySet<string>
}

/**
 * Compares three ways: what is declared, what the table was when a declaration
 * was last applied, and what it is. A difference that was there then already is
 * the declaration's doing; one that was not is somebody else's.
 */
export function compare(declaration: Declaration, history: TableHistory): Difference[] {
  const { now, applied, editedRelease, tolerated } = history
  const past = applied === undefined ? undefined : diff(declaration, applied)
  // Keys and partitions go by ids: that another program renamed a column of theirs does not change them.
  const present = diff(declaration, now, new Map([...(past?.fieldIds ?? [])].map(([path, id]) => [id, path])))
  const before = past && new Set(past.findings.map(identity))
  const builtin = builtinColumns(declaration, editedRelease)
  const differences = present.findings.map((finding): Difference => {
    const isOthers = before !== undefined && !before.has(identity(finding))
    const isEdited = editedRelease !== undefined && (finding.code === 'TO301' || builtin(finding.path))
    const cause = isOthers ? 'other program' : isEdited ? 'edited release' : 'declaration'
    const isTolerable = finding.isSlack && (isOthers || tolerated.has(finding.path))
    return { ...finding, ...(isTolerable ? { code: 'TO302' } : {}), cause }
  })
  return past === undefined ? differences : [...withLost(differences, past, now), ...replaced(present, past)]
}

function identity({ code, path }: Finding): string {
  return `${code} ${path}`
}

/** Whether a path is of a built-in column that the edited release or an earlier one brought. */
function builtinColumns(declaration: Declaration, editedRelease: number | undefined): (path: string) => boolean {
  const names = declaration.columns
    .filter(({ since }) => since !== undefined && editedRelease !== undefined && since <= editedRelease)
    .map(({ name }) => name)
  const exact = new Set(names)
  return path => exact.has(path) || names.some(name => path.startsWith(`${name}.`))
}

/**
 * A declared column that was there and that the table does not have under its
 * name any more was renamed or dropped by somebody. To add it anew would be
 * legal, and would leave the rows that are stored without their values.
 */
function withLost(differences: readonly Difference[], past: Comparison, now: TableState): Difference[] {
  const present = indexById(now.schema)
  const lost = new Map<string, { readonly id: number; readonly change: string }>()
  for (const { code, path, cause } of differences) {
    const id = past.fieldIds.get(path)
    if (id === undefined || cause !== 'other program' || !isAddition(code)) continue
    const renamed = present.get(id)
    const what = renamed === undefined ? 'dropped' : `renamed to ${renamed.path}`
    lost.set(path, { id, change: `field ${id} was ${what} by another program` })
  }
  if (lost.size === 0) return [...differences]
  const ids = new Set([...lost.values()].map(({ id }) => id))
  return differences.flatMap(difference => {
    const loss = isAddition(difference.code) ? lost.get(difference.path) : undefined
    if (loss !== undefined) return [{ ...difference, code: 'BR213' as const, fieldId: loss.id, change: loss.change }]
    // The new name of a renamed column is not a second finding.
    const isItsNewName = difference.fieldId !== null && ids.has(difference.fieldId)
    return isItsNewName && (difference.code === 'TO301' || difference.code === 'BR204') ? [] : [difference]
  })
}

/** Columns that somebody dropped and made again: the name is there, and the values under the old field id are not. */
function replaced(present: Comparison, past: Comparison): Difference[] {
  return [...present.fieldIds].flatMap(([path, fieldId]) => {
    const before = past.fieldIds.get(path)
    if (before === undefined || before === fieldId) return []
    const change = `field ${before} was replaced by field ${fieldId}`
    return [{ code: 'TO304', path, fieldId, change, type: null, isSlack: false, cause: 'other program' }]
  })
}

function isAddition(code: Finding['code']): boolean {
  return code === 'AD101' || code === 'AD108' || code === 'BR201'
}
