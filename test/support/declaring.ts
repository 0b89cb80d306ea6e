import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from './home.ts'

export interface DeclaredColumn {
  readonly name: string
  readonly type: string | object
  readonly required?: boolean
  readonly from?: string
  readonly renamedFrom?: string
}

/** Declares a further table whole. */
export function declareTable(
  here: Machine,
  table: string,
  columns: readonly DeclaredColumn[],
  more: object = {},
): void {
  mkdirSync(join(here.home, 'schema'), { recursive: true })
  const text = JSON.stringify({ table, columns, identifier: [], partitionBy: [], sortBy: [], ...more })
  writeFileSync(join(here.home, `schema/${table}.json`), text)
}
