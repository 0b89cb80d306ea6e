import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { HypError } from '../../src/errors.ts'
import type { TableMetadata } from '../../src/iceberg/types.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import type { Plan } from '../../src/schema/plan.ts'
import { loadDeclarations } from '../../src/stores/declared.ts'
import { type Home, homeAt } from '../../src/stores/home.ts'
import type { Obstacle } from '../../src/stores/table/adopt/obstacle.ts'
import { type Adoption, type AdoptOptions, adoptTable } from '../../src/stores/table/adopt.ts'
import { planOf } from '../../src/stores/table/apply-tables.ts'
import { systemContext } from '../../src/stores/table/catalog.ts'
import { append, createTable, optional, required, type TestTable, temporaryFolder } from '../support/table.ts'

/*
 * A home beside which tables lie that it does not know.
 */

export interface Place {
  /** Holds everything else. */
  readonly folder: string
  readonly home: Home
  adopt(target: string, name?: string, context?: Partial<AdoptOptions['context']>): Promise<Adoption>
  /** What an adoption is refused with. */
  refusal(target: string, name?: string): Promise<HypError>
  /** Everything that is in the way of an adoption. */
  obstacles(target: string): Promise<readonly Obstacle[]>
  declared(table: string): Promise<Declaration>
  plan(table: string): Promise<Plan>
}

export async function newPlace(): Promise<Place> {
  const folder = await temporaryFolder()
  const home = homeAt(join(folder, 'home'))
  await mkdir(home.schema, { recursive: true })
  return placeAt(folder, home)
}

export function placeAt(folder: string, home: Home): Place {
  return { folder, home, adopt, refusal, obstacles, declared, plan }

  async function adopt(
    target: string,
    name?: string,
    context: Partial<AdoptOptions['context']> = {},
  ): Promise<Adoption> {
    const declarations = await loadDeclarations(home, 9)
    const request = { target, directory: target, name }
    return adoptTable({ home, declarations, request, context: { ...systemContext, ...context } })
  }

  function refusal(target: string, name?: string): Promise<HypError> {
    return adopt(target, name).then(
      () => Promise.reject(new Error('it was not refused')),
      (cause: unknown) => cause as HypError,
    )
  }

  async function obstacles(target: string): Promise<readonly Obstacle[]> {
    const error = await refusal(target)
    if (error.code !== 'ADOPTION_REFUSED') throw error
    const found = error.details['obstacles'] as readonly Obstacle[]
    for (const { what, where, why, fix } of found) {
      expect([what, where]).not.toContain('')
      expect(why).toMatch(/\.$/)
      expect(fix).toMatch(/\.$/)
    }
    return found
  }

  async function declared(table: string): Promise<Declaration> {
    return (await loadDeclarations(home, 9)).find(declaration => declaration.table === table) as Declaration
  }

  async function plan(table: string): Promise<Plan> {
    return planOf(home, await declared(table))
  }
}

export const columns = [required('id', 'long'), optional('name', 'string'), optional('at', 'timestamptz')]

/** A table with two rows that nobody declared, in a directory of its own. */
export async function foreign(directory: string): Promise<TestTable> {
  const shape = { columns, partitionBy: ['day(at)'], sortBy: ['-id'] }
  const rows = [1n, 2n].map(id => ({ id, name: `n${id}`, at: 0n }))
  return append(await createTable(shape, directory), rows)
}

/** Changes the newest metadata file as no commit would. */
export async function tamper(
  { table }: TestTable,
  change: (metadata: TableMetadata) => Record<string, unknown>,
): Promise<void> {
  const path = table.path(table.metadataLocation)
  const metadata = JSON.parse(await readFile(path, 'utf8')) as TableMetadata
  await writeFile(path, JSON.stringify(change(metadata)))
}
