import { HypError } from '../errors.ts'
import type { Table } from '../iceberg/catalog/catalog.ts'
import { heldDeclaration } from '../ingest/backfill/held-declaration.ts'
import { withFieldIds } from '../ingest/flush/captured-ids.ts'
import { readApplied } from '../schema/applied.ts'
import { builtinTable } from '../schema/builtin.ts'
import type { Declaration } from '../schema/declaration.ts'
import type { Plan } from '../schema/plan.ts'
import { loadDeclaration, loadDeclarations, undeclared } from '../stores/declared.ts'
import { type Home, tableDirectory } from '../stores/home.ts'
import type { AdoptionRequest } from '../stores/table/adopt/target.ts'
import { type Adoption, adoptTable } from '../stores/table/adopt.ts'
import { applyTables, type Outcome } from '../stores/table/apply-tables.ts'
import { openCatalog, systemContext } from '../stores/table/catalog.ts'
import { movedFrom } from '../stores/table/moved.ts'
import { observeTable, type Receipt } from '../stores/table/store.ts'
import type { DaemonEvent } from './event.ts'
import { type TableStatus, tableStatus } from './table-status.ts'

/** A declared table of a running daemon. */
export interface KeptTable {
  /** The one that was applied last; where that never worked, the one that was not. */
  readonly declaration: Declaration
  /** The same, as rows are taken under it: with the field ids of its columns, where it is applied. */
  readonly captured: Declaration
  /** What rows of histories are made under: the same, but what the built-in table is while it refuses that. */
  readonly imported: Declaration
  /** The schema that the declaration came to in the table; undefined where it is not applied. */
  readonly appliedSchemaId?: number | undefined
  /** Why the table is not as it is declared. */
  readonly failure: HypError | undefined
}

/** Which tables to apply: all of them, one, or the one whose plan has an id. */
export interface ApplyRequest {
  readonly table?: string | undefined
  readonly expect?: string | undefined
}

/** The tables of a daemon, the built-in one among them. */
export interface Tables {
  readonly builtin: () => KeptTable
  readonly find: (table: string) => KeptTable | undefined
  /** Of all of them. */
  readonly names: () => readonly string[]
  /** Reads the declarations again and applies them. @throws HypError DECLARATION_INVALID, NOT_FOUND, PLAN_CHANGED */
  apply(request: ApplyRequest): Promise<Outcome[]>
  /** @throws HypError as `adoptTable` */
  adopt(request: AdoptionRequest): Promise<Adoption>
  /** @param beside what else is known of a table */
  status(beside: (table: string) => Promise<Pick<TableStatus, 'spool' | 'maintenance'>>): Promise<TableStatus[]>
}

/** The declared table of a name, where it is needed. @throws HypError NOT_FOUND */
export function keptTable(find: Tables['find'], table: string): KeptTable {
  const kept = find(table)
  if (kept !== undefined) return kept
  throw undeclared(table)
}

export interface TablesOptions {
  readonly home: Home
  readonly release: number
  readonly onEvent: (event: DaemonEvent) => void
}

/**
 * Brings every table to its declaration. One whose declaration breaks it stays
 * as it is, and so does a further table that cannot be read: the others go on.
 * @throws HypError DECLARATION_INVALID; STORE_NEWER and whatever else is wrong with the built-in table, with nothing
 *   changed
 */
export async function openTables({ home, release, onEvent }: TablesOptions): Promise<Tables> {
  const kept = new Map<string, KeptTable>()
  const declarations = await loadDeclarations(home, release)
  const isBuiltin = ({ table }: Declaration): boolean => table === builtinTable
  const [builtin] = await applyAndTell(declarations.filter(isBuiltin))
  if (builtin?.result instanceof HypError && builtin.result.code !== 'SCHEMA_BREAKING') throw builtin.result
  await applyAndTell(declarations.filter(declaration => !isBuiltin(declaration)))
  let changing: Promise<unknown> = Promise.resolve()

  return {
    builtin: () => kept.get(builtinTable) as KeptTable,
    find: table => kept.get(table),
    apply: request => inTurn(() => apply(request)),
    adopt: request => inTurn(() => adopt(request)),
    names: () => [...kept.keys()],
    status: beside =>
      Promise.all(
        Array.from(kept.values(), async ({ declaration }) =>
          tableStatus(home, declaration, await beside(declaration.table)),
        ),
      ),
  }

  /** One change at a time: of two that read the declarations, the one that read them first must not end last. */
  function inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const turn = changing.then(change)
    changing = turn.catch(() => undefined)
    return turn
  }

  async function apply({ table, expect }: ApplyRequest): Promise<Outcome[]> {
    const all = await loadDeclarations(home, release)
    const wanted = table === undefined ? all : [await loadDeclaration(home, release, table)]
    const outcomes = await applyAndTell(wanted, expect)
    forget(all)
    return outcomes
  }

  async function adopt(request: AdoptionRequest): Promise<Adoption> {
    const all = await loadDeclarations(home, release)
    const adoption = await adoptTable({ home, declarations: all, request, context: systemContext })
    const { declaration, table, accepted, directory } = adoption
    forget(all)
    // What waits for an apply goes on waiting: rows that are taken before it would lack what it brings.
    if (kept.get(declaration.table)?.failure === undefined)
      keep(kept.get(declaration.table)?.declaration ?? declaration, table)
    if (adoption.action === 'adopt')
      onEvent({
        type: 'adopted',
        table: declaration.table,
        directory,
        schemaId: table.metadata['current-schema-id'],
        accepted: accepted.map(({ code, path }) => ({ code, path })),
        ms: adoption.ms,
      })
    return adoption
  }

  async function applyAndTell(wanted: readonly Declaration[], expect?: string): Promise<Outcome[]> {
    const outcomes = await applyTables({ home, declarations: wanted, context: systemContext, expect })
    for (const { declaration, result } of outcomes) {
      const known = kept.get(declaration.table)
      if (!(result instanceof HypError)) keep(declaration, result.table)
      // A table that is well goes on under the declaration it has.
      else if (known === undefined || known.failure !== undefined)
        kept.set(declaration.table, {
          declaration,
          captured: declaration,
          imported: await importedBy(declaration, result),
          failure: result,
        })
      onEvent(result instanceof HypError ? failed(declaration.table, result) : done(result))
      if (!(result instanceof HypError)) await tellMoved(declaration, result.table)
    }
    return outcomes
  }

  async function tellMoved(declaration: Declaration, { metadata }: Table): Promise<void> {
    const directory = tableDirectory(home, declaration)
    const location = await movedFrom(metadata, directory)
    if (location !== null) onEvent({ type: 'moved', table: declaration.table, location, directory })
  }

  async function importedBy(refused: Declaration, { code }: HypError): Promise<Declaration> {
    if (code !== 'SCHEMA_BREAKING') return refused
    const table = await observeTable(openCatalog(home, refused))
    return table === null ? refused : heldDeclaration(refused, table.metadata)
  }

  function keep(declaration: Declaration, { metadata }: Table): void {
    const captured = withFieldIds(declaration, metadata)
    const appliedSchemaId = readApplied(metadata.properties).schemaId
    kept.set(declaration.table, { declaration, captured, imported: captured, appliedSchemaId, failure: undefined })
  }

  /** Tables whose declaration was taken away are nobody's business any more. */
  function forget(all: readonly Declaration[]): void {
    const names = new Set(all.map(({ table }) => table))
    for (const name of kept.keys()) if (!names.has(name)) kept.delete(name)
  }
}

function done(receipt: Receipt): DaemonEvent {
  const { table } = receipt.plan
  const { schemaId, release: to, rows } = receipt.after
  if (receipt.action === 'none') return { type: 'unchanged', table, release: to, schemaId, rows }
  const { declared, changes } = receipt.plan
  if (receipt.action === 'create')
    return { type: 'created', table, release: declared.release, columns: declared.columns, ms: receipt.ms }
  return {
    type: 'evolved',
    table,
    from: { release: receipt.before?.release ?? null, schemaId: receipt.before?.schemaId ?? 0 },
    to: { release: to, schemaId },
    repaired: receipt.kind === 'repair',
    changes: changes.filter(change => change.kind === 'in-place').map(change => `${change.sign} ${change.path}`),
    ms: receipt.ms,
  }
}

function failed(table: string, { code, message, hint, details }: HypError): DaemonEvent {
  const plan = details['plan'] as Plan | undefined
  if (code !== 'SCHEMA_BREAKING' || plan === undefined) return { type: 'table-failed', table, code, message, hint }
  const breaking = plan.changes
    .filter(change => change.kind === 'breaking')
    .map(change => ({ code: change.code, path: change.path }))
  return {
    type: 'refused',
    table,
    planId: plan.id,
    declared: plan.declared.release,
    found: plan.found?.release ?? null,
    breaking,
  }
}
