import { randomUUID } from 'node:crypto'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Row } from '../../../src/iceberg/types.ts'
import { newestRelease } from '../../../src/schema/builtin.ts'
import { loadDeclarations } from '../../../src/stores/declared.ts'
import { ensureHome, type Home, homeAt, tableDirectory } from '../../../src/stores/home.ts'
import { applyTables } from '../../../src/stores/table/apply-tables.ts'
import { openCatalog, systemContext } from '../../../src/stores/table/catalog.ts'
import { append, contentsOf, readRows } from '../../support/table.ts'

/** A segment of a spool by its name; what is in it does not matter to who copies it. */
export const stream = '0198c0de-0000-7000-8000-000000000001'

export interface HomeOptions {
  /** Where the table `orders` lies, if that is not the home. */
  readonly location?: string
}

/** A home with the built-in table and `orders`, which holds rows 0 to 9 of two commits, and something of everything else. */
export async function homeWithRows(directory: string, { location }: HomeOptions = {}): Promise<Home> {
  const home = homeAt(directory)
  await ensureHome(home)
  await writeFile(
    join(home.schema, 'orders.json'),
    `{
  // where orders come from
  "table": "orders", "release": 1,${location === undefined ? '' : `\n  "location": ${JSON.stringify(location)},`}
  "columns": [{ "name": "id", "type": "long", "required": true }, { "name": "name", "type": "string" }],
  "identifier": ["id"]
}
`,
  )
  const declarations = await loadDeclarations(home, newestRelease)
  await applyTables({ home, declarations, context: systemContext })
  await addOrders(home, 0, 5)
  await addOrders(home, 5, 5)
  await put(join(home.directory, 'prices.json'), '{}\n')
  await put(join(home.directory, 'config.json'), '{}\n')
  await put(join(home.records, 'source-cursor/abc.json'), '{"schema_version":1}\n')
  await put(join(home.records, 'source-cursor/abc.json.x.tmp'), 'half')
  await put(join(home.spool, `orders/${stream}.000001.seg`), 'segment one')
  await put(join(home.spool, `orders/${stream}.000002.seg`), 'segment two')
  await put(join(home.spool, `orders/${stream}.000000.keys`), 'keys')
  await put(join(home.spool, 'orders/rejects/a.ndjson'), '{}\n')
  await put(join(home.spool, 'orders/rejects/b.ndjson.part'), 'half')
  await put(join(home.quarantine, `orders/${stream}.000001.3-5.bin`), 'no')
  await put(join(home.run, 'token'), 'secret\n')
  await put(join(home.directory, 'notes.txt'), 'mine\n')
  return home
}

export async function put(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 })
  await writeFile(path, text, { mode: 0o600 })
}

/** Appends so many orders, from an id on. */
export async function addOrders(home: Home, from: number, count: number): Promise<void> {
  const declaration = (await loadDeclarations(home, newestRelease)).find(({ table }) => table === 'orders')
  if (declaration === undefined) throw new Error('orders is not declared')
  const catalog = openCatalog(home, declaration)
  const rows: Row[] = Array.from({ length: count }, (_, index) => ({
    id: BigInt(from + index),
    name: `order ${randomUUID()}`,
  }))
  await append({ directory: tableDirectory(home, declaration), catalog, table: await catalog.load() }, rows)
}

/** The ids of the orders in a home, as its own declaration finds them. */
export async function orderIds(home: Home): Promise<number[]> {
  const declaration = (await loadDeclarations(home, newestRelease)).find(({ table }) => table === 'orders')
  if (declaration === undefined) throw new Error('orders is not declared')
  const rows = await readRows(await openCatalog(home, declaration).load())
  return rows.map(({ id }) => Number(id)).sort((a, b) => a - b)
}

export const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** Every path below a folder, relative to it, with the mode of what is there. */
export async function modesBelow(folder: string): Promise<ReadonlyMap<string, number>> {
  const names = await readdir(folder, { recursive: true })
  const modes = await Promise.all(
    names.sort().map(async name => [name, (await stat(join(folder, name))).mode & 0o777] as const),
  )
  return new Map(modes)
}

/** What belongs to a home, without what restores leave beside it. */
export async function partsOf(home: Home): Promise<Map<string, string>> {
  const all = await contentsOf(home.directory)
  return new Map(
    [...all].flatMap(([path, bytes]) => {
      const name = path.slice(home.directory.length + 1)
      return /^(before-restore-|restore-)/.test(name) ? [] : [[name, bytes] as const]
    }),
  )
}
