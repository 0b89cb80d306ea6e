import type { UpkeepFacts } from '../../stores/table/upkeep/due.ts'
import { hasChanged, type UpkeepReport } from '../../stores/table/upkeep/report.ts'
import type { MaintenanceStatus } from '../../stores/table/upkeep/status.ts'
import { bytes, count, duration, plural } from './text.ts'

/** What a person reads of what was done to a table, or would be; failures are told elsewhere. */
export function renderUpkeep(report: UpkeepReport): string {
  const { table, dryRun, ms } = report
  const done = upkeepParts(report)
  if (done.length > 0) {
    const end = dryRun ? '; nothing was changed' : ` in ${duration(ms)}`
    return `${table}: ${done.join('; ')}${end}`
  }
  return report.failures.length > 0 ? `${table}: nothing was done` : `${table}: there is nothing to do`
}

/** What was done, or would be, each in some words. */
function upkeepParts({ dryRun, deleted, compacted, manifests, expired, swept }: UpkeepReport): string[] {
  const would = dryRun ? 'would ' : ''
  const parts: string[] = []
  // What an earlier version remembers of its last has no such member.
  const again = deleted?.rows ?? 0
  if (again > 0) parts.push(`${plural(again, 'row')} ${dryRun ? 'would be' : 'were'} deleted, as tombstones say`)
  if (compacted !== null && compacted.before.files > 0) {
    const from = `${plural(compacted.before.files, 'file')} in ${plural(compacted.partitions, 'partition')}`
    const to = compacted.after === null ? '' : ` ${count(compacted.after.files)}`
    const sizes = compacted.after === null ? '' : `, ${bytes(compacted.before.bytes)} → ${bytes(compacted.after.bytes)}`
    parts.push(
      dryRun
        ? `${from} would become fewer (${plural(compacted.rows, 'row')}, ${bytes(compacted.before.bytes)})`
        : `${from} became${to} (${plural(compacted.rows, 'row')}${sizes})`,
    )
  }
  if (manifests !== null && manifests.after !== manifests.before)
    parts.push(`${plural(manifests.before, 'manifest')} became ${count(manifests.after)}`)
  if (expired !== null && (expired.snapshots > 0 || expired.refs.length > 0)) {
    const snapshots = expired.snapshots === 0 ? [] : [plural(expired.snapshots, 'snapshot')]
    const refs = expired.refs.map(ref => `branch or tag ${ref}`)
    parts.push(`${[...snapshots, ...refs].join(', ')} ${would}${dryRun ? 'expire' : 'expired'}`)
  }
  const gone = (expired?.files ?? 0) + (swept?.files ?? 0)
  if (gone > 0)
    parts.push(
      `${plural(gone, 'file')} with ${bytes((expired?.bytes ?? 0) + (swept?.bytes ?? 0))} ${dryRun ? 'would be' : 'were'} removed`,
    )
  return parts
}

/** Lines of a status: what waits, and what was done last and when; none where nothing is known. */
export function maintenanceLines({ running, last, waiting }: MaintenanceStatus): string[] {
  return [
    ...(running ? ['being compacted and expired now'] : []),
    ...(waiting === null ? [] : [waitingText(waiting)]),
    ...(last === null || !hasChanged(last) ? [] : [`${last.startedAt}: ${upkeepParts(last).join('; ')}`]),
  ]
}

function waitingText(facts: UpkeepFacts): string {
  const { files, filesInOnePartition, snapshots, worthRewriting, expirable, expirableRefs, writable, removable } = facts
  const most = filesInOnePartition < files ? `, at most ${count(filesInOnePartition)} in a partition` : ''
  const waits = [
    ...(worthRewriting === 0 ? [] : [`${plural(worthRewriting, 'file')} wait to be compacted`]),
    ...(expirable === 0 ? [] : [`${plural(expirable, 'snapshot')} to expire`]),
    ...(expirableRefs === 0 ? [] : [`branches and tags to expire: ${count(expirableRefs)}`]),
    ...(writable ? [] : ['nothing is done to it: its version of the format is only read']),
    ...(removable || !writable ? [] : ['no snapshot expires and no file is removed: its property gc.enabled is false']),
  ]
  return [`${plural(files, 'data file')}${most}`, plural(snapshots, 'snapshot'), ...waits].join('; ')
}
