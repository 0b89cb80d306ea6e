import { join } from 'node:path'
import { makeDurable, type Table } from '../../iceberg/catalog/catalog.ts'
import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { isCode } from '../../iceberg/errors.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { backOff, patience } from '../../iceberg/retry.ts'
import type { TableMetadata } from '../../iceberg/types.ts'
import { readApplied } from '../../schema/applied.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { stageAdoption } from '../../schema/evolve/adopt.ts'
import { type Plan, type PlannedChange, planTable } from '../../schema/plan.ts'
import type { Home } from '../home.ts'
import { fileObstacles } from './adopt/file-obstacles.ts'
import { metadataObstacles } from './adopt/metadata-obstacles.ts'
import { newDeclaration } from './adopt/new-declaration.ts'
import { writeNewFile } from './adopt/new-file.ts'
import { type Notice, noticesOf } from './adopt/notice.ts'
import { observeTarget } from './adopt/observe.ts'
import { adoptionRefused } from './adopt/obstacle.ts'
import { placeObstacles } from './adopt/place-obstacles.ts'
import { type AdoptionRequest, type AdoptionTarget, adoptionTarget } from './adopt/target.ts'
import { refuse, type StoreContext } from './store.ts'

export interface AdoptOptions {
  readonly home: Home
  /** Of the home. */
  readonly declarations: readonly Declaration[]
  readonly request: AdoptionRequest
  readonly context: StoreContext & { readonly uniqueName: () => string }
}

/** What an adoption did. */
export interface Adoption {
  /** none: the table was adopted as it is before. */
  readonly action: 'none' | 'adopt'
  readonly declaration: Declaration
  /** The declaration's file; null for the built-in table that nothing extends. */
  readonly file: string | null
  /** Whether the file was written now. */
  readonly isFileNew: boolean
  readonly directory: string
  readonly table: Table
  /** What others had done to the table, and what is the base from now on. */
  readonly accepted: readonly PlannedChange[]
  readonly notices: readonly Notice[]
  /** As it is afterwards. */
  readonly plan: Plan
  /** From looking at the table to the durable commit, in milliseconds. */
  readonly ms: number
}

/**
 * Takes a table under its declaration, or under one that is written for it, and
 * makes its present shape what later changes are held against. One commit of
 * properties: no column, row or file of it is touched. Without anything to
 * accept nothing is committed.
 * @throws HypError TABLE_NOT_FOUND, ADOPTION_REFUSED with every obstacle in `details`, STORE_NEWER, USAGE, and errors
 *   of the catalog
 */
export async function adoptTable({ home, declarations, request, context }: AdoptOptions): Promise<Adoption> {
  const start = context.monotonic()
  const target = await adoptionTarget(home, declarations, request)
  const { directory } = target
  const file = join(home.schema, `${target.table}.json`)
  const catalog = fileCatalog({ io: localFileIO, directory, ...context })
  let mayRetry: ((attempt: number) => boolean) | undefined
  for (let attempt = 0; ; attempt++) {
    const observed = await observeTarget(catalog, request.target, target, declarations)
    mayRetry ??= patience(observed.metadata)
    try {
      return await adoptOnce(observed)
    } catch (error) {
      if (!isCode(error, 'COMMIT_CONFLICT') || !mayRetry(attempt)) throw error
      await backOff(attempt, context.random)
    }
  }

  async function adoptOnce(observed: Table): Promise<Adoption> {
    const { declaration, text } = await declarationFor(home, target, observed)
    const before = planTable(declaration, observed)
    if (before.verdict === 'newer') refuse(before)
    refuseUnacceptable(before, directory)
    const isBase = isAdopted(observed.metadata)
    const notices = await noticesOf(observed, directory)
    if (isBase) await makeDurable(observed)
    const elapsed = (): number => Math.round((context.monotonic() - start) * 10) / 10
    const stamp = { at: new Date(context.now()).toISOString(), ms: elapsed(), hyp: context.version }
    const table = isBase ? observed : await catalog.commit(observed, stageAdoption(before, observed.metadata, stamp))
    // Behind the commit: a table that is adopted and not declared is nobody's trouble, and adopting it again declares it.
    if (text !== undefined) await writeNewFile(file, text, context.uniqueName())
    return {
      action: isBase ? 'none' : 'adopt',
      declaration,
      file: text !== undefined || (await localFileIO.size(file)) !== undefined ? file : null,
      isFileNew: text !== undefined,
      directory,
      table,
      accepted: isBase ? [] : before.changes.filter(({ acceptable }) => acceptable),
      notices,
      plan: planTable(declaration, table),
      ms: elapsed(),
    }
  }
}

/** What others did and the declaration cannot go on with: accepted, it would be in the way for ever. */
function refuseUnacceptable({ table, changes }: Plan, directory: string): void {
  const obstacles = changes
    .filter(({ kind, cause, acceptable }) => kind === 'breaking' && cause === 'other program' && !acceptable)
    .map(({ path, change, rule, reason, fix }) => ({
      what: `a change of another program: ${rule}`,
      where: path,
      why: `${change}. ${reason ?? ''}`.trim(),
      fix: fix ?? '',
    }))
  if (obstacles.length > 0) throw adoptionRefused(table, directory, obstacles)
}

/** The declaration there is, or a new one with its text. @throws HypError ADOPTION_REFUSED, USAGE */
async function declarationFor(
  home: Home,
  target: AdoptionTarget,
  observed: Table,
): Promise<{ readonly declaration: Declaration; readonly text?: string }> {
  const { table, directory, declaration } = target
  const { metadata } = observed
  const obstacles = metadataObstacles(metadata)
  const declared =
    declaration === undefined ? newDeclaration(home, target, observed, obstacles.length > 0) : { declaration }
  // Whoever adopted a declared table once looked at its files then.
  if (declaration === undefined || readApplied(metadata.properties).schemaId === undefined)
    obstacles.push(...(await placeObstacles(observed, directory)), ...(await fileObstacles(observed)))
  if ('obstacles' in declared) obstacles.push(...declared.obstacles)
  if (obstacles.length > 0 || 'obstacles' in declared) throw adoptionRefused(table, directory, obstacles)
  return declared
}

/** Whether the present shape is what was last applied or adopted. */
function isAdopted(metadata: TableMetadata): boolean {
  const { schemaId, specId, sortOrderId } = readApplied(metadata.properties)
  return (
    schemaId === metadata['current-schema-id'] &&
    specId === metadata['default-spec-id'] &&
    sortOrderId === metadata['default-sort-order-id']
  )
}
