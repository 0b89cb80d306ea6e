import { errorDocument, HypError, toHypError } from '../../../errors.ts'
import type { Catalog, Table } from '../../../iceberg/catalog/catalog.ts'
import type { Companion } from '../../../iceberg/companion.ts'
import { type Expiry, expireSnapshots } from '../../../iceberg/expiry/expire.ts'
import { sweepOrphans } from '../../../iceberg/expiry/orphans.ts'
import { mergeManifests } from '../../../iceberg/merge-manifests.ts'
import { readManifestList } from '../../../iceberg/snapshot.ts'
import { pinnedIn } from '../../leases.ts'
import { withReserve } from '../../reserve.ts'
import { compactStep } from './compact-step.ts'
import { type UpkeepStep, usualUpkeepLimits } from './due.ts'
import { notedAncestors } from './noted-ancestors.ts'
import type { UpkeepOptions } from './options.ts'
import { tallyOf, type UpkeepFailure, type UpkeepReport } from './report.ts'

/**
 * Does some steps to a table, one after the other: each loads the table as it is then, and the failure of one keeps none
 * of the others. Writers go on beside it.
 * @throws HypError INTERRUPTED when aborted: what was committed stays, and nothing is lost
 */
export async function tidyTable(
  catalog: Catalog,
  steps: ReadonlySet<UpkeepStep>,
  options: UpkeepOptions,
): Promise<UpkeepReport> {
  const { name, home, dryRun = false, limits = usualUpkeepLimits, deletions, context, signal } = options
  const startedAt = new Date(context.now()).toISOString()
  const start = context.monotonic()
  const failures: UpkeepFailure[] = []
  const deleted = await tried('delete', deleteAgain)
  const compacted = await tried('compact', () => compactStep(catalog, options, failures))
  const manifests = await tried('merge', merge)
  const expired = await tried('expire', expire)
  const swept = await tried('sweep', sweep)
  const ms = Math.round(context.monotonic() - start)
  return { table: name, dryRun, startedAt, ms, deleted, compacted, manifests, expired, swept, failures }

  async function tried<Result>(step: UpkeepStep, run: () => Promise<Result>): Promise<Result | null> {
    if (!steps.has(step)) return null
    if (isAborted()) throw interrupted()
    try {
      return await run()
    } catch (error) {
      if (isAborted()) throw interrupted()
      failures.push({ step, partition: null, error: errorDocument(toHypError(error)) })
      return null
    }
  }

  function isAborted(): boolean {
    return signal?.aborted === true
  }

  async function deleteAgain(): Promise<UpkeepReport['deleted']> {
    if (deletions === undefined || (await deletions.areGone(await catalog.load()))) return null
    return deletions.deleteAgain(dryRun)
  }

  async function merge(): Promise<UpkeepReport['manifests']> {
    const table = await catalog.load()
    const before = (await readManifestList(table)).length
    if (dryRun) return { before, after: before }
    const after = await mergeManifests(catalog, table, context, { minimum: 2 })
    return { before, after: (await readManifestList(after)).length }
  }

  async function expire(): Promise<UpkeepReport['expired']> {
    const table = await catalog.load()
    // What was committed since the last look may be all that leads to it.
    if (!dryRun) await deletions?.areGone(table)
    const { minSnapshots, maxAgeMs } = limits
    const rule = { nowMs: context.now(), minSnapshots, maxAgeMs, pinned: await pinnedIn(table, options.leased) }
    const { records } = options
    const also = records && ((base: Table): Promise<Companion> => notedAncestors(records, base))
    const run = (): Promise<Expiry> => expireSnapshots(catalog, table, rule, context, { dryRun, also })
    const expiry = await (dryRun || home === undefined ? run() : withReserve(home, run))
    return { snapshots: expiry.snapshots, refs: expiry.refs, ...tallyOf(expiry.files) }
  }

  async function sweep(): Promise<UpkeepReport['swept']> {
    const { graceMs } = limits
    const again = (): Promise<Table> => catalog.load()
    const { writingSinceMs } = options
    const files = await sweepOrphans(await again(), { graceMs, nowMs: context.now(), writingSinceMs, dryRun, again })
    return tallyOf(files)
  }
}

function interrupted(): HypError {
  return new HypError('INTERRUPTED', 'The maintenance was interrupted.', { hint: 'It goes on where it stopped.' })
}
