import { HypError } from '../../errors.ts'
import { type Catalog, makeDurable, type Table } from '../../iceberg/catalog/catalog.ts'
import { isCode } from '../../iceberg/errors.ts'
import { backOff, patience } from '../../iceberg/retry.ts'
import { type EvolutionKind, readEvolutions } from '../../schema/applied.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { stageCreation, stageEvolution } from '../../schema/evolve.ts'
import { type Plan, planTable, rowCount } from '../../schema/plan.ts'

/** What comes from outside. */
export interface StoreContext {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds that only go forward, for durations. */
  readonly monotonic: () => number
  readonly random: () => number
  readonly newUuid: () => string
  /** Version of hyp. */
  readonly version: string
}

/** What an apply did, counted from the table's metadata before and after. */
export interface Receipt {
  readonly action: 'none' | 'create' | 'evolve'
  /** What the table remembers it as; null where nothing was done. */
  readonly kind: EvolutionKind | null
  readonly plan: Plan
  readonly table: Table
  readonly before: { readonly schemaId: number; readonly release: number | null; readonly rows: number } | null
  /** Release null: the table was adopted, and no declaration was applied to it yet. */
  readonly after: { readonly schemaId: number; readonly release: number | null; readonly rows: number }
  /** From loading the table to the durable commit. */
  readonly ms: number
}

/** The table as it is now; null when there is none. */
export async function observeTable(catalog: Catalog): Promise<Table | null> {
  try {
    return await catalog.load()
  } catch (error) {
    if (isCode(error, 'TABLE_NOT_FOUND')) return null
    throw error
  }
}

export interface ApplyOptions {
  readonly catalog: Catalog
  readonly declaration: Declaration
  /** Where a new table is said to be. */
  readonly location: string
  readonly context: StoreContext
  /** Apply only this plan. */
  readonly expect?: string | undefined
}

/**
 * Brings the table to its declaration: creates it, evolves it in one commit,
 * or does nothing. When another writer was first it looks again: what is then
 * still missing is done, and nothing when nothing is.
 * @throws HypError SCHEMA_BREAKING or STORE_NEWER with the plan in `details`, PLAN_CHANGED, and errors of the catalog
 */
export async function applyTable(options: ApplyOptions): Promise<Receipt> {
  const { catalog, context } = options
  const start = context.monotonic()
  let mayRetry: ((attempt: number) => boolean) | undefined
  for (let attempt = 0; ; attempt++) {
    const observed = await observeTable(catalog)
    try {
      return await applyOnce(options, observed, start)
    } catch (error) {
      const raced = isCode(error, 'COMMIT_CONFLICT') || isCode(error, 'TABLE_EXISTS')
      if (observed !== null) mayRetry ??= patience(observed.metadata)
      // A table that was created meanwhile is there on the next look: one that never is, is no race.
      if (!raced || !(mayRetry?.(attempt) ?? attempt < 20)) throw error
      await backOff(attempt, context.random)
    }
  }
}

async function applyOnce(options: ApplyOptions, observed: Table | null, start: number): Promise<Receipt> {
  const { catalog, declaration, context } = options
  const plan = planTable(declaration, observed)
  if (options.expect !== undefined && options.expect !== plan.id) {
    throw new HypError('PLAN_CHANGED', `The plan is ${plan.id} now, not ${options.expect}.`, { details: { plan } })
  }
  refuse(plan)
  const elapsed = (): number => Math.round((context.monotonic() - start) * 10) / 10
  const stamp = { at: new Date(context.now()).toISOString(), hyp: context.version }
  if (observed === null) {
    const uuid = context.newUuid()
    const commit = stageCreation(plan, declaration, {
      ...stamp,
      ms: elapsed(),
      uuid,
      location: options.location,
      properties: { 'hyp.gateway-id': context.newUuid() },
    })
    return receipt('create', plan, null, await catalog.create(commit), elapsed())
  }
  if (plan.action === 'none') {
    await makeDurable(observed)
    return receipt('none', plan, observed, observed, elapsed())
  }
  const commit = stageEvolution(plan, declaration, observed.metadata, { ...stamp, ms: elapsed() })
  return receipt('evolve', plan, observed, await catalog.commit(observed, commit), elapsed())
}

/** @throws HypError SCHEMA_BREAKING, STORE_NEWER, FORMAT_UNSUPPORTED for a version of the format that is not written */
export function refuse(plan: Plan): void {
  if (plan.verdict === 'newer') {
    throw new HypError(
      'STORE_NEWER',
      `The table ${plan.table} was written as release ${plan.found?.release}; this is release ${plan.declared.release}.`,
      {
        hint: `Run release ${plan.found?.release} or a later one. Nothing was changed.`,
        details: { plan },
      },
    )
  }
  if (plan.verdict === 'breaking') {
    const breaking = plan.changes.filter(change => change.kind === 'breaking')
    const what = breaking.map(change => `${change.path} (${change.code})`).join(', ')
    const isOthers = breaking.every(change => change.cause === 'other program')
    const reason = isOthers
      ? 'Another program changed the table, and its declaration does not fit any more'
      : 'The table cannot follow its declaration'
    const count = `${breaking.length} breaking ${breaking.length === 1 ? 'change' : 'changes'}`
    throw new HypError('SCHEMA_BREAKING', `${reason}: ${count}: ${what}.`, { details: { plan } })
  }
  const version = plan.found?.formatVersion ?? 2
  // What is legal in another version of the format is planned all the same: an engine that writes it can do it.
  if (plan.action === 'evolve' && version !== 2) {
    throw new HypError(
      'FORMAT_UNSUPPORTED',
      `The table ${plan.table} is of format version ${version}; hyp writes version 2.`,
      {
        hint:
          version < 2
            ? "Upgrade it with the engine that owns it ('format-version'='2'). Nothing was changed."
            : 'Let an engine that writes this version make the change. Nothing was changed.',
        details: { plan },
      },
    )
  }
}

function receipt(action: Receipt['action'], plan: Plan, before: Table | null, after: Table, ms: number): Receipt {
  return {
    action,
    kind: action === 'none' ? null : (readEvolutions(after.metadata.properties).at(-1)?.kind ?? null),
    plan,
    table: after,
    before:
      before === null
        ? null
        : {
            schemaId: before.metadata['current-schema-id'],
            release: plan.found?.release ?? null,
            rows: rowCount(before.metadata),
          },
    after: {
      schemaId: after.metadata['current-schema-id'],
      release: action === 'none' ? (plan.found?.release ?? null) : plan.declared.release,
      rows: rowCount(after.metadata),
    },
    ms,
  }
}
