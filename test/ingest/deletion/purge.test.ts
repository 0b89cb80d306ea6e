import { describe, expect, test } from 'vitest'
import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import { currentSnapshot } from '../../../src/iceberg/metadata.ts'
import { purgeRejects } from '../../../src/ingest/deletion/purge-rejects.ts'
import { purgeTable, type TablePurgeOptions } from '../../../src/ingest/deletion/purge-table.ts'
import { sessionGrave } from '../../../src/ingest/deletion/request.ts'
import type { TableDeletion } from '../../../src/ingest/deletion/table-deletion.ts'
import { filesWith } from '../../support/canary.ts'
import { seededContext } from '../../support/crash-table.ts'
import { PowerDisk } from '../../support/power-file-io.ts'
import { readRows } from '../../support/table.ts'
import { type Deleting, ids, newTable, session } from './deleting.ts'

const canary = 'canary-91c4'

function purge(
  { catalog }: Pick<Deleting, 'catalog'>,
  { graves, gone, select }: Pick<TableDeletion, 'graves' | 'gone' | 'select'>,
  options: Partial<TablePurgeOptions> = {},
) {
  const context = seededContext(9)
  return purgeTable({
    catalog,
    graves,
    gone,
    select,
    context,
    leased: async () => new Set(),
    dryRun: false,
    ...options,
  })
}

async function tag(catalog: Catalog, name: string): Promise<void> {
  const table = await catalog.load()
  const id = currentSnapshot(table.metadata)?.['snapshot-id'] as number
  await catalog.commit(table, {
    requirements: [],
    updates: [{ action: 'set-snapshot-ref', 'ref-name': name, type: 'tag', 'snapshot-id': id }],
  })
}

/** The canary's session among others, over several commits, deleted and not purged. */
async function deletedOnce() {
  const place = await newTable()
  await place.append([...session(canary), ...session('b')])
  await place.append([...session(canary, 6).slice(3), ...session('c')])
  const deleted = await place.remove({ kind: 'session', session: canary })
  return { ...place, deleted }
}

test('nothing of what was deleted is left on the disk, compressed or not, and all else is', async () => {
  const { disk, deleted, rows, ...place } = await deletedOnce()
  expect(await filesWith(canary, disk.contents('/home'))).not.toEqual([])
  const purged = await purge(place, deleted)
  expect(purged).toMatchObject({ refs: [], kept: { read: 0, ruled: 0 }, left: [], unfinished: 0 })
  expect(purged.files).toBeGreaterThan(4)
  expect(await filesWith(canary, disk.contents('/home'))).toEqual([])
  expect(await rows()).toEqual(ids(session('b'), session('c')))
})

test('manifests that name live files besides deleted ones are written anew without these', async () => {
  const { disk, rows, append, remove, ...place } = await newTable()
  await append([...session('b'), ...session('c'), ...session('d')])
  for (const part of [0, 1, 2]) await append(session(canary).slice(part, part + 1))
  const deleted = await remove({ kind: 'session', session: canary })
  await append(session('e'))
  await purge(place, deleted)
  expect(await filesWith(canary, disk.contents('/home'))).toEqual([])
  expect(await rows()).toEqual(ids(session('b'), session('c'), session('d'), session('e')))
})

test('it can follow a deletion of long ago, and a second time there is nothing to do', async () => {
  const { disk, catalog, deleted, append, remove } = await deletedOnce()
  await append(session('d'))
  expect(deleted.rows).toBe(6)
  const again = await remove({ kind: 'session', session: canary })
  await purge({ catalog }, again)
  expect(await filesWith(canary, disk.contents('/home'))).toEqual([])
  const before = disk.contents('/home')
  expect(await purge({ catalog }, again)).toMatchObject({ snapshots: 0, files: 0 })
  expect(disk.contents('/home')).toEqual(before)
})

test('a tag goes where it holds such rows, and stays with its snapshot where it does not', async () => {
  const { disk, catalog, append, remove } = await newTable()
  await append(session('b'))
  await tag(catalog, 'clean')
  await append(session(canary))
  await tag(catalog, 'soiled')
  const deleted = await remove({ kind: 'session', session: canary })
  const purged = await purge({ catalog }, deleted)
  expect(purged).toMatchObject({ refs: ['soiled'], kept: { read: 0, ruled: 0 } })
  const { refs, snapshots } = (await catalog.load()).metadata
  expect([Object.keys(refs).sort(), snapshots.length]).toEqual([['clean', 'main'], 2])
  expect(await filesWith(canary, disk.contents('/home'))).toEqual([])
})

test('a tag of rows that a condition chose goes too', async () => {
  const { catalog, append, remove } = await newTable()
  await append(session('a'))
  await tag(catalog, 'all')
  const deleted = await remove({ kind: 'where', where: 'part_id = a#1' })
  expect((await purge({ catalog }, deleted)).refs).toEqual(['all'])
})

test('a tag of rows that a condition chose goes also where they were deleted long ago', async () => {
  const { catalog, append, remove } = await newTable()
  await append(session('b'))
  await tag(catalog, 'clean')
  await append(session('a'))
  await tag(catalog, 'soiled')
  const unwanted = { kind: 'where', where: 'part_id = a#1' } as const
  await remove(unwanted)
  await append(session('c'))
  const again = await remove(unwanted)
  expect(again.rows).toBe(0)
  expect((await purge({ catalog }, again)).refs).toEqual(['soiled'])
})

test('older snapshots go beside a tag that stays also where the clock was set back', async () => {
  const { disk, catalog, append, remove } = await newTable()
  await append(session('b'))
  await tag(catalog, 'clean')
  await append(session(canary))
  const deleted = await remove({ kind: 'session', session: canary })
  const context = { ...seededContext(9), now: () => 0 }
  expect((await purge({ catalog }, deleted, { context })).kept).toEqual({ read: 0, ruled: 0, deletes: 0 })
  expect(await filesWith(canary, disk.contents('/home'))).toEqual([])
})

test('a snapshot that somebody reads stays, with its files, and is counted', async () => {
  const { catalog, append, remove } = await newTable()
  await append([...session('a'), ...session('b')])
  const old = await catalog.load()
  const id = BigInt(currentSnapshot(old.metadata)?.['snapshot-id'] as number)
  const deleted = await remove({ kind: 'session', session: 'a' })
  const purged = await purge({ catalog }, deleted, { leased: async () => new Set([id]) })
  expect(purged.kept).toEqual({ read: 1, ruled: 0, deletes: 0 })
  expect(ids(await readRows(old))).toEqual(ids(session('a'), session('b')))
  expect((await purge({ catalog }, deleted)).kept).toEqual({ read: 0, ruled: 0, deletes: 0 })
})

test('a dry run names what would go, and changes nothing', async () => {
  const { disk, catalog, append, remove } = await newTable()
  await append(session('a'))
  await tag(catalog, 'soiled')
  await append(session('b'))
  const before = disk.contents('/home')
  const would = await remove({ kind: 'session', session: 'a' }, { dryRun: true })
  expect(await purge({ catalog }, would, { dryRun: true })).toMatchObject({ snapshots: 1, refs: ['soiled'] })
  expect(disk.contents('/home')).toEqual(before)
})

test('a table whose files may be those of others is left as it is', async () => {
  const { catalog, append, remove } = await newTable()
  await append(session('a'))
  await catalog.commit(await catalog.load(), {
    requirements: [],
    updates: [{ action: 'set-properties', updates: { 'gc.enabled': 'false' } }],
  })
  const deleted = await remove({ kind: 'session', session: 'a' })
  await expect(purge({ catalog }, deleted)).rejects.toMatchObject({ code: 'UPDATE_ILLEGAL' })
})

describe('rejected rows', () => {
  const directory = '/home/spool/orders/rejects'
  const reject = (content: object | string, discarded = 'row'): string =>
    `${JSON.stringify({ at: '2026-01-02T03:04:05.678Z', discarded, index: 0, column: 'x', reason: 'y', content: typeof content === 'string' ? content : JSON.stringify(content) })}\n`

  async function rejected(...lines: string[]) {
    const disk = new PowerDisk()
    await disk.io.makeDirectory(directory)
    const file = await disk.io.create(`${directory}/1.ndjson`)
    await file.write(Buffer.from(lines.join('')))
    await file.finish()
    const { catalog } = await newTable()
    const table = await catalog.load()
    const what = sessionGrave('ai_gateway_messages', table, canary)
    const graves = [{ tableUuid: table.metadata['table-uuid'], what }]
    const text = () => Buffer.concat([...disk.contents(directory).values()]).toString()
    return { disk, text, run: (dryRun = false) => purgeRejects(disk.io, directory, graves, dryRun) }
  }

  test('of the session go, whichever column has it, and others stay byte for byte', async () => {
    const others = [reject({ session_id: 'b', text: 'z' }), reject({ session_id: null, conversation_id: 'b' })]
    const { text, run } = await rejected(
      reject({ session_id: canary }),
      others[0] as string,
      reject({ conversation_id: canary }),
      others[1] as string,
    )
    expect(await run(true)).toEqual({ rows: 2, unknown: 0 })
    expect(text()).toContain(canary)
    expect(await run()).toEqual({ rows: 2, unknown: 0 })
    expect(text()).toBe(others.join(''))
  })

  test('that nobody can tell are counted and stay', async () => {
    const lines = [reject('"abc"', 'value'), reject('{"session_id":'), reject({ text: 'no session' })]
    const { text, run } = await rejected(...lines)
    expect(await run()).toEqual({ rows: 0, unknown: 3 })
    expect(text()).toBe(lines.join(''))
  })

  test('cannot be told where a condition chose the rows', async () => {
    const { disk, text } = await rejected(reject({ session_id: canary }))
    expect(await purgeRejects(disk.io, directory, [], false)).toEqual({ rows: 0, unknown: 1 })
    expect(text()).toContain(canary)
  })

  test('that were all there was leave no file', async () => {
    const { disk, run } = await rejected(reject({ session_id: canary }))
    expect(await run()).toEqual({ rows: 1, unknown: 0 })
    expect(disk.contents(directory).size).toBe(0)
  })
})
