import { DuckDBInstance } from '@duckdb/node-api'
import { commitAppend, prepareAppend } from '../../../src/iceberg/append.ts'
import type { Table } from '../../../src/iceberg/catalog/catalog.ts'
import { partitionRows, writeDataFile } from '../../../src/iceberg/data-files.ts'
import { currentSchema } from '../../../src/iceberg/ids.ts'
import type { DataFile } from '../../../src/iceberg/manifest/data-file.ts'
import { specById } from '../../../src/iceberg/metadata.ts'
import { liveDataFiles } from '../../../src/iceberg/snapshot.ts'
import { openQuerySession, type QuerySession } from '../../../src/query/session.ts'
import { builtinTable } from '../../../src/schema/builtin.ts'
import { fingerprint } from '../../../src/schema/fingerprint.ts'
import { systemContext } from '../../../src/stores/table/catalog.ts'
import type { Figure, Reading } from '../figure.ts'
import { rowsFrom } from '../rows.ts'
import { keptFolder } from '../scratch.ts'
import { apply, catalogAt, declared, withColumns } from '../tables.ts'
import { medians, ms } from '../timing.ts'

const rounds = 20
const files = 1000
const commitFiles = 20
const fileRows = 50

export const query: Figure = {
  name: 'query',
  about: `Querying a table of ${files} live data files, against bare \`read_parquet\` on the same files`,
  method: [
    'The table has every column of release 9, and a column that an evolution brought after half of its files.',
    'The rival is the same DuckDB in the same process, given the list of files; both with the same number of threads.',
    'Cold: ours loads the table, reads its manifests, starts the engine, makes the views, closes the engine to the',
    'outside and runs the query; the rival starts the engine and runs the query with `read_parquet` in place of the',
    'table. Warm: engine and view (the rival’s own `CREATE VIEW … read_parquet`) are there, only the query runs.',
    'What ours does besides when cold: it decodes the manifests, names the files that stay in reach one by one, binds',
    'the view as well as the query, and finds columns by field id. That is a fixed amount for so many files, so the',
    'ratio is worst where the query itself is short.',
    `Every row of the result is read. Medians of ${rounds} interleaved runs.`,
  ],
  measure: async () => {
    const catalog = catalogAt(await manyFiles())
    const table = await catalog.load()
    const paths = (await liveDataFiles(table)).map(({ file }) => table.path(file.location))
    if (paths.length !== files) throw new Error(`the table has ${paths.length} files, not ${files}`)
    const list = `read_parquet([${paths.map(path => `'${path.replaceAll("'", "''")}'`).join(', ')}])`
    const readings: Reading[] = []
    const warm = await openQuerySession({ tables: { [builtinTable]: table } })
    const bare = await DuckDBInstance.create(':memory:')
    const connection = await bare.connect()
    await connection.run(`CREATE VIEW messages AS FROM ${list}`)
    for (const { what, sql } of queries(table)) {
      const cold = await medians(
        rounds,
        {
          run: async () => {
            const session = await openQuerySession({ tables: { [builtinTable]: await catalog.load() } })
            await readAll(session, sql(builtinTable))
            await session.close()
          },
        },
        {
          run: async () => {
            const instance = await DuckDBInstance.create(':memory:')
            const once = await instance.connect()
            void (await once.runAndReadAll(sql(list))).getRows()
            once.closeSync()
            instance.closeSync()
          },
        },
      )
      readings.push(reading(`${what}, cold`, cold))
      const again = await medians(
        rounds,
        { run: () => readAll(warm, sql(builtinTable)) },
        { run: async () => void (await connection.runAndReadAll(sql('messages'))).getRows() },
      )
      readings.push(reading(`${what}, warm`, again))
    }
    await warm.close()
    connection.closeSync()
    bare.closeSync()
    return readings
  },
}

function reading(what: string, [ours, bare]: readonly [number, number]): Reading {
  return { what, value: ours / bare, unit: '×', atMost: 1.5, from: `${ms(ours)} against ${ms(bare)}` }
}

function queries(table: Table): readonly { readonly what: string; readonly sql: (from: string) => string }[] {
  const session = rowsFrom(0, 1, { text: 4, perSession: fileRows })[0]?.['session_id'] as string
  if (table.metadata['current-schema-id'] === 0) throw new Error('the table was never evolved')
  return [
    { what: 'count(*)', sql: from => `SELECT count(*) FROM ${from}` },
    {
      what: 'sum by model',
      sql: from => `SELECT model, sum(output_tokens) FROM ${from} GROUP BY model ORDER BY model`,
    },
    {
      what: 'one session',
      sql: from =>
        `SELECT message_created_at, role, content_text FROM ${from} WHERE session_id = '${session}' ORDER BY message_created_at`,
    },
  ]
}

async function readAll(session: QuerySession, sql: string): Promise<void> {
  const result = await session.run(sql)
  for await (const batch of result.batches) if (batch.rowCount === 0) throw new Error('an empty batch')
}

/** The directory of a table of many small files, half of them older than one of its columns. */
function manyFiles(): Promise<string> {
  return keptFolder(`files-${files}-${fingerprint(declared).slice(0, 12)}`, async folder => {
    await apply(folder, declared)
    const catalog = catalogAt(folder)
    for (let file = 0; file < files; file += commitFiles) {
      if (file === files / 2) await apply(folder, withColumns('stop_reason'))
      const table = await catalog.load()
      const spec = specById(table.metadata, table.metadata['default-spec-id'])
      const written: DataFile[] = []
      for (let session = file; session < file + commitFiles; session++) {
        const rows = rowsFrom(session * fileRows, fileRows, { text: 1024, perSession: fileRows })
        for (const partition of partitionRows(rows, spec, currentSchema(table.metadata)))
          written.push(await writeDataFile(table, partition, { ...systemContext, rowGroupRows: fileRows }))
      }
      const prepared = await prepareAppend(table, written, systemContext)
      await commitAppend(catalog, table, prepared, systemContext, async (_now, _before, same) => same)
    }
  })
}
