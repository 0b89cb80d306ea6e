import { createHash } from 'node:crypto'
import { lastAssignedFieldId } from '../iceberg/ids.ts'
import { currentSnapshot } from '../iceberg/metadata.ts'
import type { TableMetadata } from '../iceberg/types.ts'
import { appliedProperties, readApplied, readEvolutions } from './applied.ts'
import type { Declaration } from './declaration.ts'
import { impossible } from './diff.ts'
import { canonicalJson, fingerprint } from './fingerprint.ts'
import { compare } from './plan/drift.ts'
import { type EditedRelease, editedRelease } from './plan/edited-release.ts'
import { type JudgedTable, judge, type PlannedChange } from './plan/judge.ts'
import { outcome } from './plan/outcome.ts'
import { appliedState, presentState } from './plan/table-state.ts'

export type { PlannedChange } from './plan/judge.ts'

/** What a store needs: see each word in docs/concepts.md. */
export type Verdict = 'current' | 'pending' | 'breaking' | 'newer' | 'drifted' | 'absent'

/** What `apply` would do. */
export type Action = 'none' | 'create' | 'evolve' | 'refuse'

/** The table a plan was made against. */
export interface PlannedTable {
  readonly uuid: string
  readonly formatVersion: number
  /** null: no declaration was ever applied to it. */
  readonly release: number | null
  readonly schemaId: number
  readonly metadataVersion: number
  readonly rows: number
}

/** What would become of a store under a declaration. Every output is made from this object alone. */
export interface Plan {
  readonly formatVersion: 1
  /** Changes when the declaration or the table's schema does; not with new rows. */
  readonly id: string
  readonly store: 'table'
  readonly table: string
  readonly verdict: Verdict
  readonly action: Action
  readonly declared: { readonly release: number; readonly fingerprint: string; readonly columns: number }
  /** null when there is no table yet. */
  readonly found: PlannedTable | null
  /** The release that was applied, where this program has another declaration under its number. */
  readonly edited: EditedRelease | null
  readonly changes: readonly PlannedChange[]
}

/** The table as it was observed; null when there is none. */
export interface Observed {
  readonly metadata: TableMetadata
  /** Number of the metadata file. */
  readonly version: number
}

/** Plans a table. Pure: the same declaration and table give the same plan. */
export function planTable(declaration: Declaration, observed: Observed | null): Plan {
  const declared = {
    release: declaration.release,
    fingerprint: fingerprint(declaration),
    columns: declaration.columns.length,
  }
  const base = { formatVersion: 1, store: 'table', table: declaration.table, declared } as const
  const identified = (plan: Omit<Plan, 'id'>): Plan => ({ ...plan, id: planId(plan, observed?.metadata ?? null) })
  if (observed === null) {
    const wrong = impossible(declaration).map(finding =>
      judge({ ...finding, cause: 'declaration', isBuiltin: false, isAcceptable: false }, unmade(declaration)),
    )
    const action = wrong.length === 0 ? 'create' : 'refuse'
    return identified({
      ...base,
      verdict: wrong.length === 0 ? 'absent' : 'breaking',
      action,
      found: null,
      edited: null,
      changes: wrong,
    })
  }
  const { metadata, version } = observed
  const applied = readApplied(metadata.properties)
  const found: PlannedTable = {
    uuid: metadata['table-uuid'],
    formatVersion: metadata['format-version'],
    release: applied.release ?? null,
    schemaId: metadata['current-schema-id'],
    metadataVersion: version,
    rows: rowCount(metadata),
  }
  if (applied.release !== undefined && applied.release > declaration.release)
    return identified({ ...base, verdict: 'newer', action: 'refuse', found, edited: null, changes: [] })
  const edited = editedRelease(declaration, applied)
  const differences = compare(declaration, {
    now: presentState(metadata),
    applied: appliedState(metadata, applied),
    editedRelease: edited?.release,
    tolerated: toleratedFields(metadata),
  })
  const judged = { table: declaration.table, declared: declaration.release, found }
  const changes = outcome(declaration, metadata, differences).map(difference => judge(difference, judged))
  return identified({ ...base, ...verdictOf(changes), found, edited, changes })
}

function unmade({ table, release }: Declaration): JudgedTable {
  return { table, declared: release, found: { release: null, rows: 0, formatVersion: 2 } }
}

/** Rows of the current snapshot, from its summary. */
export function rowCount(metadata: TableMetadata): number {
  return Number(currentSnapshot(metadata)?.summary?.['total-records'] ?? 0)
}

/** Every evolution writes down again what is still tolerated then, so that the last one tells. */
function toleratedFields(metadata: TableMetadata): ReadonlySet<number> {
  const changes = readEvolutions(metadata.properties).at(-1)?.changes ?? []
  return new Set(changes.flatMap(({ code, fieldId }) => (code === 'TO302' && fieldId !== null ? [fieldId] : [])))
}

function verdictOf(changes: readonly PlannedChange[]): { readonly verdict: Verdict; readonly action: Action } {
  if (changes.some(change => change.kind === 'breaking')) return { verdict: 'breaking', action: 'refuse' }
  const inPlace = changes.filter(change => change.kind === 'in-place')
  const action = inPlace.length > 0 ? 'evolve' : 'none'
  if (inPlace.some(change => change.origin === 'pending')) return { verdict: 'pending', action }
  return { verdict: changes.some(change => change.origin === 'drift') ? 'drifted' : 'current', action }
}

/** What is to be done, and to which table: neither its rows nor what is said about them. */
function planId({ declared, verdict, changes }: Omit<Plan, 'id'>, metadata: TableMetadata | null): string {
  const table =
    metadata === null
      ? null
      : {
          uuid: metadata['table-uuid'],
          schema: metadata['current-schema-id'],
          lastColumn: lastAssignedFieldId(metadata),
          spec: metadata['default-spec-id'],
          sortOrder: metadata['default-sort-order-id'],
          applied: Object.values(appliedProperties).map(name => metadata.properties[name] ?? null),
        }
  const done = changes.map(({ code, path, fieldId, change }) => [code, path, fieldId, change])
  const { release, fingerprint: wanted } = declared
  return createHash('sha256')
    .update(canonicalJson({ release, wanted, verdict, done, table }))
    .digest('hex')
    .slice(0, 16)
}
