import { indexById } from '../../iceberg/schema-index.ts'
import type { Declaration } from '../declaration.ts'
import { type Comparison, diff, type Finding, type TableState } from '../diff.ts'

/** Why declaration and table differ: the declaration is ahead, its release was edited, or somebody changed the table. */
export type Cause = 'declaration' | 'edited release' | 'other program'

/** A difference with the reason it is there. */
export interface Difference extends Finding {
  readonly cause: Cause
  /** Whether it is of a built-in column, or of the keys that come with a release. */
  readonly isBuiltin: boolean
  /** Whether to accept what another program did leaves the declaration something to go on with. */
  readonly isAcceptable: boolean
}

/** What is known of how a table came to be as it is. */
export interface TableHistory {
  readonly now: TableState
  /** As it was when a declaration was last applied; undefined for a table nobody applied one to. */
  readonly applied: TableState | undefined
  /** The release that was applied, where the program has another declaration under its number today. */
  readonly editedRelease: number | undefined
  /** Fields that an earlier evolution left wider or laxer than they were declared. */
  readonly tolerated: ReadonlySet<number>
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
  const since = releaseOf(declaration)
  const differences = present.findings.map((finding): Difference => {
    const isOthers = before !== undefined && !before.has(identity(finding))
    const release = since(finding.path)
    const isEdited = editedRelease !== undefined && release !== undefined && release <= editedRelease
    const cause = isOthers ? 'other program' : isEdited ? 'edited release' : 'declaration'
    const isTolerable = finding.isSlack && (isOthers || tolerated.has(finding.fieldId ?? 0))
    const told = isTolerable ? asTolerated(finding) : finding
    const isBuiltin = release !== undefined || finding.path.startsWith('(')
    const isAcceptable = isOthers && (told.code === 'TO301' || told.code === 'TO302')
    return { ...told, cause, isBuiltin, isAcceptable }
  })
  return past === undefined ? differences : [...withLost(differences, past, now), ...replaced(present, past, now)]
}

/** What the table is beyond the declaration; as a change it would be told the wrong way round. */
function asTolerated(finding: Finding): Finding {
  const [has, wanted] = finding.change.split(' -> ')
  return { ...finding, code: 'TO302', change: `${has} in the table, ${wanted} declared` }
}

function identity({ code, path }: Finding): string {
  return `${code} ${path}`
}

/** The release that brought the column a path is of or in; undefined for a column that is not built in. */
function releaseOf(declaration: Declaration): (path: string) => number | undefined {
  const releases = new Map(declaration.columns.map(({ name, since }) => [name, since]))
  const names = declaration.columns.flatMap(({ name, since, type }) =>
    since === undefined || typeof type === 'string' ? [] : [name],
  )
  return path => releases.get(path) ?? releases.get(names.find(name => path.startsWith(`${name}.`)) ?? path)
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
    // A required one could not be added anew either.
    const isAcceptable = difference.code !== 'BR201'
    if (loss !== undefined)
      return [{ ...difference, code: 'BR213' as const, fieldId: loss.id, change: loss.change, isAcceptable }]
    // The new name of a renamed column is not a second finding.
    const isItsNewName = difference.fieldId !== null && ids.has(difference.fieldId)
    return isItsNewName && (difference.code === 'TO301' || difference.code === 'BR204') ? [] : [difference]
  })
}

/** Declared columns that are other fields than when they were applied: their values are under the old ones. */
function replaced(present: Comparison, past: Comparison, now: TableState): Difference[] {
  const there = indexById(now.schema)
  return [...present.fieldIds].flatMap(([path, fieldId]): Difference[] => {
    const before = past.fieldIds.get(path)
    if (before === undefined || before === fieldId) return []
    const other = there.get(before)
    const base = { path, fieldId, type: null, isSlack: false, cause: 'other program', isBuiltin: false } as const
    // Dropped and made again, or the name given to another column while this one is there under its own.
    return other === undefined
      ? [{ ...base, code: 'TO304', change: `field ${before} was replaced by field ${fieldId}`, isAcceptable: true }]
      : [
          {
            ...base,
            code: 'BR213',
            change: `field ${before} is ${other.path}, and field ${fieldId} has its name`,
            isAcceptable: false,
          },
        ]
  })
}

function isAddition(code: Finding['code']): boolean {
  return code === 'AD101' || code === 'AD108' || code === 'BR201'
}
