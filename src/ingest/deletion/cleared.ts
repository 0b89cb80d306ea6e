import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import { currentSnapshot } from '../../iceberg/metadata.ts'
import type { Declaration } from '../../schema/declaration.ts'
import type { Home } from '../../stores/home.ts'
import { recordPlace } from '../../stores/records/place.ts'
import { noteInRun } from '../../stores/run-file.ts'
import { isInHistory } from '../../stores/table/ancestors.ts'
import { openCatalog } from '../../stores/table/catalog.ts'
import { generationOf, listTombstones } from '../tombstones/tombstones.ts'

/*
 * Which snapshot of a table is known to be without what was deleted. Everything that follows it is too: what hyp commits
 * obeys the tombstones. A table that another program set back to an older snapshot does not follow it. The note stays true
 * for ever, and is worth nothing but the time to look: where it is lost, the table is searched once more.
 */

/** A snapshot without the rows of the tombstones up to a generation. */
export interface Cleared {
  readonly tableUuid: string
  /** Decimal. */
  readonly snapshotId: string
  readonly generation: number
}

type Metadata = Pick<Table, 'metadata'>

/**
 * Whether a table is known to be without everything that was deleted from it. Reads its tombstones, and no data; never
 * throws.
 */
export async function isCleared(
  home: Pick<Home, 'records'>,
  table: string,
  { metadata }: Metadata,
  known: Cleared | undefined,
): Promise<boolean> {
  const uuid = metadata['table-uuid']
  const newest = Math.max(generationOf(metadata), await newestTombstone(home, table, uuid))
  if (known === undefined || known.tableUuid !== uuid) return newest === 0
  return newest <= known.generation && isInHistory(metadata, known.snapshotId)
}

/** A deletion can have been ended before its table said anything of it. */
async function newestTombstone(home: Pick<Home, 'records'>, table: string, uuid: string): Promise<number> {
  // One that cannot be read is told of where it is in the way.
  const stones = await listTombstones({ place: recordPlace(home), table }).catch(() => [])
  return Math.max(0, ...stones.flatMap(({ value }) => (value.tableUuid === uuid ? [value.generation] : [])))
}

/**
 * Whether a table does not go on from what is known of it, so that it may have rows that were deleted: another program set
 * it back, or expired what led from the one to the other.
 */
export function isSetBack({ metadata }: Metadata, known: Cleared | undefined): boolean {
  return known?.tableUuid === metadata['table-uuid'] && !isInHistory(metadata, known.snapshotId)
}

/** The same of a table as the disk has it now. Never throws: of one that cannot be read others tell. */
export async function wasSetBack(home: Home, declaration: Pick<Declaration, 'table' | 'location'>): Promise<boolean> {
  const known = await recallCleared(home, declaration.table)
  if (known === undefined) return false
  const table = await openCatalog(home, declaration)
    .load()
    .catch(() => undefined)
  return table !== undefined && isSetBack(table, known)
}

/** Never throws: undefined where nothing is known. */
export async function recallCleared(home: Pick<Home, 'run'>, table: string): Promise<Cleared | undefined> {
  try {
    const said: unknown = JSON.parse(await readFile(placeOf(home, table), 'utf8'))
    return isNote(said) ? said : undefined
  } catch {
    return undefined
  }
}

/** To be called before another table is put in the place of one. */
export async function forgetCleared(home: Pick<Home, 'run'>, table: string): Promise<void> {
  await rm(placeOf(home, table), { force: true })
}

/** Notes that a table as it is has no row of tombstones up to a generation. Never throws. */
export async function noteCleared(
  home: Pick<Home, 'run'>,
  table: string,
  { metadata }: Metadata,
  generation: number,
): Promise<void> {
  const current = currentSnapshot(metadata)?.['snapshot-id']
  // A table without rows is searched when it gets some, and one that nothing was deleted from never.
  if (current === undefined || generation === 0) return
  const note: Cleared = { tableUuid: metadata['table-uuid'], snapshotId: String(current), generation }
  await noteInRun(placeOf(home, table), `${JSON.stringify(note)}\n`)
}

function placeOf({ run }: Pick<Home, 'run'>, table: string): string {
  return join(run, `cleared-${table}.json`)
}

function isNote(said: unknown): said is Cleared {
  if (typeof said !== 'object' || said === null) return false
  const { tableUuid, snapshotId, generation } = said as Partial<Record<string, unknown>>
  return typeof tableUuid === 'string' && typeof snapshotId === 'string' && typeof generation === 'number'
}
