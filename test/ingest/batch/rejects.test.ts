import { appendFile, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FileIO } from '../../../src/iceberg/file-io/file-io.ts'
import { localFileIO } from '../../../src/iceberg/file-io/local.ts'
import type { Reject } from '../../../src/ingest/batch/reject.ts'
import { countRejects, openRejects, type Rejects } from '../../../src/ingest/batch/rejects.ts'
import { seeded } from '../../support/crash-table.ts'
import { type Operation, systemError, watchedFileIO } from '../../support/fault-file-io.ts'
import { PowerDisk } from '../../support/power-file-io.ts'
import { temporaryFolder } from '../../support/table.ts'
import { refusal } from './checking.ts'

const nothing = { rows: 0, values: 0, oldest: null, newest: null, bytes: 0 }

function reject(index: number, more: Partial<Reject> = {}): Reject {
  return { index, column: 'note', reason: 'not a column of orders', discarded: 'value', content: `"${index}"`, ...more }
}

/** Files are named 1.ndjson and so on; the first is rejected at the start of 2024, each later one a second after. */
function open(io: FileIO, directory: string): Rejects {
  let name = 0
  let seconds = 0
  return openRejects({
    io,
    directory,
    now: () => Date.UTC(2024, 0, 1) + 1000 * seconds++,
    newName: () => String(++name),
  })
}

async function linesOf(directory: string): Promise<unknown[]> {
  const names = (await readdir(directory)).sort()
  const texts = await Promise.all(names.map(name => readFile(join(directory, name), 'utf8')))
  return texts.flatMap(text => text.trimEnd().split('\n')).map(line => JSON.parse(line) as unknown)
}

test('what is rejected outlives a power cut, also where a process died that had begun to make the directory', async () => {
  const moments: PowerDisk[] = []
  const disk = new PowerDisk()
  await disk.io.makeDirectory('/home')
  disk.onChange = () => moments.push(disk.copy())
  await open(disk.io, '/home/spool/orders/rejects').add([reject(1)])
  expect(moments.length).toBeGreaterThan(8)
  const lost: number[] = []
  for (const [index, moment] of moments.entries()) {
    const next = openRejects({
      io: moment.io,
      directory: '/home/spool/orders/rejects',
      now: () => 0,
      newName: () => 'b',
    })
    await next.add([reject(2)])
    for (let seed = 0; seed < 8; seed++) {
      const { io } = moment.cutPower(seeded(seed))
      if ((await countRejects(io, '/home/spool/orders/rejects')).values === 0) lost.push(index)
    }
  }
  expect(lost).toEqual([])
})

describe('rejects', () => {
  test('are kept with when, where, why and what, and counted', async () => {
    const directory = join(await temporaryFolder(), 'spool/orders/rejects')
    const rejects = open(localFileIO, directory)
    const row = reject(7, { column: 'a\n"b', discarded: 'row', content: '{"n": "\\ud800",\n"é":9223372036854775807}' })
    await rejects.add([reject(0), row])
    await rejects.add([reject(1)])
    await rejects.close()
    const at = '2024-01-01T00:00:00.000Z'
    expect(await linesOf(directory)).toEqual([
      { at, ...reject(0) },
      { at, ...row },
      { at: '2024-01-01T00:00:01.000Z', ...reject(1) },
    ])
    expect(await countRejects(localFileIO, directory)).toEqual({
      rows: 1,
      values: 2,
      oldest: at,
      newest: '2024-01-01T00:00:01.000Z',
      bytes: (await stat(join(directory, '1.ndjson'))).size,
    })
  })

  test('of which there are none make no file', async () => {
    const directory = join(await temporaryFolder(), 'rejects')
    const rejects = open(localFileIO, directory)
    await rejects.close()
    await expect(readdir(directory)).rejects.toThrow(/ENOENT/)
    expect(await countRejects(localFileIO, directory)).toEqual(nothing)
    await expect(rejects.add([reject(0)])).rejects.toThrow('closed')
  })

  test('go to a new file in each run, and after 64 MiB', async () => {
    const directory = join(await temporaryFolder(), 'rejects')
    const first = open(localFileIO, directory)
    const large = `"${'x'.repeat(33 * 1024 * 1024)}"`
    for (const index of [0, 1, 2]) await first.add([reject(index, { content: large })])
    await first.close()
    expect((await readdir(directory)).sort()).toEqual(['1.ndjson', '2.ndjson'])
    let name = 2
    const second = openRejects({ io: localFileIO, directory, now: () => 0, newName: () => String(++name) })
    await second.add([reject(3)])
    await second.close()
    expect((await readdir(directory)).sort()).toEqual(['1.ndjson', '2.ndjson', '3.ndjson'])
    expect(await countRejects(localFileIO, directory)).toMatchObject({ values: 4, oldest: '1970-01-01T00:00:00.000Z' })
  })

  test('that come while others are made durable wait, and are made durable together', async () => {
    const directory = join(await temporaryFolder(), 'rejects')
    const done: string[] = []
    const io = watchedFileIO(localFileIO, { after: ({ kind }) => void done.push(kind) })
    const rejects = open(io, directory)
    await Promise.all(Array.from({ length: 50 }, (_, index) => rejects.add([reject(index)])))
    await rejects.close()
    expect(done.filter(kind => kind === 'sync')).toHaveLength(2)
    expect((await linesOf(directory)).map(line => (line as Reject).index)).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    )
  })
})

describe('counting', () => {
  test('leaves out a line that was cut off or damaged, and what is no file of rejects', async () => {
    const directory = join(await temporaryFolder(), 'rejects')
    const rejects = open(localFileIO, directory)
    await rejects.add([reject(0), reject(1, { discarded: 'row' })])
    await rejects.close()
    const file = join(directory, '1.ndjson')
    const line = (await readFile(file, 'utf8')).split('\n')[0] as string
    await appendFile(file, line.slice(0, -10))
    expect(await countRejects(localFileIO, directory)).toMatchObject({ rows: 1, values: 1 })
    // Nothing was ever relied on behind that; still a line is a line.
    await appendFile(file, `\0\xff\n\n${line}\n${line}`)
    await writeFile(join(directory, 'notes.txt'), `${line}\n`)
    expect(await countRejects(localFileIO, directory)).toMatchObject({ rows: 1, values: 2 })
  })

  test('takes lines of any length, wherever the file is read in two', async () => {
    const directory = join(await temporaryFolder(), 'rejects')
    const rejects = open(localFileIO, directory)
    const lengths = [3_000_000, 1_048_576 - 200, 90, 70, 1_048_576 - 85, 5_000_000]
    await rejects.add(lengths.map((length, index) => reject(index, { content: `"${'é'.repeat(length / 2)}"` })))
    // Lines whose beginnings and ends lie before and behind such a place.
    await rejects.add(Array.from({ length: 20_000 }, (_, index) => reject(index, { discarded: 'row' })))
    await rejects.close()
    expect(await countRejects(localFileIO, directory)).toMatchObject({ values: 6, rows: 20_000 })
  })

  test('does not stumble over a file that is removed meanwhile', async () => {
    const directory = join(await temporaryFolder(), 'rejects')
    const rejects = open(localFileIO, directory)
    await rejects.add([reject(0)])
    await rejects.close()
    const io: FileIO = { ...localFileIO, list: async path => [...(await localFileIO.list(path)), '0.ndjson'] }
    expect(await countRejects(io, directory)).toMatchObject({ values: 1 })
  })
})

/** Adds three times, one after the other; gives what was durable and what was not. */
async function addThrice(io: FileIO): Promise<{ kept: number[]; errors: unknown[] }> {
  const rejects = open(io, '/home/spool/orders/rejects')
  const kept: number[] = []
  const errors: unknown[] = []
  for (const index of [0, 1, 2]) {
    const error = await refusal(rejects.add([reject(index)]))
    if (error === undefined) kept.push(index)
    else errors.push(error)
  }
  await refusal(rejects.close())
  return { kept, errors }
}

async function keptOn(disk: PowerDisk): Promise<number[]> {
  const files = [...disk.contents('/').entries()].sort(([a], [b]) => (a < b ? -1 : 1))
  return files.flatMap(([, bytes]) =>
    Buffer.from(bytes)
      .toString('latin1')
      .split('\n')
      .slice(0, -1)
      .flatMap(line => {
        const { index } = (line.startsWith('{"at"') && line.endsWith('"}') ? JSON.parse(line) : {}) as Partial<Reject>
        return index === undefined ? [] : [index]
      }),
  )
}

describe('on a disk that fails', () => {
  test('at any one operation: whoever was told so knows it, the others are kept, and the next go to another file', async () => {
    const operations: Operation[] = []
    await addThrice(watchedFileIO(new PowerDisk().io, { before: operation => void operations.push(operation) }))
    const changing = operations.filter(({ kind }) => kind !== 'list' && kind !== 'finish')
    expect(changing.map(({ kind }) => kind)).toEqual([
      'makeDirectory',
      'syncDirectory',
      'syncDirectory',
      'syncDirectory',
      'create',
      'write',
      'sync',
      'syncDirectory',
      'write',
      'sync',
      'write',
      'sync',
    ])
    for (const { n, kind } of changing) {
      for (const half of kind === 'write' ? [false, true] : [false]) {
        const disk = new PowerDisk()
        const fail = (operation: Operation): void => {
          if (operation.n === n) throw systemError('ENOSPC', operation)
        }
        const io = watchedFileIO(disk.io, half ? { halfWay: fail } : { before: fail })
        const { kept, errors } = await addThrice(io)
        expect({ kept: kept.length, errors }).toMatchObject({ kept: 2, errors: [{ code: 'DISK_FULL' }] })
        for (const index of kept) expect(await keptOn(disk)).toContain(index)
        expect((await countRejects(disk.io, '/home/spool/orders/rejects')).values).toBeGreaterThanOrEqual(2)
      }
    }
  })

  test('at once for all that wait: each of them is told', async () => {
    const io = watchedFileIO(new PowerDisk().io, {
      before: operation => {
        if (operation.kind === 'sync') throw systemError('EIO', operation)
      },
    })
    const rejects = open(io, '/rejects')
    const errors = await Promise.all([0, 1, 2].map(index => refusal(rejects.add([reject(index)]))))
    expect(errors).toMatchObject([0, 1, 2].map(() => ({ code: 'DISK_FAILED' })))
  })

  test('by losing power at any moment: what was durable is there, and is counted', async () => {
    const disk = new PowerDisk()
    const rejects = open(disk.io, '/home/spool/orders/rejects')
    const moments: { disk: PowerDisk; durable: number }[] = []
    let durable = 0
    disk.onChange = () => void moments.push({ disk: disk.copy(), durable })
    for (const index of [0, 1, 2, 3]) {
      await rejects.add([reject(index)])
      durable = index + 1
    }
    moments.push({ disk: disk.copy(), durable })
    expect(moments.length).toBeGreaterThan(10)
    let seed = 1
    const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647
    for (const { disk: before, durable: least } of moments) {
      for (let time = 0; time < 20; time++) {
        const after = before.cutPower(random)
        const kept = await keptOn(after)
        expect(kept.slice(0, least)).toEqual(Array.from({ length: least }, (_, index) => index))
        expect((await countRejects(after.io, '/home/spool/orders/rejects')).values).toBe(kept.length)
      }
    }
  })
})
