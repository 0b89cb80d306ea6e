import { tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import type { Schema } from '../../src/iceberg/types.ts'
import { type Plan, type PlannedChange, planTable } from '../../src/schema/plan.ts'
import { applyTable } from '../../src/stores/table/store.ts'
import { systemClock } from './crash-table.ts'
import { alone } from './differential-alone.ts'
import type { Engines } from './differential-engines.ts'
import type { Engine } from './differential-known.ts'
import { type Op, opsOf } from './differential-ops.ts'
import type { Pair } from './differential-pairs.ts'
import type { Planned } from './differential-places.ts'
import { chance } from './differential-random.ts'
import { type Reading, readingOf } from './differential-reading.ts'
import { randomRows } from './differential-rows.ts'
import { outlineOf, type SchemaOutline } from './differential-schema.ts'
import { append, catalogAt } from './table.ts'

/** What an engine makes of operations: a schema, or the reason why it refuses them. */
export type Verdict = { readonly schema: SchemaOutline } | { readonly refused: string }

export type Verdicts = Readonly<Record<Engine, Verdict>>

/** What became of a pair. */
export interface Outcome {
  readonly pair: Pair
  readonly plan: Plan
  /** What UpdateSchema is asked to do. */
  readonly ops: readonly Op[]
  readonly whole: Verdicts
  /** Every refused change by itself. */
  readonly alone: readonly {
    readonly change: PlannedChange
    /** The change and what it cannot be asked for without. */
    readonly asked: readonly PlannedChange[]
    readonly verdicts: Verdicts
  }[]
  /** The table after the second declaration; undefined where that is refused. */
  readonly applied: { readonly schema: SchemaOutline; readonly reading: Reading } | undefined
}

export function isAdditive({ plan }: Outcome): boolean {
  return plan.action === 'evolve' || plan.action === 'none'
}

export function isDone(verdict: Verdict): boolean {
  return 'schema' in verdict
}

/** What is to be looked at where an expectation is not met. */
export function told({ pair, plan }: Outcome, found: unknown): unknown {
  const changes = plan.changes.map(({ code, path, change }) => `${code} ${path}: ${change}`)
  return { seed: pair.seed, mutations: pair.mutations, action: plan.action, changes, found }
}

const rowsEach = 3

/** Makes a table of the first declaration in a directory, and lets everybody bring it to the second. */
export async function outcomeOf(pair: Pair, directory: string, { java, python }: Engines): Promise<Outcome> {
  const catalog = catalogAt(directory)
  const apply = (declaration: Pair['before']): ReturnType<typeof applyTable> =>
    applyTable({ catalog, declaration, location: tableLocation(directory), context: systemClock })
  const { table } = await apply(pair.before)
  const schema = currentSchema(table.metadata)
  const plan = planTable(pair.after, table)
  const planned: Planned = { changes: plan.changes, declaration: pair.after, schema }

  const file = table.path(table.metadataLocation)
  const verdicts = async (ops: readonly Op[]): Promise<Verdicts> => {
    const answers = await Promise.all([java({ do: 'update', table: directory, ops }), python({ file, ops })])
    const [ofJava, ofPython] = answers.map(verdictOf) as [Verdict, Verdict]
    return { java: ofJava, pyiceberg: ofPython }
  }
  const ops = opsOf(planned)
  const whole = await verdicts(ops)
  const refused = plan.changes.filter(({ kind }) => kind === 'breaking')
  const each = refused.map(async change => {
    const asked = alone(planned, change)
    return { change, asked, verdicts: await verdicts(opsOf(planned, asked)) }
  })
  const outcome = { pair, plan, ops, whole, alone: await Promise.all(each) }
  if (plan.action === 'refuse') return { ...outcome, applied: undefined }

  const dice = chance(-pair.seed)
  await append({ directory, catalog, table }, randomRows(schema.fields, rowsEach, dice))
  const after = (await apply(pair.after)).table
  const { fields } = currentSchema(after.metadata)
  const written = await append({ directory, catalog, table: after }, randomRows(fields, rowsEach, dice))
  const reading = await readingOf(written, java)
  return { ...outcome, applied: { schema: outlineOf(currentSchema(after.metadata)), reading } }
}

function verdictOf(answer: unknown): Verdict {
  const { schema, refused } = answer as { schema?: Schema; refused?: string }
  return schema === undefined ? { refused: refused ?? 'without a reason' } : { schema: outlineOf(schema) }
}
