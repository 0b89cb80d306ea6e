import { type ErrorDocument, errorDocument, toHypError } from '../errors.ts'
import type { SpoolStatus } from '../ingest/spool-report.ts'
import { builtinTable, newestRelease } from '../schema/builtin.ts'
import type { Declaration } from '../schema/declaration.ts'
import type { PlannedChange, Verdict } from '../schema/plan.ts'
import { type Home, tableDirectory } from '../stores/home.ts'
import { planOf } from '../stores/table/apply-tables.ts'

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
  /** What is acknowledged and not in the table yet. */
  readonly spool: SpoolStatus
}

/** Looks at a table. Never throws: one that cannot be read is a status too. */
export async function tableStatus(home: Home, declaration: Declaration, spool: SpoolStatus): Promise<TableStatus> {
  const base = {
    name: declaration.table,
    directory: tableDirectory(home, declaration),
    declared: declaration.release,
    spool,
  }
  try {
    const { found, verdict, id, changes } = await planOf(home, declaration)
    return {
      ...base,
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

/** The command that shows the plan of a table. */
export function planCommand({ name, declared }: Pick<TableStatus, 'name' | 'declared'>): string {
  if (name !== builtinTable) return `hyp plan ${name}`
  return declared === newestRelease ? 'hyp plan' : `hyp plan --as-release ${declared}`
}
