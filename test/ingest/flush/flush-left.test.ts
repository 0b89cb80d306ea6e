import { describe, expect, test } from 'vitest'
import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import { IcebergError } from '../../../src/iceberg/errors.ts'
import { newStreamId } from '../../../src/ingest/spool/stream.ts'
import { spooledRows } from '../../../src/ingest/spooled-rows.ts'
import { apply, batch, declare, key, seededContext } from '../../support/crash-table.ts'
import { systemError, watchedFileIO } from '../../support/fault-file-io.ts'
import type { PowerDisk } from '../../support/power-file-io.ts'
import { failure } from '../../support/table.ts'
import {
  catalogOn,
  declaration,
  directory,
  keysOf,
  newDisk,
  type Process,
  quarantineDirectory,
  rejectsOn,
  rowsIn,
  spoolDirectory,
  startProcess,
  storedKeysOf,
} from './flushing.ts'

describe('rows that the table does not take', () => {
  test('wait, and those of other streams go on', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'), { ...declaration, release: 10 })
    await process.take(batch('b'))
    const result = await process.drain()
    expect(result.held).toEqual([
      {
        stream: expect.any(String) as string,
        rows: 6,
        reason:
          'Rows of ai_gateway_messages that were taken under release 10 wait: release 9 is applied, which knows less.',
      },
    ])
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('b'))
    expect((await process.spool.rotate()).map(({ stream }) => stream)).toEqual([result.held[0]?.stream])
    // The later release is applied now.
    expect(await process.drain({ declaration: { ...declaration, release: 10 } })).toMatchObject({ rows: 6, held: [] })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'b'))
  })

  test('because it is of a format version that is not written, wait', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'))
    const catalog = catalogOn(disk.io)
    const version3: Catalog = {
      ...catalog,
      load: async () => {
        const table = await catalog.load()
        return { ...table, metadata: { ...table.metadata, 'format-version': 3 } }
      },
    }
    expect(await process.flush({ catalog: version3 })).toMatchObject({
      commits: 0,
      held: [{ rows: 6, reason: 'The table is of format version 3; hyp writes version 2.' }],
    })
  })

  test('because a stream has a problem, wait for somebody to act', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'))
    const segments = (await process.spool.rotate()).map(segment => ({ ...segment, problem: { message: 'Too new.' } }))
    expect(await process.flush({ segments })).toMatchObject({ commits: 0, held: [{ rows: 6, reason: 'Too new.' }] })
  })
})

test('rows of an earlier declaration are padded, renamed and promoted', async () => {
  const before = declare([{ name: 'old', type: 'string' }])
  const now: typeof before = {
    ...declare(
      [
        { name: 'new', type: 'string', renamedFrom: 'old' },
        { name: 'note', type: 'string' },
      ],
      { count: { type: 'long' } },
    ),
  }
  const disk = await newDisk(before)
  const process = await startProcess(disk.io, 1, { applied: before })
  await process.take(batch('a', 1).map(row => ({ ...row, old: 'value' })))
  await apply(catalogOn(disk.io), directory, now, seededContext(3))
  expect(await process.drain({ declaration: now })).toMatchObject({ rows: 1 })
  expect(await rowsIn(disk.io)).toEqual([{ ...batch('a', 1)[0], count: 0n, new: 'value', note: null }])
})

describe('damaged bytes', () => {
  async function damagedProcess(): Promise<{ disk: PowerDisk; process: Process }> {
    const disk = await newDisk()
    const first = await startProcess(disk.io, 1)
    for (const name of ['a', 'b', 'c']) await first.take(batch(name))
    await first.spool.close()
    const [[path, bytes] = ['', new Uint8Array()]] = disk.contents(spoolDirectory)
    const changed = Buffer.from(bytes)
    // A letter in the second batch.
    changed[changed.indexOf('"b-0"') + 1] = 0x21
    await disk.io.remove(path)
    const file = await disk.io.create(path)
    await file.write(changed)
    await file.finish()
    return { disk, process: await startProcess(disk.io, 2) }
  }

  test('are kept aside, and what is around them is written', async () => {
    const { disk, process } = await damagedProcess()
    const result = await process.drain()
    expect(result).toMatchObject({ commits: 1, rows: 12, damaged: { ranges: 1, bytes: expect.any(Number) as number } })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'c'))
    const [kept] = [...disk.contents(quarantineDirectory).values()]
    expect(kept?.byteLength).toBe(result.damaged.bytes)
    expect(Buffer.from(kept ?? []).toString()).toContain('!-0')
    expect(await process.spool.rotate()).toEqual([])
    expect(await process.drain()).toMatchObject({ commits: 0, damaged: { ranges: 0, bytes: 0 } })
  })

  test('are not passed before they are kept', async () => {
    const { disk, process } = await damagedProcess()
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (operation.path.startsWith(quarantineDirectory)) throw systemError('ENOSPC', operation)
      },
    })
    await expect(process.flush({ io })).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(await storedKeysOf(disk.io)).toEqual([])
    expect(await process.flush()).toMatchObject({ rows: 12, damaged: { ranges: 1 } })
  })
})

test('what a process left that died with a torn header is passed, also where the row key has other names by now', async () => {
  const disk = await newDisk()
  const { columns, identifier, ...others } = declaration
  const renamed = {
    ...others,
    release: 10,
    columns: columns.map(column =>
      column.name === 'part_id' ? { ...column, name: 'part', renamedFrom: 'part_id' } : column,
    ),
    identifier: identifier.map(name => (name === 'part_id' ? 'part' : name)),
  }
  await apply(catalogOn(disk.io), directory, renamed, seededContext(3))
  await disk.io.makeDirectory(spoolDirectory)
  const file = await disk.io.create(`${spoolDirectory}/${newStreamId(1, count => new Uint8Array(count))}.000001.seg`)
  await file.write(Buffer.from('HYPH and no more'))
  await file.finish()
  const { io } = disk
  const looking = { io, catalog: catalogOn(io), spool: spoolDirectory, declaration, file: '/home/query.parquet' }
  expect(await spooledRows(looking)).toMatchObject({ rows: 0, notShown: [] })
  const process = await startProcess(disk.io, 1)
  expect(await process.drain()).toMatchObject({ commits: 1, rows: 0, held: [] })
  expect(await process.spool.rotate()).toEqual([])
})

describe('a segment', () => {
  async function twoStreams(): Promise<{ disk: PowerDisk; process: Process; path: string }> {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'), { ...declaration, release: 8 })
    await process.take(batch('b'))
    const [first] = await process.spool.rotate()
    return { disk, process, path: first?.path ?? '' }
  }

  test('that the disk does not give holds up its stream alone', async () => {
    const { disk, process, path } = await twoStreams()
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (operation.kind === 'open' && operation.path === path) throw systemError('EIO', operation)
      },
    })
    expect(await process.flush({ io })).toMatchObject({
      rows: 6,
      held: [{ rows: 0, reason: 'A segment of it cannot be read: DISK_FAILED.' }],
    })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('b'))
    expect(await process.flush()).toMatchObject({ rows: 6, held: [] })
  })

  test('that is gone although it was never flushed is told of', async () => {
    const { disk, process, path } = await twoStreams()
    const segments = await process.spool.rotate()
    await disk.io.remove(path)
    expect(await process.flush({ segments })).toMatchObject({ rows: 6, held: [{ reason: 'A segment of it is gone.' }] })
  })

  test('that another process flushed and released meanwhile is passed', async () => {
    const { disk, process } = await twoStreams()
    const segments = await process.spool.rotate()
    const catalog = catalogOn(disk.io)
    let loads = 0
    const late: Catalog = {
      ...catalog,
      load: async () => {
        const table = await catalog.load()
        if (loads++ === 0) await process.drain()
        return table
      },
    }
    expect(await process.flush({ segments, catalog: late })).toMatchObject({ commits: 0, rows: 0, held: [] })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'b'))
  })
})

describe('a row that cannot be written', () => {
  test('is set aside with the reason, once, and the others go on', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    const [one, two, three] = batch('a', 3).map(row => JSON.stringify(row)) as [string, string, string]
    const wrong = '{"session_id":"s","part_id":"p","count":"a secret","text":"t"}'
    await process.takeText([one, wrong, '{"torn', two])
    await process.takeText([three])
    const failing = process.flush({
      catalog: {
        ...catalogOn(disk.io),
        commit: () => Promise.reject(new IcebergError('FORMAT_UNSUPPORTED', 'not now')),
      },
    })
    await expect(failing).rejects.toEqual(failure('FORMAT_UNSUPPORTED', 'not now'))
    expect(await process.drain()).toMatchObject({ commits: 1, rows: 3, setAside: 2, held: [] })
    expect(await storedKeysOf(disk.io)).toEqual(
      batch('a', 3)
        .map(row => key.of(row))
        .sort(),
    )
    expect(rejectsOn(disk)).toEqual([
      expect.objectContaining({ index: 1, column: 'count', reason: 'has a value of another type', content: wrong }),
      expect.objectContaining({ index: 2, column: '', reason: 'is not JSON', content: '{"torn' }),
    ])
    expect(await process.spool.rotate()).toEqual([])
  })

  test('is not passed before it is kept', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.takeText(['{}'])
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (operation.path.includes('rejects')) throw systemError('EIO', operation)
      },
    })
    await expect(process.flush({ io })).rejects.toMatchObject({ code: 'EIO' })
    expect((await process.flush()).setAside).toBe(1)
  })

  test('is not looked for where an error is not of the rows', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'))
    const io = watchedFileIO(disk.io, {
      before: ({ kind, path }) => {
        if (kind === 'create' && path.endsWith('.parquet')) throw new TypeError('a mistake')
      },
    })
    await expect(process.flush({ catalog: catalogOn(io) })).rejects.toThrow('a mistake')
    expect(rejectsOn(disk)).toEqual([])
    expect(await process.flush()).toMatchObject({ rows: 6, setAside: 0 })
  })
})
