import { createHash } from 'node:crypto'
import { lastAssignedFieldId } from '../iceberg/ids.ts'
import { currentSnapshot } from '../iceberg/metadata.ts'
import type { TableMetadata } from '../iceberg/types.ts'
import { appliedProperties, readApplied, readEvolutions } from './applied.ts'
import { builtinDeclaration } from './builtin.ts'
import type { Declaration } from './declaration.ts'
import { type Difference, diff } from './diff.ts'
import { canonicalJson, fingerprint } from './fingerprint.ts'
import { type ChangeKind, type RuleCode, ruleOf, type Sign } from './rules.ts'

/** What a store needs: see each word in docs/concepts.md. */
export type Verdict = 'current' | 'pending' | 'breaking' | 'newer' | 'drifted' | 'absent'

/** What `apply` would do. */
export type Action = 'none' | 'create' | 'evolve' | 'refuse'

/** One line of a plan: a difference, judged. */
export interface PlannedChange {
  readonly sign: Sign
  readonly code: RuleCode
  readonly kind: ChangeKind
  readonly origin: 'pending' | 'drift'
  readonly path: string
  readonly fieldId: number | null
  readonly change: string
  /** The rule's title. */
  readonly rule: string
  /** Why it is refused or tolerated; null for a change in place. */
  readonly reason: string | null
  /** The safe way; null where none is needed. */
  readonly fix: string | null
  /** A command to paste; null where there is none. */
  readonly command: string | null
  readonly docs: string
}

/** The table a plan was made against. */
export interface PlannedTable {
  readonly uuid: string
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
  if (observed === null) {
    return {
      ...base,
      id: planId(declared.fingerprint, null),
      verdict: 'absent',
      action: 'create',
      found: null,
      changes: [],
    }
  }
  const { metadata, version } = observed
  const applied = readApplied(metadata.properties)
  const found: PlannedTable = {
    uuid: metadata['table-uuid'],
    release: applied.release ?? null,
    schemaId: metadata['current-schema-id'],
    metadataVersion: version,
    rows: rowCount(metadata),
  }
  const id = planId(declared.fingerprint, metadata)
  if (applied.release !== undefined && applied.release > declaration.release) {
    return { ...base, id, verdict: 'newer', action: 'refuse', found, changes: [] }
  }
  const changes = sorted(
    differences(declaration, metadata).map(difference => judge(difference, found, declaration.release)),
  )
  const verdict = verdictOf(changes)
  return {
    ...base,
    id,
    verdict,
    action: verdict === 'breaking' ? 'refuse' : verdict === 'pending' ? 'evolve' : 'none',
    found,
    changes,
  }
}

/** Rows of the current snapshot, from its summary. */
export function rowCount(metadata: TableMetadata): number {
  return Number(currentSnapshot(metadata)?.summary?.['total-records'] ?? 0)
}

function differences(declaration: Declaration, metadata: TableMetadata): Difference[] {
  const applied = readApplied(metadata.properties)
  const schema = (id: number | undefined): TableMetadata['schemas'][number] | undefined =>
    metadata.schemas.find(candidate => candidate['schema-id'] === id)
  const tolerated = readEvolutions(metadata.properties)
    .flatMap(evolution => evolution.changes)
    .filter(change => change.code === 'TO302')
    .map(change => change.path)
  return diff(declaration, {
    tolerated: new Set(tolerated),
    current: schema(metadata['current-schema-id']) as TableMetadata['schemas'][number],
    applied: schema(applied.schemaId),
    spec: metadata['partition-specs'].find(
      spec => spec['spec-id'] === metadata['default-spec-id'],
    ) as TableMetadata['partition-specs'][number],
    allSpecs: metadata['partition-specs'],
    sortOrder: metadata['sort-orders'].find(
      order => order['order-id'] === metadata['default-sort-order-id'],
    ) as TableMetadata['sort-orders'][number],
  })
}

function judge(difference: Difference, found: PlannedTable, declared: number): PlannedChange {
  const rule = ruleOf(difference.code)
  // Running as the table's release is a way out only where the built-in declaration is ahead of the table.
  const isAhead = found.release !== null && found.release < declared
  return {
    sign: rule.sign,
    code: rule.code,
    kind: rule.kind,
    origin: difference.origin,
    path: difference.path,
    fieldId: difference.fieldId,
    change: difference.change,
    rule: rule.title,
    reason: rule.kind === 'in-place' ? null : reasonFor(rule.code, rule.why, found),
    fix: rule.fix ?? null,
    command: rule.kind === 'breaking' && isAhead ? `hyp daemon --as-release ${found.release}` : null,
    docs: `docs/rules.md#${rule.code}`,
  }
}

/** A refusal that concerns stored rows says how many. */
function reasonFor(code: RuleCode, why: string, found: PlannedTable): string {
  if (code === 'BR201' || code === 'BR203') {
    const rows =
      found.rows === 0
        ? 'A row that is stored'
        : `The ${found.rows.toLocaleString('en-US').replaceAll(',', ' ')} stored rows`
    return code === 'BR201'
      ? `${rows} would have no value for it, and format version 2 has no initial default.`
      : `${rows} may have no value for it.`
  }
  return why
}

const kinds: readonly ChangeKind[] = ['in-place', 'breaking', 'tolerated']

function sorted(changes: readonly PlannedChange[]): PlannedChange[] {
  return changes.toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind))
}

function verdictOf(changes: readonly PlannedChange[]): Verdict {
  if (changes.some(change => change.kind === 'breaking')) return 'breaking'
  if (changes.some(change => change.kind === 'in-place')) return 'pending'
  return changes.some(change => change.origin === 'drift') ? 'drifted' : 'current'
}

function planId(declared: string, metadata: TableMetadata | null): string {
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
  return createHash('sha256').update(canonicalJson({ declared, table })).digest('hex').slice(0, 16)
}

const builtinFingerprints = new Map<number, string>()

/** Fingerprint of the built-in part alone. A release never changes, so it is computed once. */
export function builtinFingerprint(release: number): string {
  let known = builtinFingerprints.get(release)
  if (known === undefined) builtinFingerprints.set(release, (known = fingerprint(builtinDeclaration(release))))
  return known
}
