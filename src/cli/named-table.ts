import { HypError, toHypError } from '../errors.ts'
import type { Table } from '../iceberg/catalog/catalog.ts'
import { builtinTable } from '../schema/builtin.ts'
import type { Declaration } from '../schema/declaration.ts'
import { loadDeclaration, loadDeclarations } from '../stores/declared.ts'
import { openCatalog } from '../stores/table/catalog.ts'
import type { CommandContext } from './context.ts'

/** A table as it is now, under the name it is declared by. */
export interface NamedTable extends Table {
  readonly name: string
  /** Undefined for the built-in table where its declaration is not valid. */
  readonly declaration: Declaration | undefined
}

/** The tables of a home, and why the others could not be opened. */
export interface NamedTables {
  readonly tables: readonly NamedTable[]
  /** Why nothing but the built-in table is known, where that is so. */
  readonly mistake: HypError | undefined
  readonly absent: readonly { readonly name: string; readonly error: HypError }[]
}

/**
 * The table that a command names; the built-in one when it names none. That one is found without a declaration, so a
 * mistake in a file keeps nobody from reading it.
 * @throws HypError USAGE for a name that is not declared, TABLE_NOT_FOUND, and errors of the metadata
 */
export async function loadTable(context: CommandContext, name: string = builtinTable): Promise<NamedTable> {
  const { home, release } = context
  if (name !== builtinTable) return open(context, await loadDeclaration(home, release, name))
  try {
    return await open(context, { table: name })
  } catch (error) {
    if (!(error instanceof HypError) || error.code !== 'TABLE_NOT_FOUND') throw error
    const others = (await declarations(context)).places.flatMap(({ table }) => (table === name ? [] : [table]))
    if (others.length === 0) throw error
    const hint = `${error.hint} Other tables are named: ${others.join(', ')}.`
    throw new HypError(error.code, error.message, { hint, details: error.details, cause: error })
  }
}

/** Every declared table; the built-in one alone where a declaration is invalid. */
export async function loadTables(context: CommandContext): Promise<NamedTables> {
  const tables: NamedTable[] = []
  const absent: { name: string; error: HypError }[] = []
  const { places, mistake } = await declarations(context)
  for (const declaration of places) {
    const opened = await open(context, declaration).catch(toHypError)
    if (opened instanceof HypError) absent.push({ name: declaration.table, error: opened })
    else tables.push(opened)
  }
  return { tables, mistake, absent }
}

type Place = Pick<Declaration, 'table' | 'location'>

/** Where the tables are. One mistake in a declaration hides all others: what they are called may be part of it. */
interface Places {
  readonly places: readonly (Place | Declaration)[]
  readonly mistake: HypError | undefined
}

async function declarations({ home, release }: CommandContext): Promise<Places> {
  try {
    return { places: await loadDeclarations(home, release), mistake: undefined }
  } catch (error) {
    return { places: [{ table: builtinTable }], mistake: toHypError(error) }
  }
}

async function open({ home }: CommandContext, place: Place | Declaration): Promise<NamedTable> {
  const { table: name } = place
  try {
    const declaration = 'columns' in place ? place : undefined
    return { ...(await openCatalog(home, place).load()), name, declaration }
  } catch (cause) {
    const error = toHypError(cause)
    if (error.code !== 'TABLE_NOT_FOUND' || name === builtinTable) throw error
    throw new HypError(error.code, error.message, {
      hint: 'Run `hyp apply`: it creates the table.',
      details: error.details,
      cause,
    })
  }
}
