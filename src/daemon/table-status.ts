import { type ErrorDocument, errorDocument, toHypError } from '../errors.ts'
import { isSetBack, recallCleared } from '../ingest/deletion/cleared.ts'
import type { SpoolStatus } from '../ingest/spool-report.ts'
import { areTombstonesMissing } from '../ingest/tombstones/tombstones.ts'
import { builtinTable, newestRelease } from '../schema/builtin.ts'
import type { Declaration } from '../schema/declaration.ts'
import { type PlannedChange, planTable, type Verdict } from '../schema/plan.ts'
import { type Home, tableDirectory } from '../stores/home.ts'
import { recordPlace } from '../stores/records/place.ts'
import { openCatalog } from '../stores/table/catalog.ts'
import { movedFrom } from '../stores/table/moved.ts'
import { observeTable } from '../stores/table/store.ts'
import type { MaintenanceStatus } from '../stores/table/upkeep/status.ts'

/** What is known of one table. */
export interface TableStatus {
  readonly name: string
  readonly directory: string
  /** null: there is no table, or no declaration was ever applied to it. */
  readonly release: number | null
  readonly schemaId: number | null
  /** null: the table cannot be read. */
  readonly rows: number | null
  /** The release of its declaration. */
  readonly declared: number
  readonly verdict: Verdict | 'unreadable'
  readonly planId: string | null
  /** Why it cannot be read. */
  readonly error: ErrorDocument | null
  /** Why the declaration is refused, when it is. */
  readonly refused: readonly PlannedChange[]
  /** Where it says that it lies, if that is not where it does: it was moved or copied. */
  readonly moved: string | null
  /** Rows were deleted that the records do not know of, and that can come back: the records are of an older copy. */
  readonly missingTombstones: boolean
  /** It does not go on from where its last deletion left it, and may have rows again that were deleted. */
  readonly setBack: boolean
  /** What is acknowledged and not in the table yet. */
  readonly spool: SpoolStatus
  /** How it is kept fast and small. */
  readonly maintenance: MaintenanceStatus
}

/** Looks at a table. Never throws: one that cannot be read is a status too. */
export async function tableStatus(
  home: Home,
  declaration: Declaration,
  { spool, maintenance }: Pick<TableStatus, 'spool' | 'maintenance'>,
): Promise<TableStatus> {
  const base = {
    name: declaration.table,
    directory: tableDirectory(home, declaration),
    declared: declaration.release,
    spool,
    maintenance,
  }
  try {
    const observed = await observeTable(openCatalog(home, declaration))
    const { found, verdict, id, changes } = planTable(declaration, observed)
    return {
      ...base,
      moved: observed === null ? null : await movedFrom(observed.metadata, base.directory),
      missingTombstones:
        observed !== null &&
        (await areTombstonesMissing({ place: recordPlace(home), table: declaration.table }, observed)),
      setBack: observed !== null && isSetBack(observed, await recallCleared(home, declaration.table)),
      release: found?.release ?? null,
      schemaId: found?.schemaId ?? null,
      rows: found?.rows ?? 0,
      verdict,
      planId: id,
      error: null,
      refused: changes.filter(change => change.kind === 'breaking'),
    }
  } catch (cause) {
    const error = errorDocument(toHypError(cause))
    return {
      ...base,
      moved: null,
      missingTombstones: false,
      setBack: false,
      release: null,
      schemaId: null,
      rows: null,
      verdict: 'unreadable',
      planId: null,
      error,
      refused: [],
    }
  }
}

/** What there is to know where the records are older than a table. */
export function missingText(table: string): string {
  return `rows of ${table} were deleted that the records do not know of, and that can come back: the records are of an older copy`
}

/** What there is to know where a table does not go on from where its last deletion left it. */
export function setBackText(table: string): string {
  return `${table} was set back by another program, or its snapshots were expired, and may show rows that were deleted`
}

/** The command that shows the plan of a table. */
export function planCommand({ name, declared }: Pick<TableStatus, 'name' | 'declared'>): string {
  if (name !== builtinTable) return `hyp plan ${name}`
  return declared === newestRelease ? 'hyp plan' : `hyp plan --as-release ${declared}`
}
