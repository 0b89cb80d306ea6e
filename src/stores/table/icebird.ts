import { Worker } from 'node:worker_threads'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import type { Field } from '../../iceberg/types.ts'
import { rowCount } from '../../schema/plan.ts'

export interface IcebirdTask {
  readonly metadataFile: string
  readonly tableLocation: string
  /** Where the table's files are now. */
  readonly directory: string
  readonly fields: readonly Field[]
  readonly rows: number
}

export interface IcebirdAnswer {
  readonly rows: number
  readonly digest: string
}

/** Reads the whole table with icebird, in a thread of its own, and digests what it gave. */
export async function readByIcebird(table: Table): Promise<IcebirdAnswer> {
  const { location } = table.metadata
  const task: IcebirdTask = {
    metadataFile: table.path(table.metadataLocation),
    tableLocation: location,
    directory: table.path(`${location}/x`).slice(0, -2),
    fields: currentSchema(table.metadata).fields,
    rows: rowCount(table.metadata),
  }
  const worker = new Worker(new URL('./icebird-worker.js', import.meta.url), { workerData: task })
  try {
    return await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', code => reject(new Error(`icebird's thread ended with ${code}`)))
    })
  } finally {
    await worker.terminate()
  }
}
