import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { commitAppend, prepareAppend } from '../../src/iceberg/append.ts'
import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import { fileCatalog, tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { stageCreate } from '../../src/iceberg/create.ts'
import { writeDataFiles } from '../../src/iceberg/data-files.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { assignFreshIds, mergeFieldIdsFromTable, type WantedField } from '../../src/iceberg/ids.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { openQuerySession, type QuerySession, type QuerySessionOptions } from '../../src/query/session.ts'

/** What the product leaves in a table that it makes. */
export const creation = {
  'hyp.evolution.1': JSON.stringify({
    kind: 'creation',
    from: null,
    to: { release: 1, schema: 0 },
    changes: [],
    fingerprint: '',
    at: '2026-01-02T03:04:05.000Z',
    ms: 1,
    hyp: '0.0.0-test',
  }),
}

const context = { now: Date.now, random: Math.random, uniqueName: randomUUID }

/** A table in a directory of its own, written as the product writes it. */
export interface RealTable {
  readonly directory: string
  table(): Table
  append(rows: readonly Row[]): Promise<void>
  /** Gives the table these columns, found by name or `renamedFrom`. */
  evolve(columns: readonly WantedField[]): Promise<void>
}

export interface RealTableOptions {
  /** The last names of its directory. */
  readonly path?: string
  /** A column to partition by, and how. */
  readonly partition?: readonly [column: string, transform: string]
}

/** Makes a table that is removed after the test. */
export async function realTable(columns: readonly WantedField[], options: RealTableOptions = {}): Promise<RealTable> {
  const root = await mkdtemp(join(tmpdir(), 'hyp-query-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const directory = join(root, options.path ?? 'table')
  const catalog = fileCatalog({ io: localFileIO, directory, ...context })
  const { fields } = assignFreshIds(columns)
  const [partitionColumn, transform] = options.partition ?? []
  const source = fields.find(field => field.name === partitionColumn)?.id
  let table = await catalog.create(
    stageCreate({
      uuid: randomUUID(),
      location: tableLocation(directory),
      schema: { type: 'struct', 'schema-id': 0, fields },
      spec: {
        'spec-id': 0,
        fields:
          source === undefined || transform === undefined
            ? []
            : [{ 'source-id': source, 'field-id': 1000, name: `${partitionColumn}_part`, transform }],
      },
      sortOrder: { 'order-id': 0, fields: [] },
      properties: creation,
    }),
  )
  return {
    directory,
    table: () => table,
    append: async rows => {
      const files = await writeDataFiles(table, rows, { uniqueName: randomUUID, rowGroupRows: 1000 })
      const prepared = await prepareAppend(table, files, context)
      table = await commitAppend(catalog, table, prepared, context, (_fresh, _stale, same) => Promise.resolve(same))
    },
    evolve: async wanted => {
      const merged = mergeFieldIdsFromTable(wanted, table.metadata)
      table = await catalog.commit(table, {
        requirements: [],
        updates: [
          { action: 'add-schema', schema: { type: 'struct', 'schema-id': 0, fields: merged.fields } },
          { action: 'set-current-schema', 'schema-id': -1 },
        ],
      })
    },
  }
}

/** An optional column. */
export function column(name: string, type: WantedField['type'], renamedFrom?: string): WantedField {
  return { name, type, required: false, ...(renamedFrom === undefined ? {} : { renamedFrom }) }
}

/** A session that is closed after the test. */
export async function session(options: QuerySessionOptions): Promise<QuerySession> {
  const opened = await openQuerySession(options)
  onTestFinished(() => opened.close())
  return opened
}
