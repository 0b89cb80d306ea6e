import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { HypError } from '../errors.ts'
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
import { type CommandContext, quoted } from './context.ts'

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

/** Where a plan's table is: in the home, at some path, or nowhere, made of an earlier declaration. */
export type PlannedAt =
  | { readonly kind: 'home' }
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

/**
 * Makes the plans of a request. Reads only, and only what the request names:
 * with two files, or a file and a table, no home has to be there.
 * @throws HypError USAGE, DECLARATION_INVALID, TABLE_NOT_FOUND for a path without a table, and errors of the metadata
 */
export async function plansOf(context: CommandContext, request: PlanRequest): Promise<readonly Planned[]> {
  const { table, declare, against, tablePath } = request
  if (table !== undefined && (declare ?? against ?? tablePath) !== undefined)
    throw new HypError('USAGE', `A table of the home is named beside a file: ${table}.`, {
      hint: 'The file says which table it is of. Leave the name out.',
    })
  if (tablePath !== undefined) return [await againstPath(context, tablePath, request)]
  if (against !== undefined) return [await againstFile(context, against, declare)]
  return againstHome(context, request)
}

async function againstHome(context: CommandContext, { table, declare }: PlanRequest): Promise<readonly Planned[]> {
  const { home, release } = context
  let declared: readonly Declared[]
  if (declare !== undefined) declared = await loadFiles([declare], release)
  else {
    const all = await loadDeclared(home, release)
    declared = table === undefined ? all : [declaredTable(all, table)]
  }
  return Promise.all(
    declared.map(async one =>
      planned(one, await observeTable(openCatalog(home, one.declaration)), { kind: 'home' }, 'hyp plan'),
    ),
  )
}

async function againstFile(context: CommandContext, against: string, declare: string | undefined): Promise<Planned> {
  const { home, release } = context
  const [{ declaration: base }, named] = await loadFiles(
    [against, ...(declare === undefined ? [] : [declare])],
    release,
  )
  const present = named ?? declaredTable(await loadDeclared(home, release), base.table)
  const { table } = present.declaration
  if (table !== base.table)
    throw new HypError('USAGE', `${against} declares ${base.table}, and ${present.file} declares ${table}.`, {
      hint: 'Name an earlier declaration of the same table.',
    })
  const again = [
    'hyp plan',
    '--against',
    quoted(against),
    ...(declare === undefined ? [] : ['--declare', quoted(declare)]),
  ]
  return planned(present, tableAsDeclared(base), { kind: 'base', file: against }, again.join(' '))
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
  const [declared] = await loadFiles([declare], context.release, 'whole')
  const place = resolve(localPath(path))
  const again = `hyp plan --table ${quoted(path)} --declare ${quoted(declare)}`
  return planned(declared, await observePath(place), { kind: 'path', path: place }, again)
}

function planned(
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
    const isAdoption = at.kind === 'path' && command.startsWith('hyp adopt ')
    return { ...change, command: isAdoption ? `hyp adopt ${quoted(at.path)}` : again }
  })
  return { ...plan, changes }
}

type Loaded = readonly [Declared, ...Declared[]]

/** The declarations of files that are named by hand, or the mistakes of all of them. */
async function loadFiles(
  paths: readonly string[],
  release: number,
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
  if (mistakes.length > 0) throw declarationInvalid(mistakes)
  return declared as unknown as Loaded
}

async function observePath(path: string): Promise<Observed> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() === true) {
    const metadata = parseMetadata(await localFileIO.read(path), path)
    return { metadata, version: parseMetadataName(basename(path))?.version ?? 0 }
  }
  const table = await observeTable(fileCatalog({ io: localFileIO, directory: path, ...systemContext }))
  if (table !== null) return table
  throw new HypError('TABLE_NOT_FOUND', `There is no table at ${path}.`, {
    hint: 'Name the directory that holds `metadata`, or one of the metadata files in it.',
    details: { path },
  })
}
