import { HypError } from '../../../errors.ts'
import type { Table } from '../../../iceberg/catalog/catalog.ts'
import { readApplied } from '../../../schema/applied.ts'
import { builtinDeclaration, newestRelease } from '../../../schema/builtin.ts'
import type { Declaration } from '../../../schema/declaration.ts'
import { type Mistake, readDeclarationFile } from '../../../schema/declaration-file.ts'
import { declarationOf, printDeclaration } from '../../../schema/declaration-of.ts'
import { type PlannedChange, planTable } from '../../../schema/plan.ts'
import type { Home } from '../../home.ts'
import type { Obstacle } from './obstacle.ts'
import { type AdoptionTarget, placeOf } from './target.ts'

/** A declaration that a table is exactly as it should be, and its text; or what of the table cannot be declared. */
export type NewDeclaration =
  | { readonly declaration: Declaration; readonly text: string }
  | { readonly obstacles: readonly Obstacle[] }

/**
 * Declares a table as it is, and reads what was written as it will be read from then on.
 * @param known whether other obstacles were found: what follows from those is not told again
 * @throws HypError USAGE for a name that no table can have
 */
export function newDeclaration(home: Home, target: AdoptionTarget, observed: Table, known: boolean): NewDeclaration {
  const { table } = target
  const { metadata } = observed
  // A table that hyp made elsewhere has a release; one of an earlier release would be refused.
  const release = readApplied(metadata.properties).release ?? 1
  const wanted = declarationOf({ table, release, ...placeOf(home, target) }, metadata)
  const text = printDeclaration(wanted)
  const base = builtinDeclaration(newestRelease)
  const read = readDeclarationFile({ text, path: `${home.schema}/${table}.json`, base, table })
  if ('mistakes' in read) {
    const fault = read.mistakes.find(({ code }) => code === 'bad-table')
    if (fault !== undefined)
      throw new HypError('USAGE', fault.message, { hint: `Name the table with --name. ${fault.hint ?? ''}`.trimEnd() })
    const news = read.mistakes.filter(({ code }) => !known || !followed.has(code))
    return { obstacles: news.map(mistake => undeclarable(mistake, wanted)) }
  }
  const { changes } = planTable(read.declaration, observed)
  return changes.length === 0 ? { declaration: read.declaration, text } : { obstacles: changes.map(unlike) }
}

/** Mistakes in the text that follow from what the metadata was refused for. */
const followed: ReadonlySet<Mistake['code']> = new Set([
  'v3-type',
  'unknown-type',
  'duplicate-name',
  'bad-transform',
  'unknown-column',
])

/** What the table has and a declaration cannot say. */
function undeclarable({ path, message, hint }: Mistake, { columns }: Declaration): Obstacle {
  const index = /^\/columns\/(\d+)/.exec(path)?.[1]
  return {
    what: 'something that cannot be declared',
    where: (index === undefined ? undefined : columns[Number(index)]?.name) || path || '(declaration)',
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
