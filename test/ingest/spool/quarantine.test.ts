import { describe, expect, test } from 'vitest'
import type { FileIO } from '../../../src/iceberg/file-io/file-io.ts'
import { countQuarantine, listQuarantine, quarantine } from '../../../src/ingest/spool/quarantine.ts'
import type { Damage } from '../../../src/ingest/spool/salvage.ts'
import { seeded } from '../../support/crash-table.ts'
import { changingKinds, systemError, watchedFileIO } from '../../support/fault-file-io.ts'
import { PowerDisk } from '../../support/power-file-io.ts'

const aside = '/home/quarantine/lines'
const source = '/home/a segment'
const segment = { stream: '019b76da-a800-7000-8000-000000000001', segment: 3 }
const bytes = Buffer.alloc(3 * 2 ** 20, 'damaged ')
const damage: Damage = { kind: 'damaged', start: 100, end: 2 * 2 ** 20 + 5 }
const kept = `${aside}/${segment.stream}.000003.100-${damage.end}.bin`

async function newDisk(content: Uint8Array = bytes): Promise<PowerDisk> {
  const disk = new PowerDisk()
  await disk.io.makeDirectory('/home')
  const file = await disk.io.create(source)
  await file.write(content)
  await file.finish()
  await disk.io.syncDirectory('/home')
  return disk
}

async function keep(io: FileIO, what: Damage = damage): Promise<boolean> {
  return quarantine(io, aside, segment, await io.open(source), what)
}

describe('damaged bytes', () => {
  test('are kept aside as they are, and listed', async () => {
    const { io } = await newDisk()
    expect(await countQuarantine(io, aside)).toEqual({ files: 0, bytes: 0, oldest: null })
    expect(await keep(io)).toBe(true)
    await keep(io, { kind: 'torn', start: 0, end: 7 })
    expect(Buffer.compare(await io.read(kept), bytes.subarray(100, damage.end))).toBe(0)
    expect((await listQuarantine(io, aside)).map(({ start, end }) => [start, end])).toEqual([
      [0, 7],
      [100, damage.end],
    ])
    expect(await countQuarantine(io, aside)).toEqual({
      files: 2,
      bytes: damage.end - 100 + 7,
      oldest: '2026-01-01T00:00:00.000Z',
    })
  })

  test('that are kept already are not written again, and their name is made durable', async () => {
    const disk = await newDisk()
    await keep(disk.io)
    const kinds: string[] = []
    const io = watchedFileIO(disk.io, {
      before: ({ kind }) => {
        if (changingKinds.has(kind)) kinds.push(kind)
      },
    })
    expect(await keep(io)).toBe(true)
    expect(kinds).toEqual(['syncDirectory'])
  })

  test('that are nothing but zeros are kept, but not at a torn end', async () => {
    const { io } = await newDisk(new Uint8Array(1000))
    expect(await keep(io, { kind: 'torn', start: 10, end: 1000 })).toBe(false)
    expect(await countQuarantine(io, aside)).toMatchObject({ files: 0 })
    expect(await keep(io, { kind: 'damaged', start: 10, end: 1000 })).toBe(true)
    expect(await countQuarantine(io, aside)).toMatchObject({ files: 1, bytes: 990 })
  })

  test('are kept wholly or not at all, whenever the power goes, and for good once that was said', async () => {
    const disk = await newDisk(bytes.subarray(0, 5000))
    const moments: PowerDisk[] = []
    disk.onChange = () => moments.push(disk.copy())
    const small: Damage = { kind: 'damaged', start: 100, end: 4000 }
    await keep(disk.io, small)
    const done = disk.copy()
    expect(moments.length).toBeGreaterThan(5)
    for (const [index, moment] of [...moments, done].entries()) {
      for (let seed = 0; seed < 20; seed++) {
        const { io } = moment.cutPower(seeded(index * 100 + seed))
        const found = await listQuarantine(io, aside)
        if (moment === done) expect(found).toHaveLength(1)
        for (const { file } of found)
          expect(Buffer.compare(await io.read(`${aside}/${file}`), bytes.subarray(100, 4000))).toBe(0)
        expect(await keep(io, small)).toBe(true)
        expect(await countQuarantine(io, aside)).toMatchObject({ files: 1, bytes: 3900 })
      }
    }
  })

  test('that could not be kept can be kept the next time', async () => {
    const start = await newDisk()
    let n = 0
    for (let first = 1; first < 20; first++) {
      const disk = start.copy()
      n = 0
      const io = watchedFileIO(disk.io, {
        before: operation => {
          n = operation.n
          if (operation.n === first) throw systemError('ENOSPC', operation)
        },
      })
      await keep(io).then(
        () => expect(n).toBeLessThan(first),
        (error: unknown) => expect(error).toMatchObject({ code: 'ENOSPC' }),
      )
      await keep(disk.io)
      expect([...disk.contents('/home').keys()]).toEqual([source, kept])
    }
    expect(n).toBeLessThan(19)
  })
})
