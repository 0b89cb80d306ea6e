import { expect, test } from 'vitest'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import { flush } from '../../src/ingest/flush/flush.ts'
import type { Flusher } from '../../src/ingest/flush/flush-thread.ts'
import { openTableIntake, type TableIntake } from '../../src/ingest/table-intake.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import type { Home } from '../../src/stores/home.ts'
import { batch, declare, seeded, seededContext } from '../support/crash-table.ts'
import { watchedFileIO } from '../support/fault-file-io.ts'
import type { PowerDisk } from '../support/power-file-io.ts'
import { catalogOn, keysOf, newDisk, storedKeysOf, textOf } from './flush/flushing.ts'

const declaration: Declaration = { ...declare(), location: '/home/table' }
const rejects = `/home/spool/${declaration.table}/rejects`
const quarantine = `/home/quarantine/${declaration.table}`
const home = { spool: '/home/spool', quarantine: '/home/quarantine' } as Home

/** The intake of the one table there is, as a process opens it. */
function open(io: FileIO, seed: number): Promise<TableIntake> {
  const context = seededContext(seed)
  const random = seeded(seed)
  const flusher: Flusher = {
    flush: ({ segments, quarantine: place, spool }) =>
      flush({
        segments,
        declaration,
        quarantine: place,
        catalog: catalogOn(io, seed),
        io,
        rejects: `${spool}/rejects`,
        context,
      }),
    close: async () => undefined,
  }
  const machine = {
    io,
    segmentBytes: 1 << 20,
    now: context.now,
    randomBytes: (count: number) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
  }
  return openTableIntake({ home, declaration, flusher, machine })
}

test('what a process that died began to write to the rejects and the quarantine is removed, and nothing else', async () => {
  const { io } = await newDisk()
  for (const directory of [rejects, quarantine]) {
    await io.makeDirectory(directory)
    for (const name of ['half.ndjson.part', 'whole.ndjson']) await (await io.create(`${directory}/${name}`)).finish()
  }
  await (await open(io, 2)).close()
  expect(await io.list(rejects)).toEqual(['whole.ndjson'])
  expect(await io.list(quarantine)).toEqual(['whole.ndjson'])
})

test('rows are let go of only when the commit that another process died in is durable', async () => {
  const disk = await newDisk()
  const first = await open(disk.io, 3)
  const body = Buffer.from(batch('one').map(textOf).join('\n'))
  await first.accept({ body, format: 'ndjson', partial: false }, { declaration, held: false })
  await dieWithCommitNamed(disk)

  // Names that were not synced are gone after this cut; the commit has to be among those that were.
  const next = await open(disk.io, 5)
  expect(next.state().rows).toBe(0)
  const after = disk.cutPower(() => 0)
  expect(await storedKeysOf(after.io)).toEqual(keysOf('one'))
  expect((await open(after.io, 6)).state().rows).toBe(0)
})

/** A process flushes, and is gone as soon as its commit has a name, which no sync has made durable. */
async function dieWithCommitNamed(disk: PowerDisk): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const io = watchedFileIO(disk.io, {
      after: ({ kind }) => {
        if (kind !== 'link') return undefined
        resolve()
        return new Promise(() => undefined)
      },
    })
    open(io, 4)
      .then(intake => intake.flush(declaration))
      .then(() => reject(new Error('it did not die')), reject)
  })
}
