import { appendOnce } from '../../src/ingest/keys/append-once.ts'
import { readFirstKeys } from '../../src/ingest/keys/first-keys.ts'
import { rowKey } from '../../src/ingest/keys/row-key.ts'
import { builtinTable } from '../../src/schema/builtin.ts'
import { fingerprint } from '../../src/schema/fingerprint.ts'
import { homeAt, tableDirectory } from '../../src/stores/home.ts'
import { systemContext } from '../../src/stores/table/catalog.ts'
import { rowsFrom } from './rows.ts'
import { keptFolder } from './scratch.ts'
import { apply, catalogAt, declared } from './tables.ts'

const batches = 20
const batchRows = 50_000

/** A home whose table has a million rows with little text in them; figures leave it as it was. */
export function millionRowsHome(): Promise<string> {
  return keptFolder(`million-${fingerprint(declared).slice(0, 12)}`, async folder => {
    const directory = tableDirectory(homeAt(folder), { table: builtinTable })
    await apply(directory, declared)
    const catalog = catalogAt(directory)
    const key = rowKey(declared.identifier)
    const known = await readFirstKeys(await catalog.load(), key)
    for (let batch = 0; batch < batches; batch++) {
      const rows = rowsFrom(batch * batchRows, batchRows, { text: 40, perSession: 200 })
      await appendOnce(catalog, await catalog.load(), rows, key, systemContext, { firstKeys: known })
    }
  })
}

/** The directory of that table. */
export async function millionRows(): Promise<string> {
  return tableDirectory(homeAt(await millionRowsHome()), { table: builtinTable })
}
