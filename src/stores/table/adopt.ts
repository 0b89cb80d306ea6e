import { join } from 'node:path'
import { HypError } from '../../errors.ts'
import { backOff, isCode, patience } from '../../iceberg/append.ts'
import { type Catalog, makeDurable, type Table } from '../../iceberg/catalog/catalog.ts'
import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { IcebergError } from '../../iceberg/errors.ts'
import { isNotFound, writeFile } from '../../iceberg/file-io/file-io.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import type { TableMetadata } from '../../iceberg/types.ts'
import { stageAdoption } from '../../schema/adopt.ts'
import { readApplied } from '../../schema/applied.ts'
import { builtinDeclaration, newestRelease } from '../../schema/builtin.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { type Mistake, readDeclarationFile } from '../../schema/declaration-file.ts'
import { declarationOf, printDeclaration } from '../../schema/declaration-of.ts'
import { type Plan, type PlannedChange, planTable } from '../../schema/plan.ts'
import type { Home } from '../home.ts'
import { fileObstacles } from './adopt/file-obstacles.ts'
import { metadataObstacles } from './adopt/metadata-obstacles.ts'
import { type Notice, noticesOf } from './adopt/notice.ts'
import type { Obstacle } from './adopt/obstacle.ts'
import { placeObstacles } from './adopt/place-obstacles.ts'
import { type AdoptionRequest, type AdoptionTarget, adoptionTarget, placeOf } from './adopt/target.ts'
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
  for (let attempt = 0; ; attempt++) {
    const observed = await observe(catalog, request.target, target, declarations)
    try {
      return await adoptOnce(observed)
    } catch (error) {
      if (!isCode(error, 'COMMIT_CONFLICT') || !patience(observed.metadata)(attempt)) throw error
      await backOff(attempt, context.random)
    }
  }

  async function adoptOnce(observed: Table): Promise<Adoption> {
    const declared = await declarationFor(home, target, file, observed)
    const { declaration } = declared
    const before = planTable(declaration, observed)
    if (before.verdict === 'newer') refuse(before)
    const isBase = isAdopted(observed.metadata)
    const notices = await noticesOf(observed, directory)
    if (isBase) await makeDurable(observed)
    const elapsed = (): number => Math.round((context.monotonic() - start) * 10) / 10
    const stamp = { at: new Date(context.now()).toISOString(), ms: elapsed(), hyp: context.version }
    const table = isBase ? observed : await catalog.commit(observed, stageAdoption(before, observed.metadata, stamp))
    // Behind the commit: a table that is adopted and not declared is nobody's trouble, and adopting it again declares it.
    if (declared.text !== undefined) await writeNew(file, declared.text, context.uniqueName())
    return {
      action: isBase ? 'none' : 'adopt',
      declaration,
      file: declared.text !== undefined || (await localFileIO.size(file)) !== undefined ? file : null,
      isFileNew: declared.text !== undefined,
      directory,
      table,
      accepted: isBase ? [] : before.changes.filter(({ cause }) => cause === 'other program'),
      notices,
      plan: planTable(declaration, table),
      ms: elapsed(),
    }
  }
}

/** @throws HypError TABLE_NOT_FOUND that says what was looked for, ADOPTION_REFUSED for metadata of a version not known */
async function observe(
  catalog: Catalog,
  typed: string,
  { table, directory, declaration }: AdoptionTarget,
  declarations: readonly Declaration[],
): Promise<Table> {
  try {
    return await catalog.load()
  } catch (error) {
    if (error instanceof IcebergError && error.code === 'FORMAT_UNSUPPORTED')
      throw refused(table, directory, [
        {
          what: 'metadata that is not known',
          where: directory,
          why: `${error.message}.`,
          fix: 'Adopt it with a later version of hyp.',
        },
      ])
    if (!isCode(error, 'TABLE_NOT_FOUND') && !isNotFound(error) && !isNoDirectory(error)) throw error
const looked = `neither v<N>.metadata.json nor <N>-<uuid>.metadata.json is in ${directory}/metadata`
    if (declaration !== undefined)
      throw new HypError('TABLE_NOT_FOUND', `The declared table ${table} is not there: ${looked}.`, {
        hint: 'Run `hyp apply`: it creates the table.',
        details: { directory },
      })
    throw new HypError('TABLE_NOT_FOUND', `${typed} is neither a declared table nor the directory of one: ${looked}.`, {
      hint: `Name the directory that holds the table’s \`metadata\`, or one of the declared: ${declarations.map(each => each.table).join(', ')}.`,
      details: { directory },
    })
  }
}

function isNoDirectory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOTDIR'
}

/** The declaration there is, or a new one with its text. @throws HypError ADOPTION_REFUSED */
async function declarationFor(
  home: Home,
  target: AdoptionTarget,
  file: string,
  observed: Table,
): Promise<{ readonly declaration: Declaration; readonly text?: string }> {
  const { table, directory, declaration } = target
  const { metadata } = observed
  const ofMetadata = metadataObstacles(metadata)
  const obstacles = [...ofMetadata]
  // Whoever adopted it once looked at its files then.
  if (readApplied(metadata.properties).schemaId === undefined)
    obstacles.push(...(await placeObstacles(observed, directory)), ...(await fileObstacles(observed)))
  if (declaration !== undefined) {
    if (obstacles.length > 0) throw refused(table, directory, obstacles)
    return { declaration }
  }
  const text = printDeclaration(declarationOf({ table, release: 1, ...placeOf(home, target) }, metadata))
  const read = readDeclarationFile({ text, path: file, base: builtinDeclaration(newestRelease), table })
  if ('mistakes' in read) {
    const fault = read.mistakes.find(({ code }) => code === 'bad-table')
    if (fault !== undefined)
      throw new HypError('USAGE', fault.message, { hint: `Name the table with --name. ${fault.hint ?? ''}`.trimEnd() })
    obstacles.push(...read.mistakes.filter(({ code }) => ofMetadata.length === 0 || !seen.has(code)).map(undeclarable))
  }
  if (obstacles.length > 0 || 'mistakes' in read) throw refused(table, directory, obstacles)
  const { changes } = planTable(read.declaration, observed)
  if (changes.length > 0) throw refused(table, directory, changes.map(unlike))
  return { declaration: read.declaration, text }
}

/** Mistakes in the text that follow from what the metadata was refused for. */
const seen: ReadonlySet<Mistake['code']> = new Set([
  'v3-type',
  'unknown-type',
  'duplicate-name',
  'bad-transform',
  'unknown-column',
])

/** What the table has and a declaration cannot say. */
function undeclarable({ path, message, hint }: Mistake): Obstacle {
  return {
    what: 'something that cannot be declared',
    where: path === '' ? '(declaration)' : path,
    why: message,
    fix: hint ?? 'Change it with the engine that made the table.',
  }
}

function unlike({ path, change, rule }: PlannedChange): Obstacle {
  return {
    what: 'something that cannot be declared',
    where: path,
    why: `${rule}: ${change}.`,
    fix: 'Change it with the engine that made the table.',
  }
}

function refused(table: string, directory: string, obstacles: readonly Obstacle[]): HypError {
  const names = obstacles.map(({ what, where }) => `${what}: ${where}`).join('; ')
  const things = obstacles.length === 1 ? 'One thing is' : `${obstacles.length} things are`
  return new HypError('ADOPTION_REFUSED', `${directory} cannot be adopted as it is. ${things} in the way: ${names}.`, {
    details: { table, directory, obstacles },
  })
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

/** Writes a file that is not there, whole or not at all. @throws HypError USAGE where there is one after all */
async function writeNew(path: string, text: string, unique: string): Promise<void> {
  const directory = path.slice(0, path.lastIndexOf('/'))
  const temporary = `${directory}/.${unique}.tmp`
  await localFileIO.makeDirectory(directory)
  await writeFile(localFileIO, temporary, new TextEncoder().encode(text))
  try {
    if (!(await localFileIO.link(temporary, path)))
      throw new HypError('USAGE', `Somebody wrote ${path} at this moment; it was left as it is.`, {
        hint: 'Run `hyp plan`, which holds the table against it.',
      })
  } finally {
    await localFileIO.remove(temporary)
  }
  await localFileIO.syncDirectory(directory)
}
