import type { ErrorDocument } from '../../../errors.ts'
import type { UpkeepStep } from './due.ts'

/** Files, and how many bytes they are. */
export interface FileTally {
  readonly files: number
  readonly bytes: number
}

/** What was done to a table, or would be, as `--json` prints it. null: the step was not done. */
export interface UpkeepReport {
  readonly table: string
  readonly dryRun: boolean
  /** RFC 3339, UTC. */
  readonly startedAt: string
  readonly ms: number
  /**
   * Rows that had been deleted before and were there: another program set the table back, or the deletion was ended in
   * between. null also where it is known that there are none.
   */
  readonly deleted: { readonly rows: number; readonly files: number } | null
  readonly compacted: {
    /** Partitions in which files were rewritten. */
    readonly partitions: number
    readonly before: FileTally
    /** null where nothing was written yet. */
    readonly after: FileTally | null
    readonly rows: number
  } | null
  /** null also where merging waits for what is rewritten first. */
  readonly manifests: { readonly before: number; readonly after: number } | null
  readonly expired: (FileTally & { readonly snapshots: number; readonly refs: readonly string[] }) | null
  /** Files that nothing needs. */
  readonly swept: FileTally | null
  /** What failed; the other steps were done all the same. */
  readonly failures: readonly UpkeepFailure[]
}

export interface UpkeepFailure {
  readonly step: UpkeepStep
  /** The values of the partition it was in; null where it was in none. */
  readonly partition: readonly string[] | null
  readonly error: ErrorDocument
}

/** Whether anything was changed. */
export function hasChanged({ deleted, compacted, manifests, expired, swept }: UpkeepReport): boolean {
  return (
    (deleted?.rows ?? 0) > 0 ||
    (compacted?.before.files ?? 0) > 0 ||
    (manifests !== null && manifests.after !== manifests.before) ||
    (expired?.snapshots ?? 0) > 0 ||
    (expired?.refs.length ?? 0) > 0 ||
    (swept?.files ?? 0) > 0
  )
}

export function tallyOf(files: readonly { readonly bytes: number }[]): FileTally {
  return { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) }
}

/** Whether something that was read is a report, as far as anything looks into it. */
export function isReport(said: unknown): said is UpkeepReport {
  if (!has(said, { table: 'string', startedAt: 'string', ms: 'number' })) return false
  const { deleted = null, compacted, manifests, expired, swept, failures } = said
  const tally = { files: 'number', bytes: 'number' }
  return (
    Array.isArray(failures) &&
    (deleted === null || has(deleted, { rows: 'number', files: 'number' })) &&
    (compacted === null ||
      (has(compacted, { partitions: 'number', rows: 'number' }) &&
        has(compacted['before'], tally) &&
        (compacted['after'] === null || has(compacted['after'], tally)))) &&
    (manifests === null || has(manifests, { before: 'number', after: 'number' })) &&
    (expired === null || (has(expired, { ...tally, snapshots: 'number' }) && Array.isArray(expired['refs']))) &&
    (swept === null || has(swept, tally))
  )
}

function has(said: unknown, types: Readonly<Record<string, string>>): said is Readonly<Record<string, unknown>> {
  if (typeof said !== 'object' || said === null) return false
  const members = said as Readonly<Record<string, unknown>>
  return Object.entries(types).every(([name, type]) => typeof members[name] === type)
}
