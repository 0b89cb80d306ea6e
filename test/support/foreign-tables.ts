import { chmod, cp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { dataPath } from './data.ts'
import { catalogAt, type TestTable, temporaryFolder } from './table.ts'

/** A copy of a foreign table, as it was at a version. */
export async function copyOf(name: string, version: number): Promise<TestTable> {
  const directory = join(await temporaryFolder(), 'table')
  await cp(dataPath('foreign-tables', ...name.split('/')), directory, { recursive: true })
  // The data may be read-only, and a copy keeps that.
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755)
  }
  for (const file of await readdir(join(directory, 'metadata'))) {
    const [, found] = /^v(\d+)\.metadata\.json$/.exec(file) ?? []
    if (Number(found) > version) await rm(join(directory, 'metadata', file))
  }
  const catalog = catalogAt(directory)
  return { directory, catalog, table: await catalog.load() }
}
