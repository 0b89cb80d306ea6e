import { createHash } from 'node:crypto'
import { appendOnce } from '../../src/ingest/keys/append-once.ts'
import { readFirstKeys } from '../../src/ingest/keys/first-keys.ts'
import { rowKey } from '../../src/ingest/keys/row-key.ts'
import { fingerprint } from '../../src/schema/fingerprint.ts'
import { systemContext } from '../../src/stores/table/catalog.ts'
import { rowsFrom } from './rows.ts'
import { keptFolder } from './scratch.ts'
import { apply, catalogAt, declared } from './tables.ts'

const batches = 100
const batchRows = 50_000

/** Rows of each of the 5 000 sessions in {@link fiveMillionRows}. */
export const perSession = 1000

/** The directory of a table of 5 000 000 rows with little text in them, whose keys are UUIDs as those of clients are. */
export function fiveMillionRows(): Promise<string> {
  return keptFolder(`five-million-${fingerprint(declared).slice(0, 12)}`, async directory => {
    await apply(directory, declared)
    const catalog = catalogAt(directory)
    const key = rowKey(declared.identifier)
    const firstKeys = await readFirstKeys(await catalog.load(), key)
    for (let batch = 0; batch < batches; batch++) {
      const first = batch * batchRows
      const rows = rowsFrom(first, batchRows, { text: 40, perSession }).map((row, index) => ({
        ...row,
        session_id: sessionOf(Math.floor((first + index) / perSession)),
        part_id: partOf(first + index),
      }))
      await appendOnce(catalog, await catalog.load(), rows, key, systemContext, { firstKeys })
    }
  })
}

export function sessionOf(session: number): string {
  return uuidOf('session', session)
}

export function partOf(row: number): string {
  return `${uuidOf('part', row)}#0`
}

function uuidOf(kind: string, n: number): string {
  const hex = createHash('md5').update(`${kind}:${n}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
