import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { shellWord } from '../daemon/shell-word.ts'
import { HypError, toHypError } from '../errors.ts'
import { fileCatalog } from '../iceberg/catalog/file-catalog.ts'
import { localPath } from '../iceberg/catalog/location.ts'
import { parseMetadataName } from '../iceberg/catalog/versions.ts'
import { localFileIO } from '../iceberg/file-io/local.ts'
import { parseMetadata } from '../iceberg/metadata.ts'
import { tableAsDeclared } from '../schema/as-declared.ts'
import { builtinDeclaration } from '../schema/builtin.ts'
import { declarationInvalid, type Mistake, type Places, readDeclarationFile } from '../schema/declaration-file.ts'
import { type Observed, type Plan, planTable } from '../schema/plan.ts'
import { type Declared, declaredTable, loadDeclared, readText } from '../stores/declared.ts'
import { openCatalog, systemContext } from '../stores/table/catalog.ts'
import { observeTable } from '../stores/table/store.ts'
import type { CommandContext } from './context.ts'

/** What is to be planned, as the command line says it. */
export interface PlanRequest {
  /** One declared table of the home; every one when left out. */
  readonly table: string | undefined
  /** A declaration file, in place of the home's. */
  readonly declare: string | undefined
  /** A declaration file that stands for the table: what was applied before. */
  readonly against: string | undefined
  /** Any Iceberg table: its directory or one of its metadata files. */
  readonly tablePath: string | undefined
}

/**
 * Where a plan's table is: in the home, there too but planned under a file that is not the home's, at some path, or
 * nowhere, made of an earlier declaration.
 */
export type PlannedAt =
  | { readonly kind: 'home' }
  /** `place`: where in the home the file would have to be. */
  | { readonly kind: 'file'; readonly file: string; readonly place: string }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'base'; readonly file: string }

/** A plan, and what is known of where it comes from. */
export interface Planned {
  readonly plan: Plan
  readonly at: PlannedAt
  /** The file that declares the table; null for the built-in table that nothing extends. */
  readonly file: string | null
  /** Where in the file its columns stand. */
  readonly places: Places
}

/** A declared table that there is no plan of, because it cannot be read. */
export interface PlanFailure {
  readonly table: string
  readonly error: HypError
}

/** The plans of a request, and of which tables there is none. */
export interface PlannedTables {
  readonly planned: readonly Planned[]
  readonly failures: readonly PlanFailure[]
}

/**
 * Makes the plans of a request. Reads only, and only what the request names:
 * with two files, or a file and a table, no home has to be there. Where several tables are planned, one that cannot be
 * read keeps nobody else.
 * @throws HypError USAGE, DECLARATION_INVALID, TABLE_NOT_FOUND for a path without a table, and errors of the metadata
 */
export async function plansOf(context: CommandContext, request: PlanRequest): Promise<PlannedTables> {
  const { table, declare, against, tablePath } = request
  if (table !== undefined && (declare ?? against ?? tablePath) !== undefined)
    throw new HypError('USAGE', `A table of the home is named beside a file: ${table}.`, {
      hint: 'The file says which table it is of. Leave the name out.',
    })
  if (tablePath !== undefined) return only(await againstPath(context, tablePath, request))
  if (against !== undefined) return only(await againstFile(context, against, declare))
  if (declare !== undefined) return only(await underFile(context, declare))
  return againstHome(context, table)
}

function only(planned: Planned): PlannedTables {
  return { planned: [planned], failures: [] }
}

async function againstHome(context: CommandContext, table: string | undefined): Promise<PlannedTables> {
  const { home, release } = context
  const all = await loadDeclared(home, release)
  const declared = table === undefined ? all : [declaredTable(all, table)]
  const planned: Planned[] = []
  const failures: PlanFailure[] = []
  for (const one of declared) {
    const observed = await observeTable(openCatalog(home, one.declaration)).catch(toHypError)
    if (!(observed instanceof HypError)) planned.push(plannedAt(one, observed, { kind: 'home' }, 'hyp plan'))
    else if (declared.length === 1) throw observed
    else failures.push({ table: one.declaration.table, error: observed })
  }
  return { planned, failures }
}

/** A file in place of the home's: what it would do to the table of the home, once it is there. */
async function underFile({ home, release }: CommandContext, file: string): Promise<Planned> {
  const again = `hyp plan --declare ${shellWord(file)}`
  const [declared] = await loadFiles([file], release, again)
  const place = join(home.schema, `${declared.declaration.table}.json`)
  const observed = await observeTable(openCatalog(home, declared.declaration))
  return plannedAt(
    declared,
    observed,
    resolve(file) === place ? { kind: 'home' } : { kind: 'file', file, place },
    again,
  )
}

async function againstFile(context: CommandContext, against: string, declare: string | undefined): Promise<Planned> {
  const { home, release } = context
  const again = `hyp plan --against ${shellWord(against)}${declare === undefined ? '' : ` --declare ${shellWord(declare)}`}`
  const [{ declaration: base }, named] = await loadFiles(
    [against, ...(declare === undefined ? [] : [declare])],
    release,
    again,
  )
  const present = named ?? declaredTable(await loadDeclared(home, release), base.table)
  const { table } = present.declaration
  if (table !== base.table)
    throw new HypError('USAGE', `${against} declares ${base.table}, and ${present.file} declares ${table}.`, {
      hint: 'Name an earlier declaration of the same table.',
    })
  return plannedAt(present, tableAsDeclared(base), { kind: 'base', file: against }, again)
}

async function againstPath(context: CommandContext, path: string, request: PlanRequest): Promise<Planned> {
  const { declare, against } = request
  if (against !== undefined)
    throw new HypError('USAGE', 'A plan is made against one thing: --table or --against.', {
      hint: 'Leave one of the two out.',
    })
  if (declare === undefined)
    throw new HypError('USAGE', 'There is no declaration to plan the table under.', {
      hint: `Name the file that says what the table should be: --declare FILE. docs/declaring.md has its form.`,
    })
  const again = `hyp plan --table ${shellWord(path)} --declare ${shellWord(declare)}`
  const [declared] = await loadFiles([declare], context.release, again, 'whole')
  const { observed, directory } = await observePath(path)
  return plannedAt(declared, observed, { kind: 'path', path: directory }, again)
}

function plannedAt(
  { declaration, file, places }: Declared,
  observed: Observed | null,
  at: PlannedAt,
  again: string,
): Planned {
  const plan = planTable(declaration, observed)
  return { plan: at.kind === 'home' ? plan : retarget(plan, at, again), at, file, places }
}

/** A plan whose commands speak of the home's table, with those that speak of what it was made of. */
function retarget(plan: Plan, at: PlannedAt, again: string): Plan {
  const changes = plan.changes.map(change => {
    const { command } = change
    if (command === null) return change
    const release = /--as-release \d+$/.exec(command)?.[0]
    if (release !== undefined) return { ...change, command: `${again} ${release}` }
    if (!command.startsWith('hyp adopt ') || at.kind === 'base') return { ...change, command: again }
    return { ...change, command: at.kind === 'path' ? `hyp adopt ${shellWord(at.path)}` : command }
  })
  return { ...plan, changes }
}

type Loaded = readonly [Declared, ...Declared[]]

/**
 * The declarations of files that are named by hand, or the mistakes of all of them.
 * @param again the command that reads them again once they are mended
 */
async function loadFiles(
  paths: readonly string[],
  release: number,
  again: string,
  unnamed: 'extension' | 'whole' = 'extension',
): Promise<Loaded> {
  const base = builtinDeclaration(release)
  const mistakes: Mistake[] = []
  const declared: Declared[] = []
  for (const path of paths) {
    const result = readDeclarationFile({ text: await readText(path), path, base, unnamed })
    if ('mistakes' in result) mistakes.push(...result.mistakes)
    else declared.push({ ...result, file: path })
  }
  if (mistakes.length > 0) throw withAgain(declarationInvalid(mistakes), again)
  return declared as unknown as Loaded
}

function withAgain({ code, message, details, hint }: HypError, again: string): HypError {
  return new HypError(code, message, { details, hint: hint.replace('`hyp plan`', () => `\`${again}\``) })
}

interface Found {
  readonly observed: Observed
  readonly directory: string
}

async function observePath(named: string): Promise<Found> {
  if (/^(?!file:)[a-z][a-z\d+.-]*:\/\//i.test(named))
    throw notThere(named, `${named} is not on this machine: object stores and the like are not read.`)
  const path = resolve(localPath(named))
  try {
    const found = await stat(path)
    if (found.isFile()) {
      const metadata = parseMetadata(await localFileIO.read(path), path)
      return {
        observed: { metadata, version: parseMetadataName(basename(path))?.version ?? 0 },
        directory: tableOf(path),
      }
    }
    if (!found.isDirectory()) throw notThere(path, `${path} is neither a directory nor a file.`)
    // The format takes a directory that it may not look into for one that is not there.
    await readdir(join(path, 'metadata'))
  } catch (error) {
    const code = systemCode(error)
    if (code === undefined) throw error
    if (unreadable.has(code)) throw cannotBeRead(path, error)
    throw notThere(path, `There is no table at ${path}.`, error)
  }
  const catalog = fileCatalog({ io: localFileIO, directory: path, ...systemContext })
  const observed = await observeTable(catalog).catch((error: unknown) => {
    throw unreadable.has(systemCode(error) ?? '') ? cannotBeRead(path, error) : error
  })
  if (observed !== null) return { observed, directory: path }
  throw notThere(path, `There is no table at ${path}.`)
}

/** The directory of the table that a metadata file is of, which is what everything but a plan takes. */
function tableOf(file: string): string {
  const directory = dirname(file)
  return basename(directory) === 'metadata' ? dirname(directory) : directory
}

const unreadable: ReadonlySet<string> = new Set(['EACCES', 'EPERM'])

/** Of the operating system: not of ours, which are told as they are. */
function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const own = 'code' in error && typeof error.code === 'string' && 'syscall' in error ? error.code : undefined
  return own ?? (error.cause === undefined ? undefined : systemCode(error.cause))
}

function cannotBeRead(path: string, error: unknown): HypError {
  return notThere(path, `${path} cannot be read: ${(error as Error).message}.`, error)
}

function notThere(path: string, message: string, cause?: unknown): HypError {
  return new HypError('TABLE_NOT_FOUND', message, {
    hint: 'Name the directory that holds `metadata`, or one of the metadata files in it, on this machine.',
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  })
}
