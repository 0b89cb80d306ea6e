import { describe, expect, test } from 'vitest'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { openParquet } from '../../src/iceberg/parquet/read.ts'
import type { Cell, Row } from '../../src/iceberg/types.ts'
import { type SpooledRows, type SpooledRowsOptions, spooledRows } from '../../src/ingest/spooled-rows.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { append, apply, batch, declare, key, seededContext } from '../support/crash-table.ts'
import { systemError, watchedFileIO } from '../support/fault-file-io.ts'
import type { PowerDisk } from '../support/power-file-io.ts'
import { readRows } from '../support/table.ts'
import {
  catalogOn,
  declaration,
  directory,
  keyless,
  keysOf,
  newDisk,
  type Process,
  spoolDirectory,
  startProcess,
} from './flush/flushing.ts'

const file = '/home/query.parquet'

async function look(io: FileIO, more: Partial<SpooledRowsOptions> = {}): Promise<SpooledRows> {
  return spooledRows({ io, catalog: catalogOn(io, 50), spool: spoolDirectory, declaration, file, ...more })
}

/** The rows of the file. */
async function rowsOf(io: FileIO, { table, spooled }: SpooledRows): Promise<Row[]> {
  if (spooled === undefined) return []
  const { fields } = currentSchema(table.metadata)
  const parquet = await openParquet(await io.open(spooled), spooled)
  const rows: Row[] = []
  for await (const { columns, rowCount } of parquet.readColumns(fields))
    for (let index = 0; index < rowCount; index++)
      rows.push(Object.fromEntries(fields.map(({ id, name }): [string, Cell] => [name, columns.get(id)?.[index]])))
  return rows
}

/** The keys of all rows that a query would see, in order. */
async function seen(io: FileIO, found: SpooledRows): Promise<string[]> {
  return [...(await readRows(found.table)), ...(await rowsOf(io, found))].map(row => key.of(row)).sort()
}

test('rows that are acknowledged and not flushed are in the file, and those of the table are not', async () => {
  const disk = await newDisk()
  const process = await startProcess(disk.io, 1)
  await process.take(batch('a'))
  await process.flush()
  await process.take(batch('b'))
  const found = await look(disk.io)
  expect(found).toMatchObject({ spooled: file, rows: 6, notShown: [] })
  expect(await rowsOf(disk.io, found)).toEqual(batch('b'))
  expect(await seen(disk.io, found)).toEqual(keysOf('a', 'b'))
})

test('where no row waits there is no file', async () => {
  const disk = await newDisk()
  expect(await look(disk.io)).toMatchObject({ spooled: undefined, rows: 0, notShown: [] })
  const process = await startProcess(disk.io, 1)
  await process.take(batch('a'))
  await process.flush()
  expect(await look(disk.io)).toMatchObject({ spooled: undefined, rows: 0, notShown: [] })
  expect(await disk.io.size(file)).toBeUndefined()
})

test('a row key that the table has, or that came before, is left out', async () => {
  const disk = await newDisk()
  const process = await startProcess(disk.io, 1)
  await append(catalogOn(disk.io), batch('a'), seededContext(7))
  const [one] = batch('b', 1) as [Row]
  await process.take([...batch('a'), one])
  await process.take([{ ...one, text: 'second' }])
  const found = await look(disk.io)
  expect(await rowsOf(disk.io, found)).toEqual([one])
  expect(await seen(disk.io, found)).toEqual([...keysOf('a'), key.of(one)].sort())
})

test('of a table without a row key every row is there', async () => {
  const disk = await newDisk(keyless)
  const process = await startProcess(disk.io, 1, { applied: keyless })
  await process.take([...batch('a'), ...batch('a')])
  await process.flush()
  await process.take([...batch('a'), ...batch('a')])
  const found = await look(disk.io, { declaration: keyless })
  expect(found.rows).toBe(12)
  expect(await seen(disk.io, found)).toEqual(keysOf('a', 'a', 'a', 'a'))
})

test('rows are shaped for the table as it is', async () => {
  const disk = await newDisk()
  const process = await startProcess(disk.io, 1)
  await process.take(batch('a', 1))
  const now = declare([{ name: 'note', type: 'string' }], { count: { type: 'long' } })
  await apply(catalogOn(disk.io), directory, now, seededContext(3))
  const found = await look(disk.io, { declaration: now })
  expect(await rowsOf(disk.io, found)).toEqual([{ ...batch('a', 1)[0], count: 0n, note: null }])
})

test('many rows in many batches are all there', async () => {
  const disk = await newDisk()
  const process = await startProcess(disk.io, 1)
  for (let n = 0; n < 3; n++) await process.take(batch(`many-${n}`, 20_001))
  await process.take(batch('many-1', 30))
  const found = await look(disk.io)
  expect(found.rows).toBe(60_003)
  expect(new Set((await rowsOf(disk.io, found)).map(row => key.of(row))).size).toBe(60_003)
})

describe('what cannot be shown is told of', () => {
  test('where the table does not take it', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'), { ...declaration, release: 10 })
    await process.take(batch('b'))
    const found = await look(disk.io)
    expect(await rowsOf(disk.io, found)).toEqual(batch('b'))
    expect(found.notShown).toEqual([
      { stream: expect.any(String) as string, rows: 6, reason: expect.stringContaining('release 10') as string },
    ])
  })

  test('where rows cannot be written', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.takeText(['{}', ...batch('a').map(row => JSON.stringify(row)), '{"session_id":7}'])
    const found = await look(disk.io)
    expect(found).toMatchObject({
      rows: 6,
      notShown: [{ rows: 2, reason: expect.stringContaining('cannot be written') }],
    })
  })

  test('where no header of a stream is intact', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'))
    await process.spool.close()
    const [[path, bytes] = ['', new Uint8Array()]] = disk.contents(spoolDirectory)
    const changed = Buffer.from(bytes)
    for (let at = changed.indexOf('HYPH'); at >= 0; at = changed.indexOf('HYPH')) changed[at + 30] = changed[at] = 0x21
    await disk.io.remove(path)
    const written = await disk.io.create(path)
    await written.write(changed)
    await written.finish()
    expect(await look(disk.io)).toMatchObject({ rows: 0, notShown: [{ rows: 6 }] })
  })

  test('where the disk does not give a stream, and the others are shown', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'), { ...declaration, release: 8 })
    await process.take(batch('b'))
    const [first] = await process.spool.rotate()
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (operation.kind === 'open' && operation.path === first?.path) throw systemError('EIO', operation)
      },
    })
    const found = await look(io)
    expect(await rowsOf(disk.io, found)).toEqual(batch('b'))
    expect(found.notShown).toMatchObject([{ stream: first?.stream }])
  })
})

test('a look that fails leaves no file', async () => {
  const disk = await newDisk()
  const process = await startProcess(disk.io, 1)
  await process.take(batch('a'))
  const io = watchedFileIO(disk.io, {
    before: operation => {
      if (operation.kind === 'finish' && operation.path === file) throw systemError('ENOSPC', operation)
    },
  })
  await expect(look(io)).rejects.toMatchObject({ code: 'ENOSPC' })
  expect(await disk.io.size(file)).toBeUndefined()
  const abort = new AbortController()
  abort.abort()
  await expect(look(disk.io, { signal: abort.signal })).rejects.toThrow('aborted')
})

describe('while another process flushes', () => {
  const actions: readonly (readonly [string, (process: Process) => Promise<unknown>])[] = [
    ['flushes', process => process.flush()],
    ['flushes and releases', process => process.drain()],
    [
      'flushes a part',
      process => process.flush({ limits: { rows: 6, bytes: 1e9 }, onEvent: stopAfterOne }).catch(() => undefined),
    ],
    [
      'takes more rows, flushes and releases, twice',
      async process => {
        await process.take(batch('late'))
        await process.drain()
        await process.take(batch('later'))
        await process.drain()
      },
    ],
    [
      'takes more rows',
      async process => {
        await process.take(batch('late'))
      },
    ],
  ]

  function stopAfterOne(): never {
    throw new Error('killed')
  }

  async function prepared(applied: Declaration): Promise<{ disk: PowerDisk; process: Process }> {
    const disk = await newDisk(applied)
    const first = await startProcess(disk.io, 1, { applied, segmentBytes: 600 })
    await first.take(batch('a'))
    await first.flush()
    for (const name of ['b', 'c']) await first.take(batch(name))
    await first.spool.close()
    const process = await startProcess(disk.io, 2, { applied })
    await process.take(batch('d'))
    return { disk, process }
  }

  describe.each([
    ['with a row key', declaration],
    ['without a row key', keyless],
  ])('into a table %s', (_kind, applied) => {
    test.each(actions)('every row is seen once, whenever it %s', async (_what, act) => {
      const before = keysOf('a', 'b', 'c', 'd')
      for (let moment = 1; ; moment++) {
        const { disk, process } = await prepared(applied)
        let acted = false
        const io = watchedFileIO(disk.io, {
          before: async ({ n }) => {
            if (n !== moment) return
            acted = true
            await act(process)
          },
        })
        const found = await look(io, { declaration: applied })
        const keys = await seen(disk.io, found)
        expect({ moment, keys: keys.filter(text => before.includes(text)) }).toEqual({ moment, keys: before })
        // What is acknowledged meanwhile is seen or not, but not twice.
        expect(new Set(keys).size).toBe(keys.length)
        expect(found.notShown).toEqual([])
        await process.spool.close()
        if (acted) continue
        expect(moment).toBeGreaterThan(10)
        break
      }
    })
  })
})
