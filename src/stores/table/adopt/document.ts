import type { Plan } from '../../../schema/plan.ts'
import type { Adoption } from '../adopt.ts'
import type { Notice } from './notice.ts'

/** An adoption as a JSON document. */
export interface AdoptionDocument {
  readonly formatVersion: 1
  readonly action: Adoption['action']
  readonly table: string
  readonly tableUuid: string
  readonly directory: string
  /** The declaration: its file, and whether it was written for the table now. null: nothing extends the built-in one. */
  readonly declaration: { readonly file: string; readonly written: boolean } | null
  readonly accepted: readonly { readonly code: string; readonly path: string; readonly change: string }[]
  readonly notices: readonly Notice[]
  readonly plan: Plan
  readonly metadataVersion: number
  readonly elapsed_ms: number
}

export function adoptionDocument(adoption: Adoption): AdoptionDocument {
  const { action, declaration, file, directory, table, accepted, notices, plan } = adoption
  return {
    formatVersion: 1,
    action,
    table: declaration.table,
    tableUuid: table.metadata['table-uuid'],
    directory,
    declaration: file === null ? null : { file, written: adoption.isFileNew },
    accepted: accepted.map(({ code, path, change }) => ({ code, path, change })),
    notices,
    plan,
    metadataVersion: table.version,
    elapsed_ms: adoption.ms,
  }
}
