import type { Catalog } from '../../../iceberg/catalog/catalog.ts'
import { pinnedIn } from '../../leases.ts'
import { dueSteps, type UpkeepFacts, type UpkeepStep, usualUpkeepLimits } from './due.ts'
import { upkeepFacts } from './facts.ts'
import type { UpkeepOptions } from './options.ts'
import { tidyTable } from './pass.ts'
import type { UpkeepReport } from './report.ts'

export interface TendOptions extends UpkeepOptions {
  /** What to do, whether it is due or not; left out: what is due. */
  readonly steps?: ReadonlySet<UpkeepStep> | undefined
  /** When it was last looked for files that nothing needs, milliseconds since 1970; left out: never. */
  readonly sweptMs?: number | undefined
}

/** What was done to a table, and what waits in it now. */
export interface Tended {
  readonly facts: UpkeepFacts
  /** null where nothing was due. */
  readonly report: UpkeepReport | null
}

/**
 * Looks at a table, and does what is due, or what is asked for.
 * @throws HypError and IcebergError where it cannot be looked at, INTERRUPTED as {@link tidyTable}
 */
export async function tendTable(catalog: Catalog, options: TendOptions): Promise<Tended> {
  const { steps, sweptMs, limits = usualUpkeepLimits, context } = options
  const facts = await look()
  const due = steps ?? dueSteps(facts, { nowMs: context.now(), sweptMs }, limits)
  if (due.size === 0) return { facts, report: null }
  const report = await tidyTable(catalog, due, options)
  return { facts: options.dryRun === true ? facts : await look(), report }

  async function look(): Promise<UpkeepFacts> {
    const table = await catalog.load()
    const pinned = await pinnedIn(table, options.leased)
    const cleared = (await options.deletions?.areGone(table)) ?? true
    return upkeepFacts(table, { nowMs: context.now(), pinned, cleared }, limits)
  }
}
