import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runDeletion } from '../../../src/daemon/deletion/deletion-task.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import type { Unwanted } from '../../../src/ingest/deletion/request.ts'
import { type Appended, appendOnce } from '../../../src/ingest/keys/append-once.ts'
import { rowKey } from '../../../src/ingest/keys/row-key.ts'
import { tombstoneReader } from '../../../src/ingest/tombstones/tombstones.ts'
import { newestRelease } from '../../../src/schema/builtin.ts'
import { loadDeclarations } from '../../../src/stores/declared.ts'
import { ensureHome, type Home, homeAt } from '../../../src/stores/home.ts'
import { recordPlace } from '../../../src/stores/records/place.ts'
import { applyTables } from '../../../src/stores/table/apply-tables.ts'
import { openCatalog, systemContext } from '../../../src/stores/table/catalog.ts'
import { readRows } from '../../support/table.ts'

/*
 * A home on the disk with a table `notes`, whose rows are of sessions and of
 * days and have ids, to delete from in every way.
 */

export async function homeWithNotes(directory: string): Promise<Home> {
  const home = homeAt(directory)
  await ensureHome(home)
  const columns = [
    { name: 'id', type: 'long', required: true },
    { name: 'session_id', type: 'string' },
    { name: 'at', type: 'timestamptz' },
  ]
  const declared = { table: 'notes', release: 1, columns, identifier: ['id'] }
  await writeFile(join(home.schema, 'notes.json'), JSON.stringify(declared))
  await applyTables({ home, declarations: await loadDeclarations(home, newestRelease), context: systemContext })
  return home
}

const dayMicros = 86_400_000_000n

/** A row of a session, of so many days after 1970-01-01. */
export function note(id: number, session: string, day = 10): Row {
  return { id: BigInt(id), session_id: session, at: BigInt(day) * dayMicros }
}

/** As every append does it: what was deleted is left out. */
export async function addNotes(home: Home, ...rows: readonly Row[]): Promise<Appended> {
  const catalog = openCatalog(home, { table: 'notes' })
  const tombstones = tombstoneReader({ place: recordPlace(home), table: 'notes' })
  return appendOnce(catalog, await catalog.load(), rows, rowKey(['id']), systemContext, { tombstones })
}

export async function deleteNotes(
  home: Home,
  unwanted: Unwanted,
  purge = false,
  signal?: AbortSignal,
): ReturnType<typeof runDeletion> {
  const directory = join(home.tables, 'notes')
  return runDeletion({ home, table: 'notes', directory, request: { unwanted, dryRun: false, purge } }, signal)
}

export async function noteIds(home: Home): Promise<number[]> {
  const rows = await readRows(await openCatalog(home, { table: 'notes' }).load())
  return rows.map(({ id }) => Number(id)).sort((a, b) => a - b)
}
