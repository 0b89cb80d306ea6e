import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { localFileIO as io } from '../../../src/iceberg/file-io/local.ts'
import { quarantine } from '../../../src/ingest/spool/quarantine.ts'
import { openStreams, readFrames } from '../../../src/ingest/spool/read.ts'
import { openSpool } from '../../../src/ingest/spool/spool.ts'
import { batchOf, declaration, keyedBatch, positionsAfter, readClosed } from './spooling.ts'

test('a spool on the disk of this machine is read by others meanwhile, and goes on after a torn end', async () => {
  const home = await mkdtemp(join(tmpdir(), 'hyp-spool-'))
  try {
    const directory = join(home, 'spool', 'lines')
    const options = { io, directory, table: 'lines', now: Date.now, randomBytes }
    const first = await openSpool(options)
    await Promise.all(['a', 'b'].map(name => first.append(keyedBatch(name, 400), declaration)))
    await first.append(batchOf('c', 30_000), declaration)
    const [file = ''] = await readdir(directory)
    const { mode, size } = await stat(join(directory, file))
    expect(mode & 0o777).toBe(0o600)

    // What a reader has opened it reads, also when it is removed.
    const reading = await openStreams(io, directory)
    await first.append(batchOf('d'), declaration)
    await first.close()
    await truncate(join(directory, file), size + 40)

    const second = await openSpool(options)
    expect(second.state().rows).toBe(30_800)
    await second.append(batchOf('e'), declaration)
    const segments = await second.rotate()
    expect(await readClosed(io, segments)).toEqual(['a', 'b', 'c', 'torn', 'e'])
    const torn = { kind: 'torn', start: size, end: size + 40 } as const
    const [segment] = segments
    const open = await io.open(segment?.path as string)
    expect(await quarantine(io, join(home, 'quarantine', 'lines'), segment as never, open, torn)).toBe(true)
    await open.close()
    await second.release(positionsAfter(segments))
    expect(await readdir(directory)).toEqual([file.replace('.seg', '.keys')])
    expect(await second.recall('key of b')).toMatchObject({ digest: 'digest of b' })
    await second.close()

    const [opened] = reading.streams[0]?.segments ?? []
    let rows = 0
    for await (const found of readFrames(opened?.file as never, opened as never))
      rows += found.kind === 'frame' ? found.rowCount : 0
    expect(rows).toBe(30_800)
    await reading.close()
  } finally {
    await rm(home, { recursive: true })
  }
})
