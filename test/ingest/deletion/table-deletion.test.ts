import { describe, expect, test } from 'vitest'
import { IcebergError } from '../../../src/iceberg/errors.ts'
import { orphansOf } from '../../support/crash-check.ts'
import { apply, seededContext } from '../../support/crash-table.ts'
import { interrupted } from '../keys/appending.ts'
import { declaration, directory, ids, newTable, onDisk, session } from './deleting.ts'

test('all of a session goes, also where it shares a file, and every other row stays', async () => {
  const { append, remove, rows, disk } = await newTable()
  await append([...session('a'), ...session('b'), ...session('c'), ...session('d')])
  await append(session('a', 5).slice(3))
  const deleted = await remove({ kind: 'session', session: 'a' })
  expect(deleted).toMatchObject({ rows: 5, remembered: 'session' })
  expect(await rows()).toEqual(ids(session('b'), session('c'), session('d')))
  expect(await orphansOf(disk.io, directory)).toEqual([])
})

test('a file with nothing else in it goes and none is written', async () => {
  const { append, remove, rows } = await newTable()
  await append(session('a'))
  await append(session('b'))
  const { files, rows: count } = await remove({ kind: 'session', session: 'a' })
  expect({ count, files }).toEqual({ count: 3, files: { removed: 1, rewritten: 0, added: 0 } })
  expect(await rows()).toEqual(ids(session('b')))
})

test('files of a partition that other rows remain of become one', async () => {
  const one = declaration({ partitionBy: [] })
  const { append, remove, rows, files } = await newTable(one)
  for (const [index, name] of ['b', 'c', 'd'].entries())
    await append([...session(name), ...session('a', 9).slice(3 * index, 3 * index + 3)])
  expect(await files()).toBe(3)
  const deleted = await remove({ kind: 'session', session: 'a' })
  expect(deleted.files).toEqual({ removed: 0, rewritten: 3, added: 1 })
  expect(await rows()).toEqual(ids(session('b'), session('c'), session('d')))
})

test('what was deleted stays away, whoever brings it, and is counted', async () => {
  const { append, remove, rows } = await newTable()
  await append([...session('a'), ...session('b')])
  await remove({ kind: 'session', session: 'a' })
  expect(await append([...session('a', 20), ...session('b')])).toMatchObject({ rows: 0, duplicates: 3, deleted: 20 })
  expect(await rows()).toEqual(ids(session('b')))
})

test('deleting a second time finds nothing, says so, and leaves the table as it is', async () => {
  const { catalog, append, remove, disk } = await newTable()
  await append([...session('a'), ...session('b')])
  await remove({ kind: 'session', session: 'a' })
  const before = disk.contents('/home')
  const again = await remove({ kind: 'session', session: 'a' })
  expect(again).toMatchObject({ rows: 0, files: { removed: 0, rewritten: 0, added: 0 }, remembered: 'session' })
  expect(disk.contents('/home')).toEqual(before)
  expect(again.table.version).toBe((await catalog.load()).version)
})

test('a session that has no row yet never gets one', async () => {
  const { append, remove, rows } = await newTable()
  expect(await remove({ kind: 'session', session: 'a' })).toMatchObject({ rows: 0, remembered: 'session' })
  expect(await append([...session('a'), ...session('b')])).toMatchObject({ rows: 3, deleted: 3 })
  expect(await rows()).toEqual(ids(session('b')))
})

test('a dry run says the same and changes nothing', async () => {
  const { append, remove, disk } = await newTable()
  await append([...session('a'), ...session('b'), ...session('c')])
  const before = disk.contents('/home')
  const dry = await remove({ kind: 'session', session: 'a' }, { dryRun: true })
  expect(disk.contents('/home')).toEqual(before)
  const { rows, files } = await remove({ kind: 'session', session: 'a' })
  expect({ rows: dry.rows, files: dry.files }).toEqual({ rows, files })
})

describe('rows before a time', () => {
  test('go, and those of that time, later, or of none stay', async () => {
    const { append, remove, rows } = await newTable()
    await append(session('a', 6))
    const { rows: count, remembered } = await remove({ kind: 'before', before: '1970-01-03' })
    expect({ count, remembered }).toEqual({ count: 2, remembered: 'before' })
    expect(await rows()).toEqual(['a#2', 'a#3', 'a#4', 'a#5'])
    expect(await append(session('a', 6))).toMatchObject({ rows: 0, duplicates: 4, deleted: 2 })
  })

  test('whole files of which go without being read', async () => {
    const { catalog, append, remove, rows } = await newTable()
    await append(session('a', 4).slice(0, 2))
    await append(session('b', 4).slice(2))
    const opened: string[] = []
    const watching = {
      ...catalog,
      load: async () => {
        const table = await catalog.load()
        return { ...table, io: { ...table.io, open: async (path: string) => (opened.push(path), table.io.open(path)) } }
      },
    }
    expect((await remove({ kind: 'before', before: '1970-01-03' }, { through: watching })).files).toMatchObject({
      removed: 1,
      rewritten: 0,
    })
    expect(await rows()).toEqual(['b#2', 'b#3'])
    // The other file has a row without a time, of which its bounds do not speak; but none is early enough.
    expect(opened).toEqual([])
  })

  test('have one tombstone, whose time moves on and never back', async () => {
    const { disk, append, remove, rows } = await newTable()
    await append(session('a', 6))
    for (const before of ['1970-01-02', '1970-01-04T00:00:00Z', '1970-01-03']) await remove({ kind: 'before', before })
    expect(await rows()).toEqual(['a#3', 'a#4', 'a#5'])
    const records = [...disk.contents('/home/records').values()].map(bytes => JSON.parse(Buffer.from(bytes).toString()))
    expect(records).toMatchObject([
      { generation: 2, rows: 3, what: { kind: 'before', instant: '1970-01-04T00:00:00.000000Z' } },
    ])
  })

  test.each(['yesterday', '', '2026-13-01', '180d'])('are not told by %j', async before => {
    const { remove } = await newTable()
    await expect(remove({ kind: 'before', before })).rejects.toMatchObject({ code: 'USAGE' })
  })

  // It is 2023-11-14T22:13:20Z in these tests.
  test.each(['2023-11-15', '2023-11-15T00:13:21+02:00', '9999-12-31'])(
    'are not told by %s, which is still to come: what is captured until then would be left out',
    async before => {
      const { append, remove, disk } = await newTable()
      await append(session('a'))
      const found = disk.contents('/home')
      for (const dryRun of [true, false])
        await expect(remove({ kind: 'before', before }, { dryRun })).rejects.toMatchObject({
          code: 'USAGE',
          hint: expect.stringContaining('`--before 2023-11-14T22:13:20Z`'),
        })
      expect(disk.contents('/home')).toEqual(found)
      expect(await remove({ kind: 'before', before: '2023-11-15T00:13:20+02:00' })).toMatchObject({ rows: 2 })
    },
  )

  test('are told in a table of one time, or partitioned by one, and in no other', async () => {
    const time = (name: string): { name: string; type: string } => ({ name, type: 'timestamptz' })
    const of = (times: string[], partitionBy: string[] = []) =>
      newTable(
        declaration({
          table: 'orders',
          columns: [{ name: 'session_id', type: 'string', required: true }, ...times.map(time)],
          identifier: [],
          partitionBy: partitionBy.map(column => ({ column, transform: 'day' })),
        }),
      )
    const wanted = { kind: 'before', before: '2020-01-01' } as const
    expect(await (await of(['at'])).remove(wanted)).toMatchObject({ rows: 0 })
    expect(await (await of(['at', 'seen'], ['seen'])).remove(wanted)).toMatchObject({ rows: 0 })
    await expect((await of(['at', 'seen'])).remove(wanted)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('at, seen'),
      hint: expect.stringContaining('--where'),
    })
    await expect((await of([])).remove(wanted)).rejects.toMatchObject({ code: 'USAGE' })
  })
})

describe('rows by a condition', () => {
  test('go, and their keys keep them away', async () => {
    const { append, remove, rows } = await newTable()
    await append([...session('a'), ...session('b')])
    const deleted = await remove({ kind: 'where', where: 'part_id = a#0,b#2' })
    expect(deleted).toMatchObject({ rows: 2, remembered: 'keys' })
    expect(await rows()).toEqual(['a#1', 'a#2', 'b#0', 'b#1'])
    expect(await append([...session('a', 4), ...session('b')])).toMatchObject({ rows: 1, duplicates: 4, deleted: 2 })
  })

  test('of a table without a row key go, and nothing can keep them away', async () => {
    const { append, remove, rows } = await newTable(declaration({ identifier: [], table: 'orders' }))
    await append([...session('a'), ...session('a')])
    expect(await remove({ kind: 'where', where: 'part_id = a#0' })).toMatchObject({ rows: 2, remembered: null })
    expect(await rows()).toEqual(['a#1', 'a#1', 'a#2', 'a#2'])
    expect(await append(session('a').slice(0, 1))).toMatchObject({ rows: 1, deleted: 0 })
  })

  test('that no row meets are none, and nothing is remembered', async () => {
    const { append, remove, disk } = await newTable()
    await append(session('a'))
    const before = disk.contents('/home')
    expect(await remove({ kind: 'where', where: 'part_id = nobody' })).toMatchObject({ rows: 0, remembered: null })
    expect(disk.contents('/home')).toEqual(before)
  })

  test('that every row meets empty the table', async () => {
    const { append, remove, rows, files } = await newTable()
    const all = [...session('a'), ...session('b')]
    await append(all)
    await remove({ kind: 'where', where: `part_id = ${ids(all).join(',')}` })
    expect(await rows()).toEqual([])
    expect(await files()).toBe(0)
  })
})

test('a table whose rows are of no session says another way', async () => {
  const { remove } = await newTable(
    declaration({
      table: 'orders',
      columns: [{ name: 'id', type: 'long' }],
      identifier: [],
      partitionBy: [],
      sortBy: [],
    }),
  )
  await expect(remove({ kind: 'session', session: 'a' })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('session_id'),
    hint: expect.stringContaining('--where'),
  })
})

test('the session of releases 4 and 5 is found where they have it', async () => {
  const columns = declaration().columns.map(column =>
    column.name === 'session_id' ? { ...column, name: 'conversation_id' } : column,
  )
  const { append, remove, rows } = await newTable(
    declaration({
      release: 5,
      columns,
      identifier: ['conversation_id', 'part_id'],
      partitionBy: [{ column: 'conversation_id', transform: 'bucket[2]' }],
      sortBy: [],
    }),
  )
  const named = (name: string) =>
    session(name).map(({ session_id, ...row }) => ({ conversation_id: session_id, ...row }))
  await append([...named('a'), ...named('b')])
  expect(await remove({ kind: 'session', session: 'a' })).toMatchObject({ rows: 3 })
  expect(await append(named('a'))).toMatchObject({ rows: 0, deleted: 3 })
  expect(await rows()).toEqual(ids(session('b')))
})

describe('others beside it', () => {
  test('whose rows of the session are committed before the table says that it was deleted do not keep them', async () => {
    const { catalog, append, remove, rows } = await newTable()
    await append(session('a'))
    const busy = interrupted(catalog, () => append(session('a', 6)))
    expect(await remove({ kind: 'session', session: 'a' }, { through: busy })).toMatchObject({ rows: 6 })
    expect(await rows()).toEqual([])
  })

  test('who commit at any moment bring no row back and lose none of their own', async () => {
    for (let moment = 1; moment <= 4; moment++) {
      const { catalog, append, remove, rows, disk } = await newTable()
      await append([...session('a'), ...session('b')])
      let commits = 0
      const busy = {
        ...catalog,
        commit: async (...args: Parameters<typeof catalog.commit>) => {
          if (++commits === moment) await append([...session('a', 9), ...session('c')])
          return catalog.commit(...args)
        },
      }
      await remove({ kind: 'session', session: 'a' }, { through: busy })
      await append(session('a', 12))
      expect(await rows()).toEqual(ids(session('b'), commits >= moment ? session('c') : []))
      expect(await orphansOf(disk.io, directory)).toEqual([])
    }
  })

  test('who rewrite the same files first make it look again', async () => {
    const { catalog, append, remove, rows, disk } = await newTable()
    await append([...session('a'), ...session('b'), ...session('c')])
    let commits = 0
    const busy = {
      ...catalog,
      commit: async (...args: Parameters<typeof catalog.commit>) => {
        if (++commits === 2) await remove({ kind: 'session', session: 'b' })
        return catalog.commit(...args)
      },
    }
    expect(await remove({ kind: 'session', session: 'a' }, { through: busy })).toMatchObject({ rows: 3 })
    expect(await rows()).toEqual(ids(session('c')))
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })

  test('who are first each time are told of, and nothing is left behind', async () => {
    const { catalog, append, remove, rows, disk } = await newTable()
    await append([...session('a'), ...session('b')])
    let isFenced = false
    const hopeless = {
      ...catalog,
      commit: async (...args: Parameters<typeof catalog.commit>) => {
        if (isFenced) throw new IcebergError('REPLACED_FILES_CHANGED', 'again', { files: [] })
        isFenced = true
        return catalog.commit(...args)
      },
    }
    await expect(remove({ kind: 'session', session: 'a' }, { through: hopeless })).rejects.toMatchObject({
      code: 'REPLACED_FILES_CHANGED',
    })
    expect(await rows()).toEqual(ids(session('a'), session('b')))
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })
})

describe('after its column was renamed', () => {
  const renamed = declaration({
    table: 'notes',
    columns: declaration().columns.map(column => {
      const name = { session_id: 'thread', message_created_at: 'said_at' }[column.name]
      return name === undefined ? column : { ...column, name, renamedFrom: [column.name] }
    }),
    identifier: ['thread', 'part_id'],
    partitionBy: [{ column: 'thread', transform: 'bucket[2]' }],
    sortBy: ['thread'],
  })
  const now = (name: string, rows?: number) =>
    session(name, rows).map(({ session_id, message_created_at, ...row }) => ({
      ...row,
      thread: session_id,
      said_at: message_created_at,
    }))

  test.each([
    [{ kind: 'session', session: 'a' }, ['b#0', 'b#1', 'b#2']],
    [{ kind: 'before', before: '1970-01-02' }, ['a#1', 'a#2', 'b#1', 'b#2']],
    [{ kind: 'where', where: 'part_id = a#0,b#2' }, ['a#1', 'a#2', 'b#0', 'b#1']],
  ] as const)('what was deleted by %j stays away', async (unwanted, left) => {
    const { disk, catalog, append, remove } = await newTable(declaration({ table: 'notes' }))
    await append([...session('a'), ...session('b')])
    await remove(unwanted)
    await apply(catalog, directory, renamed, seededContext(9))
    const again = onDisk(disk, renamed)
    await again.append([...now('a'), ...now('b')])
    expect(await again.rows()).toEqual(left)
  })

  test('times of the same column have one tombstone still', async () => {
    const { disk, catalog, append, remove } = await newTable(declaration({ table: 'notes' }))
    await append(session('a', 6))
    await remove({ kind: 'before', before: '1970-01-02' })
    await apply(catalog, directory, renamed, seededContext(9))
    const again = onDisk(disk, renamed)
    await again.remove({ kind: 'before', before: '1970-01-03' })
    expect(await again.append(now('a', 6))).toMatchObject({ rows: 0, deleted: 2 })
    const records = [...disk.contents('/home/records').values()].map(bytes => JSON.parse(Buffer.from(bytes).toString()))
    expect(records).toMatchObject([{ what: { column: 'said_at', instant: '1970-01-03T00:00:00.000000Z' } }])
  })

  test('a new column that has the name is none that it tells', async () => {
    const { disk, catalog, append, remove } = await newTable(declaration({ table: 'notes' }))
    await append([...session('a'), ...session('b')])
    await remove({ kind: 'session', session: 'a' })
    await apply(catalog, directory, renamed, seededContext(9))
    const columns = renamed.columns.map(column => ({ ...column, renamedFrom: [] }))
    const another = declaration({ ...renamed, columns: [...columns, { name: 'session_id', type: 'string' }] })
    await apply(catalog, directory, another, seededContext(10))
    const again = onDisk(disk, another)
    const rows = now('c').map(row => ({ ...row, session_id: 'a' }))
    expect(await again.append([...rows, ...now('a')])).toMatchObject({ rows: 3, deleted: 3 })
    expect(await again.remove({ kind: 'session', session: 'a' })).toMatchObject({ rows: 3 })
    expect(await again.append(rows)).toMatchObject({ rows: 0, deleted: 3 })
    expect(await again.rows()).toEqual(ids(session('b')))
  })
})
